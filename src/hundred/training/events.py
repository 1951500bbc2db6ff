"""The events of a training run. Training prints and draws nothing: listeners do.

A listener is any object with some of the methods named in `METHODS`, each taking the event:

    class PrintAccuracy:
        def on_epoch_ended(self, event: EpochEnded) -> None:
            print(event.epoch, event.val_accuracy)
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Base of all events. `kind` names it in events.jsonl, `method` is what a listener implements."""

    kind: ClassVar[str] = ""

    @property
    def method(self) -> str:
        """The listener method for this event, such as `on_epoch_ended`."""
        return "on_" + self.kind.replace("-", "_")

    def as_dict(self) -> dict[str, Any]:
        """The event as plain values, with its kind first."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class RunStarted(Event):
    """Training is about to take its first step.

    `epochs` is the plan, which may end within an epoch (4.5: half of epoch 5); `first_epoch` is above 1 when
    a run is resumed.
    """

    kind: ClassVar[str] = "run-started"
    model: str
    parameters: int
    epochs: float
    steps_per_epoch: int
    training_images: int
    device: str
    first_epoch: int = 1


@dataclass(frozen=True)
class StepsDone(Event):
    """Progress inside an epoch, at most a few times a second, for displays. Not kept in events.jsonl.

    `loss` and `accuracy` are means over the epoch so far, or None where reading them would stall a GPU.
    `steps_per_epoch` is of this epoch: a last one may be shorter. `epochs` is how many are planned now, which
    a time limit changes; 0 is as many as when the run started.
    """

    kind: ClassVar[str] = "steps-done"
    epoch: int
    step: int
    steps_per_epoch: int
    loss: float | None
    accuracy: float | None
    learning_rate: float
    images_per_second: float
    seconds_left: float
    epochs: float = 0.0


@dataclass(frozen=True)
class EpochEnded(Event):
    """One row of history.csv. Accuracies are fractions; `loss` and `accuracy` are means over the epoch's
    training batches as they were trained on (augmented, with dropout), as Keras reports them.

    `val_*` is None where no validation was made. `seconds` and `images_per_second` are of training alone.
    `images` were trained on: fewer than there are where a run ends within an epoch.
    """

    kind: ClassVar[str] = "epoch-ended"
    epoch: int
    accuracy: float
    loss: float
    val_accuracy: float | None
    val_loss: float | None
    learning_rate: float
    seconds: float
    images_per_second: float
    images: int = 0


@dataclass(frozen=True)
class LearningRateCut(Event):
    """A callback lowered the learning rate after `epoch`."""

    kind: ClassVar[str] = "learning-rate-cut"
    epoch: int
    old: float
    new: float
    reason: str


@dataclass(frozen=True)
class NewBest(Event):
    """The monitored value was the best so far after `epoch`; its weights are kept."""

    kind: ClassVar[str] = "new-best"
    epoch: int
    monitor: str
    value: float


@dataclass(frozen=True)
class WeightsRestored(Event):
    """The network was set back to the weights it had after `epoch`."""

    kind: ClassVar[str] = "weights-restored"
    epoch: int
    reason: str


@dataclass(frozen=True)
class CheckpointWritten(Event):
    """All that a resume needs was written to `path` after `epoch`."""

    kind: ClassVar[str] = "checkpoint-written"
    epoch: int
    path: str


@dataclass(frozen=True)
class Warned(Event):
    """A problem that does not stop the run."""

    kind: ClassVar[str] = "warned"
    message: str


@dataclass(frozen=True)
class Stopped(Event):
    """Training ended after `epoch` epochs, a fraction where that was the plan.

    `reason` is one of REASONS; `detail` is a sentence or ''.
    """

    kind: ClassVar[str] = "stopped"
    REASONS: ClassVar[tuple[str, ...]] = ("epochs", "early-stopping", "interrupted", "not-finite", "callback")
    epoch: float
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Finding(Event):
    """The live doctor saw something after `epoch`."""

    kind: ClassVar[str] = "finding"
    epoch: int
    name: str
    confidence: float
    evidence: str
    advice: list[str] = field(default_factory=list)


EVENTS: tuple[type[Event], ...] = (
    RunStarted,
    StepsDone,
    EpochEnded,
    LearningRateCut,
    NewBest,
    WeightsRestored,
    CheckpointWritten,
    Warned,
    Stopped,
    Finding,
)
METHODS = tuple("on_" + event.kind.replace("-", "_") for event in EVENTS)


def notify(listeners: Iterable[object], event: Event) -> None:
    """Hand `event` to each listener that has a method for it, in order."""
    for listener in listeners:
        method = getattr(listener, event.method, None)
        if method is not None:
            method(event)
