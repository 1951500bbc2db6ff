"""How long a run is: epochs, image sizes, and how both adapt to a time limit."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# Share of the time left that a plan does not use, since step times drift; each epoch plans it again.
MARGIN = 0.03
STORED_SIDE = 32
MOST_EPOCHS = 100_000
# A plan of fewer epochs is also made again within them, whenever another such share of the run is done.
SHORT_PLAN = 3
SHARE = 0.1
# The first steps at an image side say nothing of the others: they set up kernels and memory.
SETTING_UP = 2
# A plan that changes by a smaller share than this is no news.
NEWS = 0.1


@dataclass(frozen=True)
class WhenToAdd:
    """When epochs are added to a plan. until: a progress, after which nothing is: near the end of a
    learning-rate schedule it brings little. unused: the share of the time left that the plan leaves at least.
    """

    until: float
    unused: float


AFTER_EPOCHS = WhenToAdd(until=0.5, unused=2 * MARGIN)
WITHIN_EPOCHS = WhenToAdd(until=0.8, unused=0.1)


@dataclass
class Spent:
    """What the epochs so far took: seconds of training, their cost (`EpochPlan.cost`), and other seconds
    (validation, files) over a number of validations."""

    seconds: float = 0.0
    cost: float = 0.0
    beside: float = 0.0
    validations: int = 0


@dataclass
class EpochPlan:
    """Epochs to train, the image side over the run, and the clock.

    epochs: a whole number, or a fraction such as 4.5: then the last epoch has only that part of its steps.
    resolutions: (until which share of all steps, side in pixels); empty for images as stored.
    validate_every: epochs between validations; 0 is only after the last, which always is validated.
    deadline: `time.monotonic()` by which training should have ended, or None.
    most_epochs: limit for epochs added where the machine turns out faster; 0 adds none.
    anchor: (steps done, progress) at the last change of the plan; progress continues from there.
    costs: of a step by image side, in any unit; by default its number of pixels.
    validation_seconds: of one validation, as measured before the first.
    head_until: progress until which only the last layer trains, on features, at `head_cost` a step.
    """

    epochs: float
    steps_per_epoch: int
    resolutions: tuple[tuple[float, int], ...] = ()
    validate_every: int = 1
    deadline: float | None = None
    most_epochs: float = 0
    anchor: tuple[int, float] = (0, 0.0)
    costs: Mapping[int, float] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)
    validation_seconds: float = 0.0
    head_until: float = 0.0
    head_cost: float = 0.0

    @property
    def last_epoch(self) -> int:
        """The number of the last epoch."""
        return math.ceil(self.epochs)

    @property
    def total_steps(self) -> int:
        """Steps of all epochs."""
        whole = self.last_epoch - 1
        return whole * self.steps_per_epoch + max(round((self.epochs - whole) * self.steps_per_epoch), 1)

    def steps_until(self, epoch: int) -> int:
        """Steps done at the end of `epoch`."""
        return min(epoch * self.steps_per_epoch, self.total_steps)

    def progress(self, step: int) -> float:
        """The share of the run done, 0 to 1, when `step` steps (of all epochs) are."""
        from_step, from_progress = self.anchor
        steps_left = max(self.total_steps - from_step, 1)
        return from_progress + (1.0 - from_progress) * (step - from_step) / steps_left

    def sizes(self, epoch: int) -> list[int]:
        """The image side for each step of `epoch` (from 1); 0 is as stored."""
        first = (epoch - 1) * self.steps_per_epoch
        return [self._size(self.progress(step)) for step in range(first, self.steps_until(epoch))]

    def all_sizes(self) -> list[int]:
        """Every image side of the run, smallest first; 0 is as stored."""
        return sorted({size for _, size in self.resolutions} or {0})

    def validates(self, epoch: int) -> bool:
        """Whether a validation follows `epoch`."""
        return epoch == self.last_epoch or (self.validate_every > 0 and epoch % self.validate_every == 0)

    def cost(self, first: int, last: int) -> float:
        """Cost of the steps from `first` to before `last` (over all epochs), in the unit of `costs`."""
        begin, end = self.progress(first), self.progress(last)
        if end <= begin:
            return 0.0
        return (last - first) * (self._cost_until(end) - self._cost_until(begin)) / (end - begin)

    def fit_into(
        self,
        seconds: float,
        step_seconds: Mapping[int, float],
        validation_seconds: float,
        at_most: float = MOST_EPOCHS,
    ) -> str:
        """Set `epochs` to as many as fit into `seconds`, with a fraction, up to `at_most`.

        step_seconds: measured, of one step, by image side. validation_seconds: of one validation.
        Returns a warning where not even one epoch fits, else ''.
        """
        self.costs, self.most_epochs = dict(step_seconds), at_most
        self.validation_seconds = validation_seconds
        usable = seconds * (1.0 - MARGIN)
        step = self._cost_until(1.0)

        def seconds_of(epochs: float) -> float:
            plan = replace(self, epochs=epochs, anchor=(0, 0.0))
            return plan.total_steps * step + plan._validations_after(0) * validation_seconds

        self.epochs = self._most(0, at_most, lambda epochs: seconds_of(epochs) <= usable)
        if self.epochs >= min(1, at_most):
            return ""
        steps = f"{self.total_steps} of its {self.steps_per_epoch} steps"
        return f"not even one epoch fits into the time: it gets {steps}"

    def fit_tuning(
        self,
        seconds: float,
        step_seconds: Mapping[int, float],
        validation_seconds: float,
        head_step_seconds: float,
    ) -> bool:
        """After the planned epochs, which train the last layer on features, add as many that tune all layers
        as fit into `seconds`; whether any do. `head_until` is then where they begin.

        step_seconds, validation_seconds: as for `fit_into`, of the whole network.
        """
        self.costs, self.head_cost, self.most_epochs = dict(step_seconds), head_step_seconds, 0
        head = self.last_epoch
        left = seconds * (1.0 - MARGIN) - head * self.steps_per_epoch * head_step_seconds
        tuning = replace(self, epochs=1, head_until=0.0, head_cost=0.0, anchor=(0, 0.0))
        if left < tuning.total_steps * tuning._cost_until(1.0) + validation_seconds:
            return False
        tuning.fit_into(left / (1.0 - MARGIN), step_seconds, validation_seconds)
        self.epochs = head + tuning.epochs
        # Layers are unfrozen between epochs: a little before the first that is to tune them.
        self.head_until = math.floor(1e4 * (head - 0.1) / self.epochs) / 1e4
        return True

    def note(self, epoch: int, seconds: float, beside: float, sizes: Sequence[int]) -> None:
        """Record that `epoch` took `seconds` of training and `beside` for everything else.

        sizes: the image side of each of its steps.
        """
        if self._trains_head(epoch):
            return  # says nothing of the epochs that tune all layers
        self.spent.seconds += seconds
        self.spent.cost += self._cost_of(sizes)
        self.spent.beside += beside
        self.spent.validations += self.validates(epoch)

    def replan(self, epoch: int) -> str:
        """After `epoch`: by the recorded times, leave out what would end after the deadline, or add to it.

        The schedules of learning rate and image size then end with the new last step. Returns a warning if
        the plan changed by much, else ''.
        """
        if epoch >= self.last_epoch:
            return ""
        return self._replan(self.steps_until(epoch), epoch, self.spent, AFTER_EPOCHS)

    def replan_within(self, epoch: int, sizes: list[int], step: int, spent: Spent) -> str:
        """As `replan`, after `step` of the steps of `epoch`, by what it `spent` so far.

        A run of one epoch or two has no other chance: the first steps that a machine takes tell little.

        sizes: the image sides of the epoch's steps; those after `step` are changed with the plan.
        """
        both = replace(
            self.spent, seconds=self.spent.seconds + spent.seconds, cost=self.spent.cost + spent.cost
        )
        first = (epoch - 1) * self.steps_per_epoch
        warning = self._replan(first + step, epoch - 1, both, WITHIN_EPOCHS)
        steps_left = self.steps_until(epoch) - first - step
        sizes[step:] = [self._size(self.progress(first + step + each)) for each in range(steps_left)]
        return warning

    def _replan(self, done: int, validated: int, spent: Spent, when: WhenToAdd) -> str:
        """By `spent`, plan the steps after the first `done`; epochs up to `validated` are behind us."""
        if self.deadline is None or not spent.cost:
            return ""
        seconds = self.deadline - time.monotonic()
        planned, epochs = self.epochs, self._epochs_within(seconds, done, validated, spent, when)
        if epochs == planned:
            return ""
        changed = self._with(epochs, done)
        self.epochs, self.anchor = changed.epochs, changed.anchor
        if abs(epochs - planned) < NEWS * planned:
            return ""
        speed, why = ("slower", ", to end in time") if epochs < planned else ("faster", "")
        return f"the machine is {speed} than measured: {epochs:g} epochs instead of {planned:g}{why}"

    def extend(self, epochs: float, steps_per_epoch: int, epoch: int, *, rewarm: bool) -> None:
        """After `epoch`, go on to `epochs` epochs of `steps_per_epoch` steps.

        Schedules run through their rest in the epochs left, or with `rewarm` once more from the beginning.
        """
        progress = 0.0 if rewarm else self.progress(self.steps_until(epoch))
        if steps_per_epoch != self.steps_per_epoch:
            self.spent = Spent()
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.anchor = (epoch * steps_per_epoch, progress)

    def _epochs_within(
        self, seconds: float, done: int, validated: int, spent: Spent, when: WhenToAdd
    ) -> float:
        """How many epochs in all end within `seconds` after the first `done` steps.

        As planned, where that ends in time and leaves little of it unused.
        """
        planned, usable = self._seconds_after(done, validated, spent), seconds * (1.0 - MARGIN)

        def fits(epochs: float) -> bool:
            return self._with(epochs, done)._seconds_after(done, validated, spent) <= usable

        if planned > seconds:
            return self._most(done / self.steps_per_epoch, self.epochs, fits)
        full = planned >= seconds * (1.0 - when.unused) or self.most_epochs <= self.epochs
        if full or self.progress(done) > when.until:
            return self.epochs
        return max(self._most(done / self.steps_per_epoch, self.most_epochs, fits), self.epochs)

    def _most(self, least: float, most: float, fits: Callable[[float], bool]) -> float:
        """The most epochs between `least` and `most` that fit; at least one step where `least` is 0."""
        if fits(most):
            return int(most) if float(most).is_integer() else most
        low, high = round(least * self.steps_per_epoch), math.ceil(most * self.steps_per_epoch)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if fits(middle / self.steps_per_epoch) else (low, middle)
        return max(self._rounded(low), least) if least else self._rounded(max(low, 1))

    def _rounded(self, steps: int) -> float:
        """The epochs of so many steps, rounded down to a number that reads well."""
        epochs = steps / self.steps_per_epoch
        digits = 2 if epochs > 1 else 2 + math.ceil(math.log10(self.steps_per_epoch))
        short = math.floor(epochs * 10**digits + 1e-6) / 10**digits
        return int(short) if short.is_integer() else short

    def _with(self, epochs: float, done: int) -> "EpochPlan":
        """This plan changed to `epochs` after the first `done` steps."""
        return replace(self, epochs=epochs, anchor=(done, self.progress(done)))

    def late(self) -> bool:
        """Whether the deadline is past."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def seconds_left(self, epoch: int, step: int, seconds: float) -> float:
        """Estimate of the training time left, `seconds` into `epoch` after `step` of its steps."""
        first = (epoch - 1) * self.steps_per_epoch
        done = self.cost(first, first + step)
        rest = self.cost(first + step, self.total_steps)
        return seconds * rest / done if done > 0.0 else 0.0

    def state_dict(self) -> dict[str, Any]:
        """The state of the plan; a deadline is not kept, since a resumed run has its own."""
        return {
            "epochs": self.epochs,
            "steps_per_epoch": self.steps_per_epoch,
            "anchor": list(self.anchor),
            "costs": dict(self.costs),
            "spent": vars(self.spent).copy(),
            "head": [self.head_until, self.head_cost],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict()`."""
        self.epochs, self.steps_per_epoch = state["epochs"], state["steps_per_epoch"]
        self.anchor = (state["anchor"][0], state["anchor"][1])
        self.costs = dict(state["costs"])
        self.spent = Spent(**state["spent"])
        self.head_until, self.head_cost = state.get("head", (0.0, 0.0))

    def _trains_head(self, epoch: int) -> bool:
        return self.progress((epoch - 1) * self.steps_per_epoch) < self.head_until

    def _size(self, progress: float) -> int:
        if not self.resolutions:
            return 0
        return next((size for until, size in self.resolutions if progress < until), self.resolutions[-1][1])

    def _cost_until(self, progress: float) -> float:
        """The mean cost of a step, integrated over the run from 0 to `progress`."""
        total, start = 0.0, 0.0
        if self.head_until:
            total, start = min(progress, self.head_until) * self.head_cost, self.head_until
        for until, size in self.resolutions or ((1.0, 0),):
            total += max(min(progress, until) - start, 0.0) * self.step_cost(size)
            start = max(start, until)
        return total

    def _cost_of(self, sizes: Sequence[int]) -> float:
        """The cost of steps with these image sides."""
        return sum(self.step_cost(size) for size in sizes)

    def step_cost(self, size: int) -> float:
        """The cost of a step at this image side."""
        return self.costs.get(size, float((size or STORED_SIDE) ** 2))

    def _seconds_after(self, done: int, validated: int, spent: Spent) -> float:
        """Estimated seconds of all after the first `done` steps, at the average speed so far."""
        beside = spent.beside / spent.validations if spent.validations else self.validation_seconds
        training = spent.seconds * self.cost(done, self.total_steps) / spent.cost
        return training + beside * self._validations_after(validated)

    def _validations_after(self, epoch: int) -> int:
        last, every = self.last_epoch, self.validate_every
        if epoch >= last:
            return 0
        if not every:
            return 1
        return last // every - epoch // every + (last % every > 0)


class EpochWatch:
    """Within an epoch of a short plan with a deadline: makes the plan again by the speed of its steps."""

    def __init__(self, plan: EpochPlan, epoch: int, sizes: list[int]) -> None:
        """sizes: the image sides of the steps of `epoch`, changed with the plan."""
        self.plan, self.epoch, self.sizes = plan, epoch, sizes
        self._first = (epoch - 1) * plan.steps_per_epoch
        self._next = plan.progress(self._first) + SHARE
        self._spent, self._size, self._set_up = Spent(), -1, 0
        self._last = time.perf_counter()

    def after(self, step: int) -> str:
        """After `step` of the epoch: a warning where the plan changed by much, else ''."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        size = self.sizes[step - 1]
        if size != self._size:
            self._size, self._set_up = size, 0
        self._set_up += 1
        if self._set_up <= SETTING_UP:
            return ""
        self._spent.seconds += seconds
        self._spent.cost += self.plan.step_cost(size)
        progress = self.plan.progress(self._first + step)
        if progress < self._next or step >= len(self.sizes):
            return ""
        self._next = progress + SHARE
        return self.plan.replan_within(self.epoch, self.sizes, step, self._spent)
