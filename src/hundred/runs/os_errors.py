"""Refusals of the operating system as errors of one line, and lines appended whole."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hundred.errors import HundredError

_WHY = {
    errno.ENOSPC: "the disk is full; free some space, or choose another place with --runs",
    errno.EDQUOT: "the disk quota is used up; free some space, or choose another place with --runs",
    errno.EROFS: "the file system is read-only; choose another place with --runs",
    errno.EACCES: "no permission to write there; choose another place with --runs",
    errno.EPERM: "no permission to write there; choose another place with --runs",
    errno.EFBIG: "File too large for the limits here (`ulimit -f`); choose another place with --runs",
    errno.ENOTDIR: "part of that path is a file, not a folder; choose another place with --runs",
    errno.EEXIST: "what is there is not a folder; choose another place with --runs",
    errno.ELOOP: "it is a link that leads to itself; choose another place with --runs",
    errno.ENAMETOOLONG: "the name is too long for this file system; choose a shorter one with --name",
}
_FOLDER_GONE = "its folder is not there; it was moved or deleted"
_IN_TEXT = re.compile(r"errno = (\d+)")


@contextmanager
def os_errors_as_hundred_errors(path: Path | str, doing: str = "cannot write") -> Iterator[None]:
    """Turn an OSError inside into a HundredError such as ``cannot write history.csv: the disk is full``."""
    try:
        yield
    except OSError as error:
        gone = doing == "cannot write" and error.errno in (errno.ENOENT, errno.ESTALE)
        why = _FOLDER_GONE if gone else _no_inodes(error, Path(path)) or _why(error)
        raise HundredError(f"{doing} {path}: {why}") from error


def _no_inodes(error: OSError, path: Path) -> str:
    """The system reports "disk full" also where there is space and no more files can be made."""
    if error.errno != errno.ENOSPC or not hasattr(os, "statvfs"):
        return ""
    folder = next((each for each in (path, *path.parents) if each.is_dir()), None)
    try:
        status = os.statvfs(folder or ".")
    except OSError:
        return ""
    # A file system without a fixed number of inodes has 0 of 0.
    if status.f_files and not status.f_favail and status.f_bavail:
        return "the disk has no room for more files (df -i); remove some, or choose another place with --runs"
    return ""


def _why(error: OSError) -> str:
    text = error.strerror or str(error) or type(error).__name__
    # The HDF5 library gives the system's error number only within its long message.
    number = error.errno if error.errno in _WHY else next(map(int, _IN_TEXT.findall(text)), 0)
    return _WHY.get(number or 0, text.splitlines()[0])


def append_line(path: Path, line: str, *, sync: bool) -> None:
    """Append `line` and a newline to `path` in one write; with `sync` it is on the disk before this returns.

    Where the disk fills up half-way, the file is cut back to its whole lines.

    Raises HundredError where the operating system refuses.
    """
    with os_errors_as_hundred_errors(path), path.open("ab", buffering=0) as file:
        before = file.tell()
        data = (line + "\n").encode(errors="replace")
        try:
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, "No space left on device")
            if sync:
                _sync(file.fileno())
        except OSError:
            _cut_back(path, before)
            raise


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Pipes, some network file systems and containers have no fsync; the line itself was written.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise


def _cut_back(path: Path, size: int) -> None:
    try:
        os.truncate(path, size)
    except OSError:
        return
