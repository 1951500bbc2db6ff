"""Files written whole or not at all: a reader never sees half of one, even after a kill."""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The names that tempfile.mkstemp makes of the prefix and suffix below, with eight random characters between.
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}(?P<suffix>\.[^.]*)?")


def expand_user(path: Path | str) -> Path:
    """`path` with a leading `~` or `~name` as the home of that user; as it is where there is no such user.

    Path.expanduser raises RuntimeError for a file named `~draft.toml`, and in containers whose user has no
    home.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111


@contextmanager
def atomic_write(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on a clean exit flush it to disk and rename it into place.

    On an error the temporary file is removed and `path` is left as it was. Its folder is not made: a run
    directory that was moved or deleted must not come back. Where users choose the place, call `make_folder`.

    Raises OSError (disk full, read-only folder, no folder) as the operating system reports it.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        # mkstemp makes the file private; a finished file gets the permissions any new file would have.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def make_folder(path: Path | str) -> None:
    """Make the folder that `path` is to be written into, with those above it. Raises OSError."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_write(path) as temporary:
        # Names of files may hold bytes that are not UTF-8, which Python passes on as lone surrogates.
        temporary.write_text(text, encoding="utf-8", errors="replace")


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all. Raises ValueError for NaN, which JSON lacks."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def write_with(path: Path | str, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary path (keeping the suffix of `path`), then put it in place."""
    with atomic_write(path) as temporary:
        write(temporary)


def leftovers(folder: Path | str) -> list[tuple[Path, str]]:
    """The temporary files that killed processes left in `folder`, each with the name it was meant for.

    Remove them only while no process is writing these names.
    """
    folder = Path(folder)
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        match = _TEMPORARY.fullmatch(path.name)
        if match and Path(match["name"]).suffix == (match["suffix"] or "") and path.is_file():
            found.append((path, match["name"]))
    return found


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
