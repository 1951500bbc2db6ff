"""A training history as arrays, one value an epoch, with what is known of the run beside its curves."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hundred.evaluation.doctor.reading import Reading

Series = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Context:
    """What is known of a run beside its curves; None or "" where it is not.

    optimizer: `adam`, `adamw`, `sgd` or `muon`. classes: fine classes. validation_images: how many the
    validation figures are over. epochs: the plan. stopped: one of `hundred.training.events.Stopped.REASONS`.
    mixes_labels: mixup, cutmix or label smoothing, with which training figures are not those of the true
    labels. weight_decay: as the recipe has it. finished: False while the run is going on. framework, task:
    see `readers.framework`; where they are "", the file may tell.
    """

    optimizer: str = ""
    classes: int | None = None
    validation_images: int | None = None
    epochs: float | None = None
    stopped: str = ""
    mixes_labels: bool = False
    weight_decay: float | None = None
    finished: bool = True
    framework: str = ""
    task: str = ""


@dataclass(frozen=True)
class History:
    """Curves of one training, each float64 [n], NaN where a figure was not measured in that epoch.

    epoch: as the file counts them, from 0 or 1, or steps. Accuracies are fractions. infinite: bool [n], where
    a loss or accuracy was written down as NaN or infinite, which is something else than not measured. notes:
    sentences on how it was read. unit: what a point is: epoch, step, evaluation or row. averaged: curves
    whose values are means over several rows of the file. scores: by curve, the name of a score that stands
    for the accuracy. continued: it went on from an earlier training, or its first epochs are not in the file.
    from_zero: the file counts from 0.
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
    unit: str = "epoch"
    averaged: frozenset[str] = frozenset()
    scores: Mapping[str, str] = field(default_factory=dict)
    continued: bool = False
    from_zero: bool = False
    reading: Reading | None = None

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
        """How many classes there are: known, or inferred from a loss that began near that of chance, or
        None."""
        if self.context.classes:
            return self.context.classes
        if self.scores or self.continued:
            return None
        same = _repeated(self.val_accuracy)
        if same:
            by_guess = [classes for classes in (*_FEW, *_USUAL) if abs(same * classes - 1) < 0.03]
            if by_guess:
                return by_guess[0]
        first = self.accuracy[0] if len(self) else np.nan
        return _classes_of(self._begun, self._guessed, float(first) if np.isfinite(first) else self._guessed)

    @property
    def _guessed(self) -> float | None:
        """The lowest accuracy of the first epochs: that of guessing, or what little was learned in them."""
        values = np.concatenate([self.accuracy[:3], self.val_accuracy[:3]])
        values = values[np.isfinite(values) & (values > 0)]
        return float(values.min()) if len(values) else None

    @property
    def _begun(self) -> float | None:
        """The loss that training began with; validation's, where first steps had thrown training's far up."""
        train, val = self.loss[np.isfinite(self.loss)], self.val_loss[np.isfinite(self.val_loss)]
        if not len(train):
            return None
        return float(val[0] if len(val) and train[0] > 1.15 * val[0] and train[0] > 4.9 else train[0])

    @cached_property
    def chance_loss(self) -> float | None:
        """The cross-entropy of guessing: ln(classes), else the loss that training began with; None where
        training began with a network that knew something, or where the loss is no cross-entropy."""
        if self.classes:
            return float(np.log(self.classes))
        begun, guessed = self._begun, self._guessed
        if begun is None or self.continued or begun < _LEAST_CHANCE:
            return None
        first = float(self.accuracy[0]) * np.exp(min(begun, 50.0))
        knew = (guessed is not None and guessed > 0.6) or first > _MOST_AT_FIRST
        return None if knew else begun


# Numbers of classes that data sets have, and so what a loss at their chance level means.
_USUAL = (2, 10, 20, 100, 200, 1000)
_FEW = (3, 4, 5, 6, 7, 8)
# A loss that begins below this is not that of guessing, even between two classes (0.69).
_LEAST_CHANCE = 0.55
# Accuracy times e to the loss is 1 where a network guesses; after a first epoch from nothing it is at most
# about this.
_MOST_AT_FIRST = 2.6
# In the first epochs, a network that began with nothing is right at most so many times as often as guessing
# is.
_TIMES_GUESSING = {2: 1.7, 10: 3.4, 20: 4.5}
_TIMES_GUESSING_ELSE = 15.0


def _repeated(values: Series) -> float | None:
    """A value that three epochs in a row share to the last digit, as the accuracy of one answer to everything
    does; None where there is none."""
    lowest = float(np.nanmin(values, initial=np.inf))
    for i in range(len(values) - 2):
        # One that was clearly worse before has learned something since.
        if values[i] == values[i + 1] == values[i + 2] > 0 and lowest > 0.7 * values[i]:
            return float(values[i])
    return None


def _classes_of(begun: float | None, guessed: float | None, first: float | None) -> int | None:
    """Classes inferred from the loss of the first epoch, which is spent mostly below chance level and, with
    few classes, leaves it far within the epoch. A loss that was thrown above all of them tells nothing; of
    one hundred, fewer than three in a hundred are right by guessing."""
    if begun is None:
        return None
    for classes in _USUAL:
        times = _TIMES_GUESSING.get(classes, _TIMES_GUESSING_ELSE)
        near = 0.8 * np.log(classes) <= begun <= 1.06 * np.log(classes)
        if near and (first is None or first <= times / classes):
            return classes
    few_right = guessed is not None and guessed < 0.03
    between = 1.06 * np.log(20) < begun < 0.8 * np.log(100) and guessed is not None and guessed < 0.25
    return 100 if between or (begun > np.log(100) and few_right) else None


CURVES = ("accuracy", "loss", "val_accuracy", "val_loss", "learning_rate")
