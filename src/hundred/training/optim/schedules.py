"""Learning-rate schedules: a factor on each group's base rate as a pure function of training done.

Constant, linear, polynomial, exponential, cosine with or without restarts (Loshchilov & Hutter 2017, "SGDR",
eq. 5), one-cycle (Smith & Topin 2019, "Super-convergence", in the cosine form of
torch.optim.lr_scheduler.OneCycleLR), and steps.
"""

import bisect
import math
from dataclasses import dataclass

from hundred.errors import UsageError, nearest

NAMES = ("constant", "linear", "polynomial", "exponential", "cosine", "one-cycle", "step")

# OneCycleLR's defaults: the rise takes 30 % of training and starts at 1/25 of the peak.
ONE_CYCLE_RISE = 0.3
ONE_CYCLE_START = 1 / 25
ONE_CYCLE_MOMENTUM = (0.85, 0.95)


@dataclass(frozen=True)
class Schedule:
    """The factor on the learning rate over training.

    name: "constant"; "linear", "polynomial" (to the `power`), "exponential" and "cosine", which fall to
        `final`; "one-cycle", which rises to 1 and falls to `final`; or "step" (times `gamma` at each of
        `milestones`).
    warmup: fraction of training in which the factor first rises linearly from `start` to 1; the decay then
        fills the rest. In a one-cycle it is the length of the rise (0: 0.3 of training, from 1/25).
    final: the factor at the end of training; for "step" a lower bound; "constant" has no use for it.
    milestones: increasing fractions of all of training, warm-up included, at which "step" cuts.
    restarts: how often "cosine" starts again at 1; each cycle is `cycle_growth` times as long as the last.
    cycle_momentum: of "one-cycle": momentum falls from 0.95 to 0.85 while the rate rises, and back.
    tuning: the schedule ends at the fraction `tuning_from` of training, and runs once more over the rest with
        its factors multiplied by this; 0 is one schedule over all of training.
    """

    name: str = "constant"
    warmup: float = 0.0
    final: float = 0.0
    milestones: tuple[float, ...] = ()
    gamma: float = 0.1
    start: float = 0.0
    power: float = 2.0
    restarts: int = 0
    cycle_growth: float = 1.0
    cycle_momentum: bool = False
    tuning: float = 0.0
    tuning_from: float = 0.0

    def __post_init__(self) -> None:
        """Raise UsageError for a name that does not exist or a value that makes no schedule."""
        if self.name not in NAMES:
            raise UsageError(
                f"there is no schedule {self.name!r}{nearest(self.name, NAMES)}: known are {', '.join(NAMES)}"
            )
        if not 0.0 <= self.warmup < 1.0:
            raise UsageError(f"the warmup is {self.warmup}; it is a fraction of training, from 0 to below 1")
        for key, value in (("final", self.final), ("start", self.start), ("gamma", self.gamma)):
            if not 0.0 <= value <= 1.0:
                raise UsageError(f"the {key} of the schedule is {value}; it must lie between 0 and 1")
        marks = tuple(self.milestones)
        if any(not 0.0 < mark < 1.0 for mark in marks) or list(marks) != sorted(set(marks)):
            raise UsageError(
                f"the milestones are {list(marks)}; "
                "they must be increasing fractions of training, such as [0.5, 0.75]"
            )
        if (self.name == "step") != bool(marks):
            raise UsageError(
                "the schedule 'step' needs milestones, such as [0.5, 0.75]"
                if not marks
                else f"milestones belong to the schedule 'step', not to {self.name!r}"
            )

        if self.name == "exponential" and not self.final:
            raise UsageError(
                "the schedule 'exponential' falls to `final`, which is 0: set it above, such as 0.01"
            )
        if self.restarts and self.name != "cosine":
            raise UsageError(f"restarts belong to the schedule 'cosine', not to {self.name!r}")
        if self.cycle_momentum and self.name != "one-cycle":
            raise UsageError(f"cycle_momentum belongs to the schedule 'one-cycle', not to {self.name!r}")

    def factor(self, progress: float) -> float:
        """The factor on the base rate when the fraction `progress` (0 to 1) of all steps is done.

        The step with index i of n has progress i / n. Beyond the end the factor stays what it was there.
        """
        progress = min(max(progress, 0.0), 1.0)
        if self.tuning and self.tuning_from:
            if progress >= self.tuning_from:
                progress = (progress - self.tuning_from) / (1.0 - self.tuning_from)
                return self.tuning * self._factor(progress)
            progress /= self.tuning_from
        return self._factor(progress)

    def _factor(self, progress: float) -> float:
        if self.name == "one-cycle":
            return self._one_cycle(progress)
        if progress < self.warmup:
            return _between(self.start, 1.0, progress / self.warmup)
        if self.name == "step":
            return max(self.gamma ** bisect.bisect_right(self.milestones, progress), self.final)
        return self._decay((progress - self.warmup) / (1.0 - self.warmup))

    def _decay(self, decayed: float) -> float:
        """The factor when `decayed` (0 to 1) of what follows the warm-up is done."""
        match self.name:
            case "linear":
                return _between(1.0, self.final, decayed)
            case "polynomial":
                return self.final + (1.0 - self.final) * (1.0 - decayed) ** self.power
            case "exponential":
                return float(self.final**decayed)
            case "cosine":
                return _cosine(1.0, self.final, self._within_cycle(decayed) if self.restarts else decayed)
        return 1.0

    def momentum(self, progress: float) -> float | None:
        """The momentum at `progress`, where the schedule changes it."""
        if not self.cycle_momentum:
            return None
        progress, rise = min(max(progress, 0.0), 1.0), self.warmup or ONE_CYCLE_RISE
        low, high = ONE_CYCLE_MOMENTUM
        if progress < rise:
            return _cosine(high, low, progress / rise)
        return _cosine(low, high, (progress - rise) / (1.0 - rise))

    def _within_cycle(self, decayed: float) -> float:
        """The fraction done of the current cycle, when `decayed` (0 to 1) of all cycles is."""
        lengths = [self.cycle_growth**number for number in range(self.restarts + 1)]
        place = decayed * sum(lengths)
        for length in lengths[:-1]:
            if place < length:
                return place / length
            place -= length
        return min(place / lengths[-1], 1.0)

    def _one_cycle(self, progress: float) -> float:
        rise = self.warmup or ONE_CYCLE_RISE
        if progress < rise:
            return _cosine(self.start or ONE_CYCLE_START, 1.0, progress / rise)
        return _cosine(1.0, self.final, (progress - rise) / (1.0 - rise))


def _between(first: float, last: float, fraction: float) -> float:
    return first + (last - first) * fraction


def _cosine(first: float, last: float, fraction: float) -> float:
    return last + (first - last) * (1.0 + math.cos(math.pi * fraction)) / 2.0
