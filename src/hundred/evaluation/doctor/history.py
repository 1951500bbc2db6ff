"""A training history as arrays, one value an epoch, with what is known of the run beside its curves."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Context:
    """What is known of a run beside its curves; None or "" where it is not.

    optimizer: `adam`, `adamw`, `sgd` or `muon`. classes: fine classes. validation_images: how many the
    validation figures are over. epochs: the plan. stopped: one of `hundred.training.events.Stopped.REASONS`.
    mixes_labels: mixup, cutmix or label smoothing, with which training figures are not those of the true
    labels. weight_decay: as the recipe has it. finished: False while the run is going on.
    """

    optimizer: str = ""
    classes: int | None = None
    validation_images: int | None = None
    epochs: int | None = None
    stopped: str = ""
    mixes_labels: bool = False
    weight_decay: float | None = None
    finished: bool = True


@dataclass(frozen=True)
class History:
    """Curves of one run, each float64 [n], NaN where a figure was not measured in that epoch.

    epoch counts from 1. Accuracies are fractions. infinite: bool [n], where a loss or accuracy was written
    down as NaN or infinite, which is something else than not measured. notes: sentences on how it was read.
    """

    epoch: Series
    accuracy: Series
    loss: Series
    val_accuracy: Series
    val_loss: Series
    learning_rate: Series
    infinite: npt.NDArray[np.bool_]
    context: Context = field(default_factory=Context)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.epoch)

    def has(self, name: str, at_least: int = 3) -> bool:
        """Whether the figure `name` was measured in at least so many epochs."""
        return int(np.isfinite(getattr(self, name)).sum()) >= at_least

    def first(self, count: int) -> "History":
        """The first `count` epochs, as they were seen when the run had come so far."""
        return replace(
            self,
            **{name: getattr(self, name)[:count] for name in CURVES},
            infinite=self.infinite[:count],
            epoch=self.epoch[:count],
        )

    @property
    def missing(self) -> list[str]:
        """The figures that no epoch has."""
        return [name for name in CURVES if not np.isfinite(getattr(self, name)).any()]

    @cached_property
    def classes(self) -> int | None:
        """How many classes there are: known, or told from a loss that began near that of chance, or None."""
        if self.context.classes:
            return self.context.classes
        same = _repeated(self.val_accuracy)
        if same and min(abs(same * classes - 1) for classes in _USUAL) < 0.03:
            return min(_USUAL, key=lambda classes: abs(same * classes - 1))
        begun = self._begun
        # A first epoch is spent mostly below chance level; with few classes it leaves it far within the
        # epoch.
        for classes in _USUAL:
            if begun is not None and 0.8 * np.log(classes) <= begun <= 1.06 * np.log(classes):
                return classes
        return None

    @property
    def _begun(self) -> float | None:
        """The loss that training began with; validation's, where first steps had thrown training's far up."""
        train, val = self.loss[np.isfinite(self.loss)], self.val_loss[np.isfinite(self.val_loss)]
        if not len(train):
            return None
        return float(val[0] if len(val) and train[0] > 1.15 * val[0] and train[0] > 4.9 else train[0])

    @cached_property
    def chance_loss(self) -> float | None:
        """The cross-entropy of knowing nothing: ln(classes), else the loss it began with; or
        None."""
        if self.classes:
            return float(np.log(self.classes))
        return self._begun


# Classes that data sets of pictures have, and so what a loss at their chance level means.
_USUAL = (2, 10, 20, 100, 200, 1000)


def _repeated(values: Series) -> float | None:
    """A value that three epochs in a row share to the last digit, as the accuracy of one answer to everything
    does; None where there is none."""
    for i in range(len(values) - 2):
        if values[i] == values[i + 1] == values[i + 2] > 0:
            return float(values[i])
    return None


CURVES = ("accuracy", "loss", "val_accuracy", "val_loss", "learning_rate")
