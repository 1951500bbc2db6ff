"""What a sweep prints on standard error: a line for each trial, and now and then one from inside a long
one."""

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hundred.formatting import eta, percent
from hundred.runs.progress.format import print_line
from hundred.sweeps.journal import Trial

if TYPE_CHECKING:
    from hundred.training.events import EpochEnded, RunStarted

SECONDS_BETWEEN = 20.0


@dataclass
class SweepProgress:
    """Prints lines, and estimates the time left from the trials so far.

    quiet: only warnings. count: trials in all, 0 where only time ends the sweep.
    """

    quiet: bool
    count: int = 0
    best: Trial | None = None
    ended: int = 0
    began: float = field(default_factory=time.monotonic)

    def line(self, text: str) -> None:
        """Print a line of progress."""
        if not self.quiet:
            print_line(sys.stderr, text)

    def warn(self, text: str) -> None:
        """Print a line even where `quiet`."""
        print_line(sys.stderr, f"warning: {text}")

    def start(self, known: list[Trial]) -> None:
        """Start the clock; `known` trials have ended before."""
        self.began, self.ended = time.monotonic(), 0
        for trial in known:
            self._compare(trial)
        if known:
            self.line(f"going on after {len(known)} trials{self._best()}")

    def trial(self, trial: Trial, ended_before: int) -> None:
        """Print a trial that has ended, as one of `ended_before` + 1 in all."""
        self._compare(trial)
        self.ended += 1
        of = f"/{self.count}" if self.count else ""
        settings = "  ".join(f"{key}={value}" for key, value in trial.parameters.items())
        state = "" if trial.state == "complete" else f" ({trial.state})"
        self.line(
            f"trial {ended_before + 1}{of}  val_accuracy {percent(trial.val_accuracy)}{state}  "
            f"{settings}{self._best()}{self._left(self.count - ended_before - 1)}"
        )
        if trial.state == "failed":
            self.warn(f"{trial.name}: {trial.why}")

    def _compare(self, trial: Trial) -> None:
        if trial.state == "complete" and trial.val_accuracy is not None:
            best = -1.0 if self.best is None else self.best.val_accuracy or 0.0
            if trial.val_accuracy > best:
                self.best = trial

    def _best(self) -> str:
        return "" if self.best is None else f"  best {percent(self.best.val_accuracy)} ({self.best.name})"

    def _left(self, trials: int) -> str:
        if not self.count or trials < 1:
            return ""
        each = (time.monotonic() - self.began) / max(1, self.ended)
        return f"  {eta(trials * each)} left"


class EpochLines:
    """Listener: prints an epoch where the last line is old."""

    def __init__(self, progress: SweepProgress) -> None:
        """`progress` prints."""
        self.progress, self.last, self.epochs = progress, time.monotonic(), 0.0

    def on_run_started(self, event: "RunStarted") -> None:
        """A trial begins."""
        self.last, self.epochs = time.monotonic(), event.epochs

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Print how far the trial is."""
        if time.monotonic() - self.last >= SECONDS_BETWEEN:
            self.last = time.monotonic()
            self.progress.line(
                f"  epoch {event.epoch}/{self.epochs}  loss {event.loss:.4f}  "
                f"val_accuracy {percent(event.val_accuracy)}"
            )
