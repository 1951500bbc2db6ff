"""What the learning rate did: constant, cut in steps, or moved smoothly; where it was cut, and how far."""

from dataclasses import dataclass

import numpy as np

from hundred.evaluation.doctor.curves import filled
from hundred.evaluation.doctor.history import History, Series

# A rate that changes in more than this share of epochs is moved by a schedule, not cut now and then.
_MOVING = 0.5
_CUT = 0.8


@dataclass(frozen=True)
class Cut:
    """The rate fell between two epochs: `at` is the index of the first with the new rate."""

    at: int
    old: float
    new: float

    @property
    def factor(self) -> float:
        """New over old."""
        return self.new / self.old if self.old else 1.0


@dataclass(frozen=True)
class Rates:
    """The learning rate over a run. rate: float64 [n], or None where it is not known.

    smooth: moved nearly every epoch (cosine, linear, one-cycle). cuts: of a rate that is otherwise constant.
    """

    rate: Series | None
    smooth: bool = False
    cuts: tuple[Cut, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the history has it."""
        return self.rate is not None

    @property
    def peak(self) -> float | None:
        """The highest."""
        return None if self.rate is None else float(self.rate.max())

    @property
    def last(self) -> float | None:
        """Of the last epoch."""
        return None if self.rate is None else float(self.rate[-1])

    @property
    def remaining(self) -> float:
        """The last rate over the highest: 1 for a constant one, about 0 at the end of a cosine; NaN
        unknown."""
        return float("nan") if self.rate is None or not self.peak else float(self.rate[-1] / self.rate.max())

    @property
    def annealed(self) -> bool:
        """Whether it is known to have come down to a tenth or less."""
        return bool(self.remaining <= 0.1)

    def constant_since(self) -> int:
        """Index from which on the rate no longer changed by more than a fifth (0 where it is not known)."""
        if self.rate is None:
            return 0
        off = np.abs(np.log(np.maximum(self.rate, 1e-12) / max(self.rate[-1], 1e-12))) > 0.2
        return int(np.flatnonzero(off)[-1]) + 1 if off.any() else 0


def rates_of(history: History) -> Rates:
    """What the learning-rate column of `history` says."""
    if not history.has("learning_rate", 1) or not len(history):
        return Rates(None)
    rate = filled(history.learning_rate)
    if not (rate > 0).any():
        return Rates(None)
    ratios = rate[1:] / np.maximum(rate[:-1], 1e-12)
    changed = np.abs(np.log(np.maximum(ratios, 1e-12))) > 1e-3
    if len(ratios) >= 3 and changed.mean() >= _MOVING:
        return Rates(rate, smooth=True)
    cuts = tuple(Cut(int(i) + 1, float(rate[i]), float(rate[i + 1])) for i in np.flatnonzero(ratios < _CUT))
    return Rates(rate, cuts=cuts)
