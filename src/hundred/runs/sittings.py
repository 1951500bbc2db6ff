"""sittings.json: the processes that trained a run, one after another: when, how long, with what energy.

A run that was interrupted and resumed has several. The last one also names the process that is training now.
"""

import os
import platform
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import HundredError
from hundred.files import write_json
from hundred.runs.energy import EnergyMeter
from hundred.runs.events import read_events
from hundred.runs.layout import EVENTS, SITTINGS
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import read_object

if TYPE_CHECKING:
    from hundred.training.events import EpochEnded, RunStarted, StepsDone, Stopped

SECONDS_BETWEEN = 10.0


@dataclass(frozen=True)
class Sitting:
    """One process' part of a run. began: ISO 8601, UTC. seconds: of the command so far. joules: of the
    processor, None where its counters cannot be read."""

    began: str
    seconds: float
    joules: float | None
    host: str
    pid: int


class SittingLog:
    """Listener: keeps sittings.json up to date, so that a killed process loses at most some seconds of it."""

    def __init__(self, run: Path, started: float) -> None:
        """started: `time.monotonic()` when the command began."""
        self.run, self.started = run, started
        self.earlier = read_sittings(run)
        self.began = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.meter = EnergyMeter()
        self.last_written = -SECONDS_BETWEEN

    def on_run_started(self, event: "RunStarted") -> None:
        """Write the process that trains now."""
        self.write()

    def on_steps_done(self, event: "StepsDone") -> None:
        """Write, where the last time is long ago."""
        if time.monotonic() - self.last_written >= SECONDS_BETWEEN:
            self.write()

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Write, where the last time is long ago."""
        if time.monotonic() - self.last_written >= SECONDS_BETWEEN:
            self.write()

    def on_stopped(self, event: "Stopped") -> None:
        """Write how long it took until now."""
        self.write()

    def close(self) -> None:
        """Write how long it took in all, however it ended."""
        self.write()

    def write(self) -> None:
        """Write the file, unless the run directory was moved away. Raises HundredError where the disk
        refuses."""
        if not self.run.is_dir():
            return
        with os_errors_as_hundred_errors(self.run / SITTINGS):
            write_json(self.run / SITTINGS, {"sittings": [asdict(sitting) for sitting in self.sittings()]})
        self.last_written = time.monotonic()

    def sittings(self) -> list[Sitting]:
        """All sittings, this one last, as of now."""
        self.meter.update()
        seconds = time.monotonic() - self.started
        here = Sitting(self.began, seconds, self.meter.joules, platform.node(), os.getpid())
        return [*self.earlier, here]

    def figures(self) -> dict[str, Any]:
        """For result.json: `total_seconds` of all sittings, how many, and `energy_joules` where all were
        measured."""
        sittings = self.sittings()
        joules = [sitting.joules for sitting in sittings]
        return {
            "total_seconds": sum(sitting.seconds for sitting in sittings),
            "sittings": len(sittings),
            "energy_joules": None if None in joules else sum(each for each in joules if each is not None),
        }


def read_sittings(run: Path) -> list[Sitting]:
    """The sittings so far, oldest first. Of a run without the file (made by an earlier version), one that
    lasted from its first event to its last."""
    try:
        return [Sitting(**entry) for entry in read_object(run / SITTINGS)["sittings"]]
    except (HundredError, TypeError, KeyError):
        seconds = _seconds_of_events(run)
    return [Sitting("", seconds, None, "", 0)] if seconds else []


def _seconds_of_events(run: Path) -> float:
    """Seconds from each start in events.jsonl to the last event before the next one."""
    total, first, last = 0.0, None, None
    for event in read_events(run / EVENTS):
        try:
            now = datetime.fromisoformat(str(event.get("time")))
        except ValueError:
            continue
        if event["kind"] == "run-started" and first is not None and last is not None:
            total, first = total + _seconds(first, last), now
        first, last = first or now, now
    return total if first is None or last is None else total + _seconds(first, last)


def _seconds(first: datetime, last: datetime) -> float:
    """From `first` to `last`; 0 where the clock was set back between them."""
    try:
        return max((last - first).total_seconds(), 0.0)
    except TypeError:  # one with a time zone, the other without
        return 0.0
