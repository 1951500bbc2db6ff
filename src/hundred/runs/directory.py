"""Claiming a run directory: the process that makes the folder owns the name, and the one that holds its lock
may write in it."""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import filelock

from hundred.errors import HundredError, UsageError, nearest
from hundred.runs.layout import (
    ENVIRONMENT,
    EVENTS,
    HISTORY,
    LOCK,
    MLFLOW,
    RECIPE,
    REPEATS,
    RESULT,
    SITTINGS,
    is_run,
)
from hundred.runs.os_errors import os_errors_as_hundred_errors

_BEFORE_TRAINING = (RECIPE, ENVIRONMENT, HISTORY, EVENTS, SITTINGS)
_MLFLOW_FILES = (MLFLOW, f".{MLFLOW}.lock")


def create_run_directory(
    root: Path | str, name: str | None = None, *, prefix: str = "run", resume: bool = False
) -> Path:
    """Claim the run directory `root`/`name` and return its path.

    Without a name, one is made of `prefix` (the recipe's name) and the local time, such as
    `school-2026-11-23-1415`, with -2, -3... where that is taken. Making the folder is the claim, so two
    commands at the same moment never share one. A name is free as well where a start has failed before
    anything was trained.

    With `resume` the directory must be there already; without a name it is then the newest unfinished one
    whose name begins with `prefix` and that no process is writing.

    Raises UsageError where a given name is taken (without `resume`), absent (with it) or no file name, and
    HundredError where the folder cannot be made.
    """
    root = Path(root)
    if resume:
        return _existing(root, name) if name is not None else _unfinished_run(root, prefix)
    if name is not None:
        check_name(name)
    with os_errors_as_hundred_errors(root, "cannot make the runs folder"):
        root.mkdir(parents=True, exist_ok=True)
    if name is not None:
        if not _claim(root / name):
            raise _taken(root, name)
        return root / name
    name = automatic_name(prefix)
    path, number = root / name, 1
    while not _claim(path):
        number += 1
        path = root / f"{name}-{number}"
    return path


def repeats_folder(runs: Path, name: str | None, recipe: str, repeat: int, *, resume: bool) -> Path:
    """The folder for `repeat` runs of `recipe` in `runs`: a new one, or, to be resumed, the one called `name`
    or the newest unfinished one. Each run claims its own directory in it."""
    prefix = f"{recipe}-x{repeat}"
    if not resume:
        return create_run_directory(runs, name, prefix=prefix)
    if name is not None:
        check_part(name)
        if (runs / name).is_dir():
            return runs / name
        raise UsageError(f"there are no repeats {name!r} in {runs} to resume")
    folders = (path for path in runs.glob(f"{prefix}-*") if path.is_dir())
    path = newest_unfinished(folders, prefix=prefix, end=REPEATS)
    if path is None:
        raise UsageError(f"there are no unfinished repeats of {recipe!r} in {runs} to resume")
    return path


def automatic_name(prefix: str) -> str:
    """`prefix` and the local date and time to the minute, such as `school-2026-11-23-1415`."""
    clean = re.sub(r"[^\w.+-]+", "-", prefix).strip("-.") or "run"
    return f"{clean[:80]}-{datetime.now():%Y-%m-%d-%H%M}"


def check_name(name: str) -> None:
    """Raise UsageError unless `name` can name a folder on any system and cannot lead out of its parent."""
    if not re.fullmatch(r"[\w+][\w.+ -]{0,119}", name) or name.endswith((" ", ".")):
        raise UsageError(
            f"a run cannot be named {name[:60]!r}: use up to 120 letters, digits, spaces and ._+- , "
            "beginning with a letter or digit"
        )


def check_part(name: str) -> None:
    """Raise UsageError unless `name` is that of an entry of a folder. File managers make names, such as
    `k (copy)`, that `check_name` does not allow for new runs."""
    if name in ("", ".", "..") or Path(name).name != name:
        raise UsageError(f"a run cannot be named {name[:60]!r}: give the name of a folder in --runs")


def check_in_place(path: Path) -> None:
    """Raise HundredError where the run directory `path` was moved or deleted while its run is trained:
    writing would make a second one at the old place."""
    if not (path / RECIPE).is_file():
        raise HundredError(
            f"{path} was moved or deleted while it was trained in, so training stops\n"
            "its epochs so far are where it is now: go on there with hundred train THAT-FOLDER --resume"
        )


