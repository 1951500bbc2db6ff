"""The progress of a training as plain lines, where there is no terminal, and as warnings only."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from hundred.formatting import decimal, eta, percent
from hundred.runs.progress.format import (
    TimeLeft,
    cut_line,
    finding_line,
    heading,
    print_line,
    restored_line,
    stopped_line,
)

if TYPE_CHECKING:
    from hundred.training.events import (
        EpochEnded,
        Finding,
        LearningRateCut,
        RunStarted,
        StepsDone,
        Stopped,
        Warned,
        WeightsRestored,
    )

_LINE_SECONDS = 30.0


class QuietProgress:
    """Listener: shows warnings and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        """`stream` is written to, a line at a time."""
        self.stream = stream

    def on_warned(self, event: "Warned") -> None:
        """Print the warning."""
        print_line(self.stream, f"warning: {event.message}")

    def close(self) -> None:
        """Nothing is held."""


class PlainProgress:
    """Listener: a line per epoch with the time left, and one every 30 s inside an epoch that takes longer."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """`stream` is written to, a line at a time; `clock` gives seconds."""
        self.stream = stream
        self.clock = clock
        self.left = TimeLeft(clock)
        self.last_line = clock()

    def on_run_started(self, event: "RunStarted") -> None:
        """Print what is trained."""
        self.left.start(event.first_epoch, event.epochs)
        self._print(heading(event))

    def on_steps_done(self, event: "StepsDone") -> None:
        """Print how far the epoch is, if the last line is old."""
        self.left.note(event)
        if self.clock() - self.last_line >= _LINE_SECONDS:
            self._print(
                f"epoch {event.epoch}/{self.left.epochs:g}  step {event.step}/{event.steps_per_epoch}  "
                f"loss {decimal(event.loss, 4)}  accuracy {percent(event.accuracy)}  "
                f"{event.images_per_second:,.0f} images/s  {eta(event.seconds_left)} left"
            )

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Print the figures of the epoch."""
        validation = (
            ""
            if event.val_accuracy is None
            else f"val_loss {decimal(event.val_loss, 4)}  val_accuracy {percent(event.val_accuracy)}  "
        )
        self._print(
            f"epoch {event.epoch}/{self.left.epochs:g}  loss {decimal(event.loss, 4)}  "
            f"accuracy {percent(event.accuracy)}  {validation}lr {event.learning_rate:.3g}  "
            f"{event.images_per_second:,.0f} images/s  {eta(self.left.after(event.epoch))} left"
        )

    def on_learning_rate_cut(self, event: "LearningRateCut") -> None:
        """Print it."""
        self._print(cut_line(event))

    def on_weights_restored(self, event: "WeightsRestored") -> None:
        """Print it."""
        self._print(restored_line(event))

    def on_warned(self, event: "Warned") -> None:
        """Print the warning."""
        self._print(f"warning: {event.message}")

    def on_finding(self, event: "Finding") -> None:
        """Print the finding."""
        self._print(finding_line(event))

    def on_stopped(self, event: "Stopped") -> None:
        """Print why training ended."""
        self._print(stopped_line(event))

    def close(self) -> None:
        """Nothing is held."""

    def _print(self, line: str) -> None:
        self.last_line = self.clock()
        print_line(self.stream, line)
