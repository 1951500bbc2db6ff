"""Fetching the official archive into a folder: resumable, checked, and safe when two processes do it at once.

The archive and its MD5 are published at https://www.cs.toronto.edu/~kriz/cifar.html.
"""

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hundred.data.download.transfer import BrokenError, Progress, RefusedError, Transfer, shown
from hundred.errors import HundredError, UsageError

ARCHIVE_NAME = "cifar-100-python.tar.gz"
OFFICIAL_URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE_NAME}"
OFFICIAL_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"
PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0)  # after each failure in a row; then the next address is tried


def addresses() -> list[str]:
    """Where to download from: HUNDRED_URL (split at spaces and commas) if it is set, else the official one.

    Raises UsageError where one is not http or https.
    """
    listed = [part for part in re.split(r"[\s,]+", os.environ.get("HUNDRED_URL", "")) if part]
    for address in listed:
        if not address.lower().startswith(("http://", "https://")):
            raise UsageError(f"HUNDRED_URL: {shown(address)!r} is not an http or https address")
    return listed or [OFFICIAL_URL]


def download_archive(
    folder: Path,
    *,
    urls: Sequence[str] | None = None,
    md5: str = OFFICIAL_MD5,
    progress: Progress | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch the archive into `folder`, unless it is there already; returns its path.

    urls: tried in order; the default is `addresses()`. md5: what the file must have. progress: called with
    the bytes so far and in all (None where unknown). pause: waits some seconds, between attempts.

    A download that was cut goes on where it stopped, in this process or a later one. Of several processes one
    downloads and the others wait for it.

    Raises HundredError naming each address and what became of it, or the folder and why it cannot be written.
    """
    chosen = list(urls) if urls is not None else addresses()
    target = folder / ARCHIVE_NAME
    if has_md5(target, md5):
        return target
    part = folder / f"{ARCHIVE_NAME}.part"
    progress = progress or _tell_nobody
    with _clear_faults(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{ARCHIVE_NAME}.lock", part, progress):
            if not has_md5(target, md5):
                _fetch_any(chosen, part, md5, progress, pause)
                part.replace(target)
    return target


def _tell_nobody(_done: int, _total: int | None) -> None:
    """The progress of a download that nobody watches."""


def has_md5(path: Path, md5: str) -> bool:
    """Whether there is a file at `path` with this MD5 (hex)."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return False
    return found == md5.lower()


def _fetch_any(
    urls: list[str], part: Path, md5: str, progress: Progress, pause: Callable[[float], None]
) -> None:
    """Fill `part` from the first address that has the right file."""
    faults = []
    for url in urls:
        try:
            return _fetch(url, part, md5, progress, pause)
        except (RefusedError, BrokenError) as fault:
            faults.append(f"{shown(url)}: {fault}")
    raise HundredError(
        f"CIFAR-100 could not be downloaded: {'; '.join(faults)}\n"
        "Try again (it goes on where it stopped), give another address in HUNDRED_URL, or use --data sample."
    )


def _fetch(url: str, part: Path, md5: str, progress: Progress, pause: Callable[[float], None]) -> None:
    """Fill `part` from one address, going on after cuts. Raises RefusedError or BrokenError."""
    failures, restarted = 0, False
    while True:
        before = part.stat().st_size if part.exists() else 0
        transfer = Transfer(url, part, progress)
        try:
            transfer.run()
        except BrokenError:
            # Any bytes gained are a sign of life: only failures in a row count.
            failures = 0 if part.exists() and part.stat().st_size > before else failures
            if failures == len(PAUSES_SECONDS):
                raise
            pause(PAUSES_SECONDS[failures])
            failures += 1
            continue
        if has_md5(part, md5):
            return
        part.unlink()
        # Bytes from an earlier attempt may have been another file's; a whole download of this one was not.
        if restarted or not transfer.resumed:
            raise RefusedError("it holds another file (its MD5 is not the published one)")
        restarted = True


@contextmanager
def _alone(lock_path: Path, part: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock, showing the progress of whoever holds it meanwhile."""
    lock = FileLock(lock_path)
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            if part.exists():
                progress(part.stat().st_size, None)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _clear_faults(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(folder).free
            raise HundredError(
                f"the disk of {folder} is full ({free / 1e6:,.0f} MB free): CIFAR-100 needs about 350 MB\n"
                "Make room, or set XDG_CACHE_HOME to a folder on another disk."
            ) from None
        raise HundredError(
            f"CIFAR-100 cannot be downloaded into {folder}: {error.strerror or error}\n"
            "Set XDG_CACHE_HOME to a folder that you can write to, or give the data's path."
        ) from None