def check_still_there(folder: Path) -> None:
    """Raise HundredError where `folder`, of repeats or a study, was moved or deleted between two of its runs:
    the next one would make it again."""
    if not folder.is_dir():
        raise HundredError(
            f"{folder} was moved or deleted while it was trained in, so training stops\n"
            "go on with --resume where it is now"
        )


def check_free(root: Path, name: str) -> None:
    """Raise UsageError where `root` holds something called `name`."""
    if (root / name).exists() and not _is_untrained(root / name):
        raise _taken(root, name)


def _taken(root: Path, name: str) -> UsageError:
    return UsageError(
        f"there is a run {name!r} in {root} already: go on with it by --resume, "
        "or choose another name with --name"
    )


def lock_run(path: Path | str) -> filelock.BaseFileLock:
    """Take the lock of the run directory `path` for as long as it is being written.

    Use it as a context manager, or keep a reference to it and call its `release()`: without a reference it is
    released. The operating system releases it when the process ends, however it ends.

    Raises HundredError where another process holds it.
    """
    path = Path(path)
    if not path.is_dir():  # filelock would make it
        raise HundredError(f"there is no run directory {path} any more")
    lock = filelock.FileLock(path / LOCK, timeout=0, thread_local=False)
    with os_errors_as_hundred_errors(path / LOCK):
        try:
            lock.acquire()
        except filelock.Timeout:
            raise HundredError(
                f"the run {path} is being written by another process: wait until it has ended, or stop it"
            ) from None
    return lock


def is_written(path: Path | str) -> bool:
    """Whether a process holds the lock of the run directory `path`; False where that is unknown."""
    if not (Path(path) / LOCK).exists():
        return False
    lock = filelock.FileLock(Path(path) / LOCK, timeout=0, thread_local=False)
    try:
        with lock:
            return False
    except filelock.Timeout:
        return True
    except OSError:
        return False


def _claim(path: Path) -> bool:
    with os_errors_as_hundred_errors(path, "cannot make the run directory"):
        try:
            path.mkdir()
        except FileExistsError:
            return _claim_untrained(path)
    return True


def _claim_untrained(path: Path) -> bool:
    """Empty the directory of a start that has failed; whether it was one."""
    if not _is_untrained(path):
        return False
    for name in _BEFORE_TRAINING:
        (path / name).unlink(missing_ok=True)
    return True


def _is_untrained(path: Path) -> bool:
    """Whether `path` holds only what a run writes before its first epoch, and no process writes it."""
    if not path.is_dir() or not (path / LOCK).is_file():
        return False
    if {child.name for child in path.iterdir()} - {LOCK, *_BEFORE_TRAINING, *_MLFLOW_FILES}:
        return False
    history = path / HISTORY
    started = history.exists() and len(history.read_bytes().splitlines()) > 1
    return not started and not is_written(path)


def _existing(root: Path, name: str) -> Path:
    check_part(name)
    path = root / name
    if is_run(path) or _is_bare(path):
        return path
    if path.exists():
        raise UsageError(f"{path} is not a run, so it cannot be resumed: choose another name with --name")
    known = [child.name for child in _runs(root)]
    raise UsageError(f"there is no run {name!r} in {root} to resume{nearest(name, known)}")


def _is_bare(path: Path) -> bool:
    """Whether `path` was claimed by a command that was killed before its first file was whole."""
    return path.is_dir() and all(child.name.startswith(".") for child in path.iterdir())


def newest_unfinished(candidates: Iterable[Path], *, prefix: str, end: str) -> Path | None:
    """The newest of `candidates` that has not ended and that no process is writing.

    prefix: of the folder's name, before a dash; an empty one fits every name. end: the file that is written
    last. Newest is by when the folder's content last changed: names do not order runs where a clock was set
    back.
    """
    begin = f"{prefix}-" if prefix else ""
    left = [path for path in candidates if path.name.startswith(begin) and not (path / end).exists()]
    left.sort(key=lambda each: each.stat().st_mtime, reverse=True)
    return next((path for path in left if not is_written(path)), None)


def _unfinished_run(root: Path, prefix: str) -> Path:
    path = newest_unfinished(_runs(root), prefix=prefix, end=RESULT)
    if path is None:
        of = f" of {prefix!r}" if prefix else ""
        raise UsageError(f"there is no unfinished run{of} in {root} to resume: name one with --name")
    return path


def _runs(root: Path) -> list[Path]:
    with os_errors_as_hundred_errors(root, "cannot read"):
        return sorted(path for path in root.iterdir() if is_run(path)) if root.is_dir() else []
