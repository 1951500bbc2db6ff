"""Cut the learning rate when a figure stops improving, as Keras' ReduceLROnPlateau does."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from hundred.errors import UsageError
from hundred.training.callbacks.monitor import Mode, Monitor
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, LearningRateCut


class ReduceOnPlateau:
    """Multiply the base learning rate by `factor` after `patience` epochs without an improvement of more than
    `min_delta`, but not below `floor` (Keras: `min_lr`).

    After a cut, `cooldown` epochs pass before epochs count again. Same decisions as Keras 3, number for
    number: its learning rate is a float32, so the new rate is rounded to one here too.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        *,
        mode: Mode = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        floor: float = 0.0,
    ) -> None:
        """Raises UsageError for a figure or mode that is unknown, or a factor outside 0 to 1."""
        if not 0.0 < factor < 1.0:
            raise UsageError(f"the factor of reduce-on-plateau is {factor}; it must lie between 0 and 1")
        self.monitor = Monitor(monitor, mode, min_delta)
        self.factor = factor
        self.patience = patience
        self.cooldown = cooldown
        self.floor = floor
        self._best: float | None = None
        self._wait = 0
        self._cooling = 0

    def after_epoch(self, row: EpochEnded, control: Control) -> Iterable[Event]:
        """Count the epoch; cut `control.learning_rate` when patience is at its end."""
        value = self.monitor.read(row)
        if value is None:
            return []
        if self._cooling > 0:
            self._cooling -= 1
        if self.monitor.better(value, self._best):
            self._best = value
            self._wait = 0
            return []
        if self._cooling > 0:
            return []
        self._wait += 1
        if self._wait < self.patience:
            return []
        return self._cut(row.epoch, control)

    def _cut(self, epoch: int, control: Control) -> list[Event]:
        old = np.float32(control.learning_rate)
        if not old > np.float32(self.floor):
            return []  # At the floor the counter goes on, as in Keras.
        new = _as_float32(max(float(old) * self.factor, self.floor))
        reason = f"{self.monitor.name} has not improved for {_epochs(self._wait)}"
        event = LearningRateCut(epoch, control.learning_rate, new, reason)
        control.learning_rate = new
        self._cooling = self.cooldown
        self._wait = 0
        return [event]

    def at_end(self, control: Control) -> Iterable[Event]:
        """Nothing is left to do."""
        return []

    def state_dict(self) -> dict[str, Any]:
        """The counters and the best value; the learning rate itself is the run's to keep."""
        return {"best": self._best, "wait": self._wait, "cooling": self._cooling}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self._best, self._wait, self._cooling = state["best"], state["wait"], state["cooling"]


def _as_float32(value: float) -> float:
    """`value` rounded to float32, as the shortest decimal number that rounds to the same float32."""
    return float(str(np.float32(value)))


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"
