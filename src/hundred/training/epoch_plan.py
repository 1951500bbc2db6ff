"""How long a run is: epochs, image sizes, and how both adapt to a time limit."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

# Share of the time left that a plan does not use: step times on a shared machine drift by about this much.
MARGIN = 0.05
STORED_SIDE = 32
MOST_EPOCHS = 100_000
# Progress after which no epochs are added: near the end of a learning-rate schedule they bring little.
LATEST_GROWTH = 0.5


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

    resolutions: (until which share of all steps, side in pixels); empty for images as stored.
    validate_every: epochs between validations; 0 is only after the last, which always is validated.
    deadline: `time.monotonic()` by which training should have ended, or None.
    most_epochs: limit for epochs added where the machine turns out faster; 0 adds none.
    anchor: (steps done, progress) at the last change of the plan; progress continues from there.
    costs: of a step by image side, in any unit; by default its number of pixels.
    """

    epochs: int
    steps_per_epoch: int
    resolutions: tuple[tuple[float, int], ...] = ()
    validate_every: int = 1
    deadline: float | None = None
    most_epochs: int = 0
    anchor: tuple[int, float] = (0, 0.0)
    costs: Mapping[int, float] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)

    def progress(self, step: int) -> float:
        """The share of the run done, 0 to 1, when `step` steps (of all epochs) are."""
        from_step, from_progress = self.anchor
        steps_left = max(self.epochs * self.steps_per_epoch - from_step, 1)
        return from_progress + (1.0 - from_progress) * (step - from_step) / steps_left

    def sizes(self, epoch: int) -> list[int]:
        """The image side for each step of `epoch` (from 1); 0 is as stored."""
        first = (epoch - 1) * self.steps_per_epoch
        return [self._size(self.progress(first + step)) for step in range(self.steps_per_epoch)]

    def all_sizes(self) -> list[int]:
        """Every image side of the run, smallest first; 0 is as stored."""
        return sorted({size for _, size in self.resolutions} or {0})

    def validates(self, epoch: int) -> bool:
        """Whether a validation follows `epoch`."""
        return epoch == self.epochs or (self.validate_every > 0 and epoch % self.validate_every == 0)

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
        at_most: int = MOST_EPOCHS,
    ) -> str:
        """Set `epochs` to as many as fit into `seconds`, from 1 to `at_most`; returns a warning or ''.

        step_seconds: measured, of one step, by image side. validation_seconds: of one validation.
        Where not even one epoch fits, it gets fewer steps, with a warning.
        """
        self.costs, self.most_epochs = dict(step_seconds), at_most
        usable = seconds * (1.0 - MARGIN)
        step = self._cost_until(1.0)
        epoch_seconds = step * self.steps_per_epoch
        self.epochs = min(max(int(usable / epoch_seconds), 1), at_most)
        while self.epochs > 1 and self._seconds_in_all(epoch_seconds, validation_seconds) > usable:
            self.epochs -= 1
        fitting = int((usable - validation_seconds) / step)
        if fitting >= self.steps_per_epoch or self.steps_per_epoch == 1:
            return ""
        whole, self.steps_per_epoch = self.steps_per_epoch, max(fitting, 1)
        return f"not even one epoch fits into the time: it gets {self.steps_per_epoch} of its {whole} steps"

    def note(self, epoch: int, seconds: float, beside: float) -> None:
        """Record that `epoch` took `seconds` of training and `beside` for everything else."""
        last = epoch * self.steps_per_epoch
        self.spent.seconds += seconds
        self.spent.cost += self.cost(last - self.steps_per_epoch, last)
        self.spent.beside += beside
        self.spent.validations += self.validates(epoch)

    def replan(self, epoch: int) -> str:
        """After `epoch`: by the recorded times, remove epochs that would end after the deadline, or add some.

        The schedules of learning rate and image size then end with the new last epoch. Returns a warning if
        the plan changed, else ''.
        """
        if self.deadline is None or epoch >= self.epochs or not self.spent.cost:
            return ""
        planned, epochs = self.epochs, self._epochs_within(self.deadline - time.monotonic(), epoch)
        if epochs == planned:
            return ""
        changed = self._with(epochs, epoch)
        self.epochs, self.anchor = changed.epochs, changed.anchor
        speed, why = ("slower", ", to end in time") if epochs < planned else ("faster", "")
        return f"the machine is {speed} than measured: {epochs} epochs instead of {planned}{why}"

    def extend(self, epochs: int, steps_per_epoch: int, epoch: int, *, rewarm: bool) -> None:
        """After `epoch`, go on to `epochs` epochs of `steps_per_epoch` steps.

        Schedules run through their rest in the epochs left, or with `rewarm` once more from the beginning.
        """
        progress = 0.0 if rewarm else self.progress(epoch * self.steps_per_epoch)
        if steps_per_epoch != self.steps_per_epoch:
            self.spent = Spent()
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.anchor = (epoch * steps_per_epoch, progress)

    def _epochs_within(self, seconds: float, epoch: int) -> int:
        """How many epochs in all end within `seconds` after the end of `epoch`."""
        epochs = self.epochs
        while epochs > epoch and self._with(epochs, epoch)._seconds_after(epoch) > seconds:
            epochs -= 1
        if epochs < self.epochs or self.progress(epoch * self.steps_per_epoch) > LATEST_GROWTH:
            return epochs
        # With the margin of a first plan, so that an epoch is not added and removed in turns.
        usable = seconds * (1.0 - MARGIN)
        while epochs < self.most_epochs and self._with(epochs + 1, epoch)._seconds_after(epoch) <= usable:
            epochs += 1
        return epochs

    def _with(self, epochs: int, epoch: int) -> "EpochPlan":
        """This plan changed to `epochs` after `epoch`."""
        done = epoch * self.steps_per_epoch
        return replace(self, epochs=epochs, anchor=(done, self.progress(done)))

    def late(self) -> bool:
        """Whether the deadline is past."""
        return self.deadline is not None and time.monotonic() > self.deadline

    def seconds_left(self, epoch: int, step: int, seconds: float) -> float:
        """Estimate of the training time left, `seconds` into `epoch` after `step` of its steps."""
        first = (epoch - 1) * self.steps_per_epoch
        done = self.cost(first, first + step)
        rest = self.cost(first + step, self.epochs * self.steps_per_epoch)
        return seconds * rest / done if done > 0.0 else 0.0

    def state_dict(self) -> dict[str, Any]:
        """The state of the plan; a deadline is not kept, since a resumed run has its own."""
        return {
            "epochs": self.epochs,
            "steps_per_epoch": self.steps_per_epoch,
            "anchor": list(self.anchor),
            "costs": dict(self.costs),
            "spent": vars(self.spent).copy(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore `state_dict()`."""
        self.epochs, self.steps_per_epoch = state["epochs"], state["steps_per_epoch"]
        self.anchor = (state["anchor"][0], state["anchor"][1])
        self.costs = dict(state["costs"])
        self.spent = Spent(**state["spent"])

    def _size(self, progress: float) -> int:
        if not self.resolutions:
            return 0
        return next((size for until, size in self.resolutions if progress < until), self.resolutions[-1][1])

    def _cost_until(self, progress: float) -> float:
        """The mean cost of a step, integrated over the run from 0 to `progress`."""
        total, start = 0.0, 0.0
        for until, size in self.resolutions or ((1.0, 0),):
            cost = self.costs.get(size, float((size or STORED_SIDE) ** 2))
            total += max(min(progress, until) - start, 0.0) * cost
            start = until
        return total

    def _seconds_in_all(self, epoch_seconds: float, validation_seconds: float) -> float:
        return self.epochs * epoch_seconds + self._validations_after(0) * validation_seconds

    def _seconds_after(self, epoch: int) -> float:
        """Estimated seconds of the epochs after `epoch`, at the average speed so far."""
        done, end = epoch * self.steps_per_epoch, self.epochs * self.steps_per_epoch
        beside = self.spent.beside / max(self.spent.validations, 1)
        training = self.spent.seconds * self.cost(done, end) / self.spent.cost
        return training + beside * self._validations_after(epoch)

    def _validations_after(self, epoch: int) -> int:
        if epoch >= self.epochs:
            return 0
        if not self.validate_every:
            return 1
        last_too = self.epochs % self.validate_every > 0
        return self.epochs // self.validate_every - epoch // self.validate_every + last_too
