"""How a run directory gets from the machine that trains it to where the sweep is kept, and back after a
fault.

A worker trains in a folder of its own. After a checkpoint it uploads the files that have changed, the
checkpoint last, so that the copy can always be resumed; result.json completes it.
"""

import errno
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from hundred.errors import HundredError, UsageError
from hundred.files import make_folder, write_with
from hundred.runs.layout import CHECKPOINT, RECIPE, RESULT
from hundred.runs.os_errors import os_errors_as_hundred_errors

if TYPE_CHECKING:
    from hundred.training.events import CheckpointWritten

# Uploading may take at most so large a share of the time, and does not happen more often than this.
SHARE = 0.1
SECONDS_BETWEEN = 1.0

Files = dict[str, bytes]


class Store(Protocol):
    """Where the runs of a sweep are kept, by their names."""

    def read(self, name: str) -> Files:
        """All files of the run `name` by their relative paths; {} where there is none."""
        ...

    def write(self, name: str, files: Mapping[str, bytes], removed: Sequence[str]) -> None:
        """Write `files` in this order, each whole, then delete those that were `removed`."""
        ...


class FolderStore:
    """Runs in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the sweep's directory."""
        self.folder = folder

    def read(self, name: str) -> Files:
        """See `Store`."""
        return {key: path.read_bytes() for key, path in run_files(self.folder / name).items()}

    def write(self, name: str, files: Mapping[str, bytes], removed: Sequence[str]) -> None:
        """See `Store`. Raises HundredError where the disk refuses."""
        run = self.folder / name
        with os_errors_as_hundred_errors(run):
            if not self.folder.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.folder))
            for key, data in files.items():
                make_folder(_inside(run, key))
                _write(_inside(run, key), data)
            for key in removed:
                _inside(run, key).unlink(missing_ok=True)


class UrlStore:
    """Runs under a URL that fsspec knows: file://, s3://, gs:// and more, by what is installed."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for a URL that fsspec does not know, or lacks the package for."""
        import fsspec

        self.url = url
        try:
            self.system, self.root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise UsageError(f"--store {url}: {str(error).splitlines()[0]}") from None

    def read(self, name: str) -> Files:
        """See `Store`. Raises HundredError where the place does not answer."""
        folder = f"{self.root}/{name}"
        with self._errors():
            if not self.system.exists(folder):
                return {}
            found = self.system.find(folder)
            return {path[len(folder) :].lstrip("/"): self.system.cat_file(path) for path in found}

    def write(self, name: str, files: Mapping[str, bytes], removed: Sequence[str]) -> None:
        """See `Store`. Raises HundredError where the place refuses."""
        with self._errors():
            for key, data in files.items():
                path = f"{self.root}/{name}/{key}"
                self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
                # A local file is whole only once it is renamed; an object store's is whole when it appears.
                self.system.pipe_file(f"{path}.part", data)
                self.system.mv(f"{path}.part", path)
            for key in removed:
                if self.system.exists(f"{self.root}/{name}/{key}"):
                    self.system.rm_file(f"{self.root}/{name}/{key}")

    def _errors(self) -> AbstractContextManager[None]:
        return os_errors_as_hundred_errors(self.url, "cannot use")


def run_files(run: Path) -> dict[str, Path]:
    """The files of a run directory by their relative paths, without locks and half-written ones.

    In the order in which they must be written: a checkpoint after what belongs to it, the result last.
    """
    late = {CHECKPOINT: 1, RESULT: 2}
    found = {}
    for path in run.rglob("*") if run.is_dir() else []:
        key = path.relative_to(run).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in PurePosixPath(key).parts):
            found[key] = path
    return dict(sorted(found.items(), key=lambda item: (late.get(item[0], 0), item[0])))


def write_files(run: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a run that was begun elsewhere into the folder `run`."""
    with os_errors_as_hundred_errors(run):
        make_folder(run)
    FolderStore(run.parent).write(run.name, files, ())


class RunUploader:
    """Listener: uploads what has changed in `run` after a checkpoint, unless that takes too much time.

    send: takes the changed files, the paths of removed ones, and whether to wait until they are written;
    returns whether it took them (not while the last ones are still on their way).
    target: where the run will be, in place of `run` in the texts that name it.
    """

    def __init__(self, run: Path, target: str, send: Callable[[Files, list[str], bool], bool]) -> None:
        """What is in `run` already counts as uploaded."""
        self.run, self.target, self.send = run, target, send
        self.uploaded = {key: _stamp(path) for key, path in run_files(run).items()}
        self.not_before = 0.0

    def on_checkpoint_written(self, event: "CheckpointWritten") -> None:
        """Upload, where enough time has passed."""
        if time.monotonic() >= self.not_before:
            self.upload(wait=False)

    def upload(self, *, wait: bool) -> None:
        """Send what has changed since the last time."""
        begin = time.monotonic()
        files = run_files(self.run)
        stamps = {key: _stamp(path) for key, path in files.items()}
        changed = {
            key: self._content(key, path)
            for key, path in files.items()
            if self.uploaded.get(key) != stamps[key]
        }
        removed = [key for key in self.uploaded if key not in files]
        if (changed or removed) and self.send(changed, removed, wait):
            self.uploaded = stamps
        spent = time.monotonic() - begin
        self.not_before = time.monotonic() + max(SECONDS_BETWEEN, spent / SHARE)

    def _content(self, key: str, path: Path) -> bytes:
        data = path.read_bytes()
        return data.replace(str(self.run).encode(), self.target.encode()) if key == RECIPE else data


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change: a file with other ones has changed."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _write(path: Path, data: bytes) -> None:
    def fill(temporary: Path) -> None:
        temporary.write_bytes(data)

    write_with(path, fill)


def _inside(folder: Path, key: str) -> Path:
    """The path of a file in `folder`. Raises HundredError for a name that leads out of it."""
    parts = PurePosixPath(key).parts
    if not parts or key.startswith("/") or ".." in parts:
        raise HundredError(f"{key!r} is no file of a run directory")
    return folder.joinpath(*parts)
