"""How a run directory gets from the machine that trains to where the sweep is kept, and back after a fault.

A worker trains in a folder of its own. After a checkpoint it hands over the files that have changed, the
checkpoint last, so that what lies at the other end can always be resumed; result.json ends it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from hundred.errors import HundredError, UsageError
from hundred.files import write_with
from hundred.runs.layout import CHECKPOINT, RECIPE, RESULT
from hundred.runs.os_errors import os_errors_as_hundred_errors

if TYPE_CHECKING:
    from hundred.training.events import CheckpointWritten

# Handing over may take at most so large a share of the time, and is not done more often than this.
SHARE = 0.1
SECONDS_BETWEEN = 1.0

Files = dict[str, bytes]


class Store(Protocol):
    """Where the runs of a sweep are kept, by their names."""

    def read(self, name: str) -> Files:
        """All files of the run `name` by their relative paths; {} where there is none."""
        ...

    def write(self, name: str, files: Mapping[str, bytes], gone: Sequence[str]) -> None:
        """Write `files` in this order, each whole, then remove those that are `gone`."""
        ...


class FolderStore:
    """Runs in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the sweep's directory."""
        self.folder = folder

    def read(self, name: str) -> Files:
        """As Store."""
        return {key: path.read_bytes() for key, path in files_of(self.folder / name).items()}

    def write(self, name: str, files: Mapping[str, bytes], gone: Sequence[str]) -> None:
        """As Store. Raises HundredError where the disk refuses."""
        path = self.folder / name
        with os_errors_as_hundred_errors(path):
            path.mkdir(parents=True, exist_ok=True)
            for key, data in files.items():
                _put(_inside(path, key), data)
            for key in gone:
                _inside(path, key).unlink(missing_ok=True)


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
        """As Store. Raises HundredError where the place does not answer."""
        folder = f"{self.root}/{name}"
        with self._told():
            if not self.system.exists(folder):
                return {}
            found = self.system.find(folder)
            return {path[len(folder) :].lstrip("/"): self.system.cat_file(path) for path in found}

    def write(self, name: str, files: Mapping[str, bytes], gone: Sequence[str]) -> None:
        """As Store. Raises HundredError where the place refuses."""
        with self._told():
            for key, data in files.items():
                path = f"{self.root}/{name}/{key}"
                self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
                # A local file is not whole until it is renamed; an object store's is, once it is there.
                self.system.pipe_file(f"{path}.part", data)
                self.system.mv(f"{path}.part", path)
            for key in gone:
                if self.system.exists(f"{self.root}/{name}/{key}"):
                    self.system.rm_file(f"{self.root}/{name}/{key}")

    def _told(self) -> Any:
        return os_errors_as_hundred_errors(self.url, "cannot use")


def files_of(run: Path) -> dict[str, Path]:
    """The files of a run directory by their relative paths, without locks and half-written ones.

    In the order in which they must arrive: what a checkpoint goes with before it, the result last.
    """
    late = {CHECKPOINT: 1, RESULT: 2}
    found = {}
    for path in run.rglob("*") if run.is_dir() else []:
        key = path.relative_to(run).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in PurePosixPath(key).parts):
            found[key] = path
    return dict(sorted(found.items(), key=lambda item: (late.get(item[0], 0), item[0])))


def lay_out(run: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a run that was begun elsewhere into the folder `run`."""
    FolderStore(run.parent).write(run.name, files, ())


class RunUploader:
    """Listener: hands over what has changed in `run` after a checkpoint, unless that takes too much time.

    send: takes the changed files, the paths of those that are gone, and whether to wait for their arrival;
    tells whether they were taken (a store that is still busy with the last ones does not).
    home: where the run will lie, in place of `run` in the texts that name it.
    """

    def __init__(self, run: Path, home: str, send: Callable[[Files, list[str], bool], bool]) -> None:
        """Nothing has been sent yet but what lies there."""
        self.run, self.home, self.send = run, home, send
        self.sent = {key: _identity(path) for key, path in files_of(run).items()}
        self.not_before = 0.0

    def on_checkpoint_written(self, event: "CheckpointWritten") -> None:
        """Send, where enough time has passed."""
        if time.monotonic() >= self.not_before:
            self.carry(wait=False)

    def carry(self, *, wait: bool) -> None:
        """Send what has changed since the last time."""
        begin = time.monotonic()
        now = files_of(self.run)
        marks = {key: _identity(path) for key, path in now.items()}
        changed = {key: self._content(key, now[key]) for key in now if self.sent.get(key) != marks[key]}
        gone = [key for key in self.sent if key not in now]
        if (changed or gone) and self.send(changed, gone, wait):
            self.sent = marks
        spent = time.monotonic() - begin
        self.not_before = time.monotonic() + max(SECONDS_BETWEEN, spent / SHARE)

    def _content(self, key: str, path: Path) -> bytes:
        data = path.read_bytes()
        return data.replace(str(self.run).encode(), self.home.encode()) if key == RECIPE else data


def _identity(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


def _put(path: Path, data: bytes) -> None:
    def fill(temporary: Path) -> None:
        temporary.write_bytes(data)

    write_with(path, fill)


def _inside(folder: Path, key: str) -> Path:
    """The path of a file in `folder`. Raises HundredError for a name that leads out of it."""
    parts = PurePosixPath(key).parts
    if not parts or key.startswith("/") or ".." in parts:
        raise HundredError(f"{key!r} is no file of a run directory")
    return folder.joinpath(*parts)
