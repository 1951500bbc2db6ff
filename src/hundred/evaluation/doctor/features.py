"""What all detectors look at: the curves of a history, smoothed and with their noise, and its rate."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hundred.evaluation.doctor.accuracy_resolution import validation_images
from hundred.evaluation.doctor.curves import filled, level, measured, noise, slope, smooth, tail
from hundred.evaluation.doctor.history import History, Series
from hundred.evaluation.doctor.rate_history import Rates, rates_of


@dataclass(frozen=True)
class HistoryFeatures:
    """Derived curves of `history`; a curve that it lacks is all NaN. Indices count from 0, epochs from 1."""

    history: History

    @property
    def n(self) -> int:
        """Epochs."""
        return len(self.history)

    @cached_property
    def rates(self) -> Rates:
        """The learning rate."""
        return rates_of(self.history)

    @cached_property
    def loss(self) -> Series:
        """Training loss, smoothed."""
        return smooth(self.history.loss)

    @cached_property
    def accuracy(self) -> Series:
        """Training accuracy, smoothed."""
        return smooth(self.history.accuracy)

    @cached_property
    def val_loss(self) -> Series:
        """Validation loss, smoothed."""
        return smooth(self.history.val_loss)

    @cached_property
    def val_accuracy(self) -> Series:
        """Validation accuracy, smoothed."""
        return smooth(self.history.val_accuracy)

    @cached_property
    def noises(self) -> dict[str, float]:
        """The standard deviation of the epoch-to-epoch noise of each curve."""
        return {
            name: noise(getattr(self.history, name))
            for name in ("accuracy", "loss", "val_accuracy", "val_loss")
        }

    @property
    def chance_loss(self) -> float | None:
        """The cross-entropy of guessing, where it is known."""
        return self.history.chance_loss

    @cached_property
    def late_start(self) -> int:
        """Where the last third begins, of at least three epochs."""
        return self.n - tail(self.n, 1 / 3, 3)

    def late(self, name: str) -> float:
        """The median of a curve of the history over its last third."""
        return level(getattr(self.history, name), self.late_start, self.n)

    def last(self, name: str, share: float = 0.1) -> float:
        """The median of a curve of the history over its end, at least two epochs; the last that was measured
        where it ends earlier."""
        end = level(getattr(self.history, name), self.n - tail(self.n, share, 2), self.n)
        if not np.isnan(end):
            return end
        _, values = measured(getattr(self.history, name))
        return float(values[-1]) if len(values) else end

    @cached_property
    def lagged_accuracy(self) -> Series:
        """Training accuracy at the end of each epoch: a row's is the mean over its epoch, while the network
        improved, so half an epoch older than its validation."""
        return half_an_epoch_on(self.history.accuracy)

    @cached_property
    def soft_labels(self) -> bool:
        """Whether training was on mixed or smoothed labels: known, or inferred from a training loss that is
        far above the validation loss at the same accuracy, in itself and as a share of it: of a loss that is
        nearly gone, small differences are large shares."""
        history = self.history
        if history.context.mixes_labels:
            return True
        if not all(history.has(name, 5) for name in ("accuracy", "loss", "val_accuracy", "val_loss")):
            return False
        order = np.argsort(self.val_accuracy)
        inside = (self.accuracy >= self.val_accuracy.min()) & (self.accuracy <= self.val_accuracy.max())
        if inside.sum() < 3:
            return False
        at_same = np.interp(self.accuracy[inside], self.val_accuracy[order], self.val_loss[order])
        share = float(np.median(self.loss[inside] / np.maximum(at_same, 1e-6)))
        more = float(np.median(self.loss[inside] - at_same))
        return share > 1.15 and more > 0.05 * (self.chance_loss or 0.0)

    @cached_property
    def began_at_chance(self) -> bool:
        """Whether the first epoch was about as good as guessing, so that training began with nothing: classes
        that were inferred from it, or an accuracy no better than its loss allows at least."""
        history = self.history
        if history.classes:
            return True
        first = [getattr(history, name)[:1] for name in ("accuracy", "loss")]
        known = all(len(each) and np.isfinite(each[0]) for each in first)
        return known and float(first[0][0] * np.exp(min(first[1][0], 50.0))) < 2.2

    @cached_property
    def learned(self) -> float:
        """How much of the loss of chance is gone at the best: 0 nothing, 1 all of it; NaN where not known."""
        _, values = measured(self.history.loss)
        if self.chance_loss is None or len(values) < 2:
            return float("nan")
        return float(1.0 - np.min(smooth(self.history.loss)) / self.chance_loss)

    @cached_property
    def blown_up(self) -> int | None:
        """Index of the first epoch whose loss was over a thousand times that of chance or no finite number,
        None where there is none. No network that can still learn is so sure of so much that is wrong."""
        huge = self.history.infinite | (self.history.loss > 1e3 * (self.chance_loss or np.log(100)))
        return int(np.flatnonzero(huge)[0]) if huge.any() else None

    @cached_property
    def images(self) -> int | None:
        """How many images validation is over, where that is known."""
        return validation_images(self.history)

    def pace(self, name: str, sign: int = -1) -> float:
        """How much of its value a curve would still win (fall, for a sign of -1) if training went on for e
        times as long as it did, from its slope over the last third. Learning goes by the logarithm of the
        epochs, so this is the same for short and long runs; NaN where it was not measured."""
        if not self.history.has(name, 4):
            return float("nan")
        found, _ = slope(getattr(self.history, name), self.n - tail(self.n, 0.35, 4))
        return sign * found * self.n / max(abs(self.last(name)), 1e-9)

    def restless(self, name: str) -> float:
        """Noise of a curve over the last half of the run, at least six epochs, from epoch to epoch, as a
        share of its value; 0 where there are too few to tell."""
        late = getattr(self.history, name)[self.n - tail(self.n, 0.5, 6) :]
        if len(measured(late)[0]) < 5:
            return 0.0
        return noise(late) / max(abs(self.late(name)), 1e-9)

    def epoch(self, index: int) -> float:
        """The epoch at an index, as the file counts them."""
        label = float(self.history.epoch[min(max(index, 0), self.n - 1)])
        return int(label) if label.is_integer() else label

    def best(self, name: str) -> int:
        """Index of the best value of a curve as it was measured: the lowest of a loss, the highest of an
        accuracy."""
        curve = getattr(self.history, name)
        return int(np.nanargmin(curve) if name.endswith("loss") else np.nanargmax(curve))

    def fluctuation(self, name: str) -> float:
        """Noise of a curve from epoch to epoch over the last half of the run, at least six epochs, as a share
        of how far its smoothed self came in all; 0 where there are too few to tell."""
        late = getattr(self.history, name)[self.n - tail(self.n, 0.5, 6) :]
        if len(measured(late)[0]) < 5:
            return 0.0
        way = float(np.ptp(getattr(self, name)))
        return noise(late) / max(way, 1e-9)

    @cached_property
    def accuracy_end(self) -> float:
        """Training accuracy at the end: measured, else the least that the training loss allows (a mean loss
        of L leaves at most L / ln 2 of the images wrong); NaN where neither is known."""
        if self.history.has("accuracy"):
            return self.last("accuracy")
        if not self.history.has("loss") or self.history.scores:
            return float("nan")
        return max(0.0, 1.0 - self.last("loss") / float(np.log(2)))

    @cached_property
    def gap(self) -> float | None:
        """How far validation accuracy is behind training at the end, as a share of training; of losses where
        accuracies were not measured; None where neither was."""
        if self.history.has("accuracy") and self.history.has("val_accuracy"):
            train = self.last("accuracy")
            return (train - self.last("val_accuracy")) / max(train, 1e-3)
        if self.history.has("val_loss") and self.history.has("loss"):
            return (self.last("val_loss") - self.last("loss")) / max(self.last("val_loss"), 1e-9)
        return None

    @cached_property
    def penalized(self) -> bool:
        """Whether the training loss holds far more than the cross-entropy of its accuracy, such as weight
        penalties: then it falls as the weights do, whatever is learned."""
        both = np.isfinite(self.history.accuracy) & np.isfinite(self.history.loss)
        good = both & (self.history.accuracy >= 0.8)
        return bool(good.any() and float(self.history.loss[good][0]) > 1.5)

    @cached_property
    def saturated(self) -> bool:
        """Whether validation is right nearly always, so that there is little left to win or to be wrong
        about."""
        return self.history.has("val_accuracy", 3) and self.late("val_accuracy") >= 0.97


def half_an_epoch_on(y: Series) -> Series:
    """A curve of means over epochs, moved on to each epoch's end; the last value by half the last step."""
    values = filled(y)
    if len(values) < 3:
        return values
    middle = (values[:-1] + values[1:]) / 2
    return np.append(middle, values[-1] + (values[-1] - values[-2]) / 2)
