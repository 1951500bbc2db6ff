"""How long a run is: epochs, image sizes, and how both bend to a time limit."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Share of the time left that a plan does not use: step times on a shared machine drift by about this much.
MARGIN = 0.05
STORED_SIDE = 32


@dataclass
class Plan:
    """Epochs to train, the image side over the run, and the clock.

    resolutions: (until which share of all steps, side in pixels); empty for images as stored.
    deadline: `time.monotonic()` by which training should have ended, or None.
    """

    epochs: int
    steps_per_epoch: int
    resolutions: tuple[tuple[float, int], ...] = ()
    validate_every: int = 1
    deadline: float | None = None
    # Where the plan was last changed, as (steps done, progress), so that progress goes on from there.
    anchor: tuple[int, float] = (0, 0.0)
    seconds_of_epoch: list[float] = field(default_factory=list)

    def progress(self, step: int) -> float:
        """The share of the run done, 0 to 1, when `step` steps (of all epochs) are."""
        from_step, from_progress = self.anchor
        steps_left = max(self.epochs * self.steps_per_epoch - from_step, 1)
        return from_progress + (1.0 - from_progress) * (step - from_step) / steps_left

    def sizes(self, epoch: int) -> list[int]:
        """The image side for each step of `epoch` (from 1); 0 is as stored."""
        first = (epoch - 1) * self.steps_per_epoch
        return [self._size(self.progress(first + step)) for step in range(self.steps_per_epoch)]

    def _size(self, progress: float) -> int:
        if not self.resolutions:
            return 0
        return next((size for until, size in self.resolutions if progress < until), self.resolutions[-1][1])

    def fit_into(self, seconds: float, step_seconds: Mapping[int, float], overhead_per_epoch: float) -> None:
        """Set `epochs` to as many as fit into `seconds`, at least 1.

        step_seconds: measured, of one step, by image side. overhead_per_epoch: validation and checkpoint.
        """
        usable = seconds * (1.0 - MARGIN)
        step = sum(share * step_seconds[size] for share, size in self._shares())
        self.epochs = max(int(usable / (step * self.steps_per_epoch + overhead_per_epoch)), 1)

    def _shares(self) -> list[tuple[float, int]]:
        """(share of all steps, image side)."""
        if not self.resolutions:
            return [(1.0, 0)]
        starts = [0.0, *(until for until, _ in self.resolutions)]
        return [(until - start, size) for start, (until, size) in zip(starts, self.resolutions, strict=False)]

    def replan(self, epoch: int, seconds: float) -> str:
        """After `epoch`, which took `seconds`: leave out epochs that no longer fit before the deadline.

        The learning rate and image size then run through the rest of their schedules in the epochs left.
        Returns a sentence for people where the plan changed, else ''.
        """
        self.seconds_of_epoch.append(seconds)
        if self.deadline is None or epoch >= self.epochs:
            return ""
        per_work = seconds / self.work(epoch)
        left = self.deadline - time.monotonic()
        planned, anchor = (
            self.epochs,
            (epoch * self.steps_per_epoch, self.progress(epoch * self.steps_per_epoch)),
        )
        for epochs in range(planned, epoch - 1, -1):
            trial = Plan(epochs, self.steps_per_epoch, self.resolutions, anchor=anchor)
            if per_work * sum(trial.work(e) for e in range(epoch + 1, epochs + 1)) <= left:
                break
        if epochs == planned:
            return ""
        self.epochs, self.anchor = epochs, anchor
        return f"the machine is slower than measured: {epochs} epochs instead of {planned}, to end in time"

    def work(self, epoch: int) -> float:
        """Relative cost of `epoch`: the mean number of pixels of its images."""
        sizes = self.sizes(epoch)
        return sum((size or STORED_SIDE) ** 2 for size in sizes) / len(sizes)

    def seconds_left(self, epoch: int, step: int, seconds: float) -> float:
        """Estimate of the training time left, `seconds` into `epoch` after `step` of its steps."""
        pixels = [(size or STORED_SIDE) ** 2 for size in self.sizes(epoch)]
        done, rest = sum(pixels[:step]), sum(pixels[step:])
        later = sum(self.work(e) for e in range(epoch + 1, self.epochs + 1)) * self.steps_per_epoch
        return seconds * (rest + later) / max(done, 1)

    def state_dict(self) -> dict[str, Any]:
        """The plan as it stands; a deadline belongs to one sitting and is not kept."""
        return {"epochs": self.epochs, "anchor": list(self.anchor), "seconds": list(self.seconds_of_epoch)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the plan as it stood."""
        self.epochs = int(state["epochs"])
        self.anchor = (int(state["anchor"][0]), float(state["anchor"][1]))
        self.seconds_of_epoch = list(state["seconds"])
