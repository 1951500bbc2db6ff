"""What every display of a training shows: its lines, and the time left."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from hundred.formatting import plural

if TYPE_CHECKING:
    from hundred.training.events import (
        Finding,
        LearningRateCut,
        RunStarted,
        StepsDone,
        Stopped,
        WeightsRestored,
    )


class TimeLeft:
    """Estimates the seconds left at the end of an epoch.

    By the trainer's last estimate within the epoch, which knows that later epochs may be on larger images;
    without one, by how long whole epochs took, validation included.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds and never goes back."""
        self.clock = clock
        self.started, self.first, self.epochs = clock(), 1, 0.0
        self.end: float | None = None

    def start(self, first: int, epochs: float) -> None:
        """Training goes from epoch `first` to `epochs`, from now on."""
        self.started, self.first, self.epochs = self.clock(), first, epochs

    def note(self, event: "StepsDone") -> None:
        """In the middle of an epoch, the trainer expects the run to take so many more seconds and epochs."""
        self.end = self.clock() + event.seconds_left
        self.epochs = event.epochs or self.epochs

    def after(self, epoch: int) -> float:
        """Seconds left at the end of `epoch`."""
        now, end, self.end = self.clock(), self.end, None
        if epoch >= self.epochs:
            return 0.0
        if end is not None:
            return max(0.0, end - now)
        done = max(1, epoch - self.first + 1)
        return (self.epochs - epoch) * (now - self.started) / done


def print_line(stream: TextIO, line: str) -> None:
    """Write `line`; a closed terminal or a broken pipe does not end a training."""
    with suppress(OSError, ValueError):
        stream.write(line + "\n")
        stream.flush()


def heading(event: "RunStarted") -> str:
    """The model, the number of images and epochs, and the device."""
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
    """A finding of the doctor with its evidence and first advice."""
    advice = f"; {event.advice[0]}" if event.advice else ""
    return f"doctor: {event.name} ({event.evidence}){advice}"


def stopped_line(event: "Stopped") -> str:
    """Why training ended."""
    reasons = {
        "epochs": "done",
        "early-stopping": "stopped early",
        "interrupted": "interrupted",
        "not-finite": "stopped: the loss is not finite",
        "callback": "stopped by a callback",
    }
    detail = f": {event.detail}" if event.detail else ""
    epochs = plural(event.epoch, "epoch")
    return f"{reasons.get(event.reason, event.reason)} after {epochs}{detail}"
