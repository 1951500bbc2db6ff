"""The progress of a training on standard error: a live display on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TextIO

from hundred.formatting import decimal, eta, percent, plural

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


class Closing(Protocol):
    """A listener that holds a terminal and gives it back with `close`."""

    def close(self) -> None:
        """Leave the terminal as it was found; may be called twice."""


def progress_listener(*, quiet: bool = False, stream: TextIO | None = None) -> Closing:
    """The listener that fits `stream` (standard error by default): live on a terminal, else plain lines.

    With `quiet` only warnings show. Call `close()` when training has ended, however it ended.
    """
    stream = sys.stderr if stream is None else stream
    if quiet:
        return QuietProgress(stream)
    if stream is not None and stream.isatty():
        from hundred.runs.progress.rich import LiveProgress, can_draw

        if can_draw(stream):
            return LiveProgress(stream)
    return PlainProgress(stream)


class QuietProgress:
    """Listener: shows warnings and nothing else."""

    def __init__(self, stream: TextIO) -> None:
        """`stream` is written to, a line at a time."""
        self.stream = stream

    def on_warned(self, event: "Warned") -> None:
        """Show the warning."""
        say(self.stream, f"warning: {event.message}")

    def close(self) -> None:
        """Nothing is held."""


class PlainProgress:
    """Listener: a line per epoch with the time left, and one every 30 s inside an epoch that takes longer."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """`stream` is written to, a line at a time; `clock` gives seconds."""
        self.stream = stream
        self.clock = clock
        self.left = TimeLeft(clock)
        self.epochs = 0
        self.last_line = clock()

    def on_run_started(self, event: "RunStarted") -> None:
        """Say what is about to be trained."""
        self.epochs = event.epochs
        self.left.start(event.first_epoch, event.epochs)
        self._say(heading(event))

    def on_steps_done(self, event: "StepsDone") -> None:
        """Say how far the epoch is, where the last line is old."""
        self.left.note(event.seconds_left)
        if self.clock() - self.last_line >= _LINE_SECONDS:
            self._say(
                f"epoch {event.epoch}/{self.epochs}  step {event.step}/{event.steps_per_epoch}  "
                f"loss {decimal(event.loss, 4)}  accuracy {percent(event.accuracy)}  "
                f"{event.images_per_second:,.0f} images/s  {eta(event.seconds_left)} left"
            )

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Say what the epoch brought."""
        validation = (
            ""
            if event.val_accuracy is None
            else f"val_loss {decimal(event.val_loss, 4)}  val_accuracy {percent(event.val_accuracy)}  "
        )
        self._say(
            f"epoch {event.epoch}/{self.epochs}  loss {decimal(event.loss, 4)}  "
            f"accuracy {percent(event.accuracy)}  {validation}lr {event.learning_rate:.3g}  "
            f"{event.images_per_second:,.0f} images/s  {eta(self.left.after(event.epoch))} left"
        )

    def on_learning_rate_cut(self, event: "LearningRateCut") -> None:
        """Say so."""
        self._say(cut_line(event))

    def on_weights_restored(self, event: "WeightsRestored") -> None:
        """Say so."""
        self._say(restored_line(event))

    def on_warned(self, event: "Warned") -> None:
        """Show the warning."""
        self._say(f"warning: {event.message}")

    def on_finding(self, event: "Finding") -> None:
        """Show what the doctor saw."""
        self._say(finding_line(event))

    def on_stopped(self, event: "Stopped") -> None:
        """Say why training ended."""
        self._say(stopped_line(event))

    def close(self) -> None:
        """Nothing is held."""

    def _say(self, line: str) -> None:
        self.last_line = self.clock()
        say(self.stream, line)


class TimeLeft:
    """Estimates the seconds left at the end of an epoch.

    By the trainer's last word in the epoch, which knows that later epochs may be on larger images; where
    there was none, by how long whole epochs took, validation and all.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds and never goes back."""
        self.clock = clock
        self.started, self.first, self.epochs = clock(), 1, 0
        self.end: float | None = None

    def start(self, first: int, epochs: int) -> None:
        """Training goes from epoch `first` to `epochs`, from now on."""
        self.started, self.first, self.epochs = self.clock(), first, epochs

    def note(self, seconds_left: float) -> None:
        """In the middle of an epoch, the trainer expects the run to take so many more seconds."""
        self.end = self.clock() + seconds_left

    def after(self, epoch: int) -> float:
        """Seconds left at the end of `epoch`."""
        now, end, self.end = self.clock(), self.end, None
        if epoch >= self.epochs:
            return 0.0
        if end is not None:
            return max(0.0, end - now)
        done = max(1, epoch - self.first + 1)
        return (self.epochs - epoch) * (now - self.started) / done


def say(stream: TextIO, line: str) -> None:
    """Write `line`; a closed terminal or a broken pipe is no reason to end a training."""
    with suppress(OSError, ValueError):
        stream.write(line + "\n")
        stream.flush()


def heading(event: "RunStarted") -> str:
    """What is trained, on how much, where."""
    resumed = f", going on at epoch {event.first_epoch}" if event.first_epoch > 1 else ""
    return (
        f"{event.model}: {event.parameters:,} parameters, {event.training_images:,} training images, "
        f"{plural(event.epochs, 'epoch')} on {event.device}{resumed}"
    )


def cut_line(event: "LearningRateCut") -> str:
    """Such as ``learning rate 0.001 -> 0.0002 after epoch 12: val_loss ...``."""
    reason = f": {event.reason}" if event.reason else ""
    return f"learning rate {event.old:.3g} -> {event.new:.3g} after epoch {event.epoch}{reason}"


def restored_line(event: "WeightsRestored") -> str:
    """Such as ``weights of epoch 12 restored: the best val_loss``."""
    reason = f": {event.reason}" if event.reason else ""
    return f"weights of epoch {event.epoch} restored{reason}"


def finding_line(event: "Finding") -> str:
    """What the doctor saw, why, and its first advice."""
    advice = f"; {event.advice[0]}" if event.advice else ""
    return f"doctor: {event.name} ({event.evidence}){advice}"


def stopped_line(event: "Stopped") -> str:
    """Why training ended, in words."""
    words = {
        "epochs": "done",
        "early-stopping": "stopped early",
        "interrupted": "interrupted",
        "not-finite": "stopped: the loss is not finite",
        "callback": "stopped by a callback",
    }
    detail = f": {event.detail}" if event.detail else ""
    epochs = plural(event.epoch, "epoch")
    return f"{words.get(event.reason, event.reason)} after {epochs}{detail}"
