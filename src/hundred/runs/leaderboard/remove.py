"""Removing runs for good: never one that is being written, and never half of one."""

import shutil
from pathlib import Path

from hundred.errors import HundredError
from hundred.runs.directory import is_written
from hundred.runs.layout import LOCK
from hundred.runs.leaderboard.entries import Entry
from hundred.runs.os_errors import os_errors_as_hundred_errors


def remove(entry: Entry) -> None:
    """Delete the directory of a run or group.

    It is renamed first, so that an interruption leaves a hidden folder and no run with files missing.

    Raises HundredError where a process is writing one of its runs, or the disk refuses.
    """
    for run in entry.runs:
        if (run.path / LOCK).exists() and is_written(run.path):
            raise HundredError(f"{run.path} is being written by another process: stop that first")
    path = entry.path.resolve()
    hidden = _free_name(path)
    with os_errors_as_hundred_errors(path, "cannot remove"):
        path.rename(hidden)
        shutil.rmtree(hidden)


def _free_name(path: Path) -> Path:
    number = 0
    while (hidden := path.with_name(f".removed-{number}-{path.name}")).exists():
        number += 1
    return hidden
