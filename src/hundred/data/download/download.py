"""Fetching a published file into a folder: resumable, checked, and safe when two processes do it at once."""

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from hundred.data.download.named import ARCHIVE_NAME, OFFICIAL_MD5, OFFICIAL_URL, RemoteFile
from hundred.data.download.transfer import BrokenError, Progress, RefusedError, Transfer, shown
from hundred.errors import HundredError, UsageError

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
    """Fetch CIFAR-100's official archive into `folder`, unless it is there already; returns its path.

    urls: tried in order; the default is `addresses()`. See `download_file`.
    """
    file = RemoteFile(ARCHIVE_NAME, tuple(urls) if urls is not None else tuple(addresses()), md5)
    return download_file(folder, file, "CIFAR-100", progress=progress, pause=pause)


def download_file(
    folder: Path,
    file: RemoteFile,
    title: str,
    *,
    most_bytes: int | None = None,
    progress: Progress | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch `file` into `folder`, unless it is there already; returns its path.

    title: of the set, for errors. progress: called with the bytes so far and in all (None where unknown).
    pause: waits some seconds, between attempts. A file whose checksum is not published is pinned by the first
    download: its SHA-256 is kept beside it, and a later download must have the same.

    A download that was cut goes on where it stopped, in this process or a later one. Of several processes one
    downloads and the others wait for it.

    Raises HundredError naming each address and what became of it, or the folder and why it cannot be written.
    """
    target = folder / file.name
    if _is_whole(target, file.md5):
        return target
    part = folder / f"{file.name}.part"
    progress = progress or _no_progress
    with _clear_faults(folder, title):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{file.name}.lock", part, progress):
            if not _is_whole(target, file.md5):
                _fetch_any(file, part, title, _Transfers(most_bytes, progress, pause))
                _pin(target, part, file.md5)
                part.replace(target)
    return target


class _Transfers(NamedTuple):
    """How to transfer: see `download_file`."""

    most_bytes: int | None
    progress: Progress
    pause: Callable[[float], None]


def _no_progress(_done: int, _total: int | None) -> None:
    """Ignore the progress."""


def _is_whole(path: Path, md5: str) -> bool:
    """Whether there is a file at `path` with this MD5 or, where none is published, the pinned SHA-256."""
    if md5:
        return has_md5(path, md5)
    pin = _pinned(path)
    return bool(pin) and path.is_file() and _sha256(path) == pin


def _pin(path: Path, part: Path, md5: str) -> None:
    """Remember the content of the first download. Raises HundredError where a later one is another."""
    if md5:
        return
    found, pin = _sha256(part), _pinned(path)
    if pin and pin != found:
        part.unlink()
        raise HundredError(
            f"{path.name} is not the file that was downloaded first (its SHA-256 differs)\n"
            f"If it has been published anew, remove {path}.sha256 and try again."
        )
    path.with_name(f"{path.name}.sha256").write_text(found, "utf-8")


def _pinned(path: Path) -> str:
    try:
        return path.with_name(f"{path.name}.sha256").read_text("utf-8").strip()
    except OSError:
        return ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_md5(path: Path, md5: str) -> bool:
    """Whether there is a file at `path` with this MD5 (hex)."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError:
        return False
    return found == md5.lower()


def _fetch_any(file: RemoteFile, part: Path, title: str, how: "_Transfers") -> None:
    """Fill `part` from the first address that has the right file."""
    faults = []
    for url in file.urls:
        try:
            return _fetch(url, part, file.md5, how)
        except (RefusedError, BrokenError) as fault:
            faults.append(f"{shown(url)}: {fault}")
    raise HundredError(
        f"{title} could not be downloaded: {'; '.join(faults)}\n"
        "Try again (it goes on where it stopped), give another address in HUNDRED_URL (CIFAR-100) or "
        "HUNDRED_MIRROR, or use --data sample."
    )


def _fetch(url: str, part: Path, md5: str, how: "_Transfers") -> None:
    """Fill `part` from one address, going on after cuts. Raises RefusedError or BrokenError."""
    failures, restarted = 0, False
    while True:
        before = part.stat().st_size if part.exists() else 0
        transfer = Transfer(url, part, how.progress, how.most_bytes)
        try:
            transfer.run()
        except BrokenError:
            # Any bytes gained are a sign of life: only failures in a row count.
            failures = 0 if part.exists() and part.stat().st_size > before else failures
            if failures == len(PAUSES_SECONDS):
                raise
            how.pause(PAUSES_SECONDS[failures])
            failures += 1
            continue
        if not md5 or has_md5(part, md5):
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
def _clear_faults(folder: Path, title: str) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(folder).free
            raise HundredError(
                f"the disk of {folder} is full ({free / 1e6:,.0f} MB free): {title} needs more\n"
                "Make room, or set XDG_CACHE_HOME to a folder on another disk."
            ) from None
        raise HundredError(
            f"{title} cannot be downloaded into {folder}: {error.strerror or error}\n"
            "Set XDG_CACHE_HOME to a folder that you can write to, or give the data's path."
        ) from None
