"""Optional listener: the curves as TensorBoard events, through torch's own writer (extra `tensorboard`)."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hundred.errors import MissingExtra

if TYPE_CHECKING:
    from hundred.training.events import EpochEnded, Finding, LearningRateCut, RunStarted, Warned


class Writer(Protocol):
    """What is used of `torch.utils.tensorboard.SummaryWriter`."""

    def add_scalar(self, tag: str, value: float, step: int) -> Any:
        """One point of a curve."""

    def add_text(self, tag: str, text: str, step: int) -> Any:
        """A note."""

    def flush(self) -> Any:
        """Put on disk what was added."""

    def close(self) -> Any:
        """Nothing more comes."""


class TensorBoard:
    """Listener: writes loss, accuracy, learning rate and speed of each epoch into `folder`, and notes for
    learning-rate cuts, warnings and findings. See them with `tensorboard --logdir runs`."""

    def __init__(self, folder: Path | str, make_writer: Callable[[str, int], Writer] | None = None) -> None:
        """`make_writer` takes the folder and the step from which on a resume purges what is there.

        Raises MissingExtra where tensorboard is not installed.
        """
        self.folder = Path(folder)
        self.make_writer = make_writer or _torch_writer()
        self.writer: Writer | None = None
        self.epoch = 0

    def on_run_started(self, event: "RunStarted") -> None:
        """Open the event file."""
        self.epoch = event.first_epoch - 1
        self.writer = self.make_writer(str(self.folder), event.first_epoch)

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Add a point to each curve that was measured."""
        self.epoch = event.epoch
        points = {
            "loss/training": event.loss,
            "loss/validation": event.val_loss,
            "accuracy/training": event.accuracy,
            "accuracy/validation": event.val_accuracy,
            "learning_rate": event.learning_rate,
            "images_per_second": event.images_per_second,
        }
        if self.writer is not None:
            for tag, value in points.items():
                if value is not None and math.isfinite(value):
                    self.writer.add_scalar(tag, value, event.epoch)
            self.writer.flush()

    def on_learning_rate_cut(self, event: "LearningRateCut") -> None:
        """Note it."""
        self._note("learning_rate_cut", f"{event.old:.3g} -> {event.new:.3g}: {event.reason}")

    def on_warned(self, event: "Warned") -> None:
        """Note it."""
        self._note("warning", event.message)

    def on_finding(self, event: "Finding") -> None:
        """Note it."""
        self._note(f"finding/{event.name}", event.evidence)

    def close(self) -> None:
        """Close the event file; may be called twice."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None

    def _note(self, tag: str, text: str) -> None:
        if self.writer is not None:
            self.writer.add_text(tag, text, self.epoch)


def _torch_writer() -> Callable[[str, int], Writer]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtra("tensorboard", "tensorboard", "writing TensorBoard events") from None
    return lambda folder, first: SummaryWriter(folder, purge_step=first)
