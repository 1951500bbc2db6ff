"""Stopping runs that other processes train on this machine, as Ctrl-C in their terminals would."""

import os
import platform
import signal
import time
from contextlib import suppress
from pathlib import Path

from hundred.errors import HundredError, UsageError
from hundred.runs.directory import is_written
from hundred.runs.layout import is_run
from hundred.runs.sittings import Sitting, read_sittings

SECONDS_TO_WAIT = 120.0


def stop_runs(path: Path, *, wait_seconds: float = SECONDS_TO_WAIT) -> list[Path]:
    """Stop the runs under way at `path`: a run, repeats, a sweep or a study; return their directories.

    Each process ends after its current step with everything up to there saved, so that it can be resumed.

    Raises UsageError where no run is under way there or another machine trains it, HundredError where a
    process does not end within `wait_seconds` or may not be stopped.
    """
    running = runs_under_way(path)
    if not running:
        raise UsageError(f"no process is training in {path}: `hundred runs` shows what is under way")
    for run, sitting in running:
        _terminate(run, sitting)
    deadline = time.monotonic() + wait_seconds
    for run, sitting in running:
        while is_written(run) and _is_alive(sitting.pid):
            if time.monotonic() > deadline:
                raise HundredError(f"process {sitting.pid} has not ended yet; it ends after its current step")
            time.sleep(0.1)
    return [run for run, _ in running]


def runs_under_way(path: Path) -> list[tuple[Path, Sitting]]:
    """The runs at `path`, or up to two folders below it, that a process is writing, with its sitting."""
    candidates = [path, *sorted(path.glob("*")), *sorted(path.glob("*/*"))]
    found = []
    for run in candidates:
        if is_run(run) and is_written(run):
            sittings = read_sittings(run)
            if sittings and sittings[-1].pid:
                found.append((run, sittings[-1]))
    return found


def _terminate(run: Path, sitting: Sitting) -> None:
    if sitting.host != platform.node():
        raise UsageError(f"{run} is being trained on {sitting.host}: stop it there")
    with suppress(ProcessLookupError):
        try:
            os.kill(sitting.pid, signal.SIGTERM)
            _restore_priority(sitting.pid)
        except PermissionError:
            raise HundredError(
                f"process {sitting.pid} belongs to another user: it cannot be stopped"
            ) from None


def _restore_priority(pid: int) -> None:
    """Take a background process out of idle priority: on a busy machine it would not get to its end for long.
    Only root may do all of it on most systems."""
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError, AttributeError):
            os.sched_setscheduler(int(thread.name), os.SCHED_OTHER, os.sched_param(0))
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("0", encoding="ascii")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
