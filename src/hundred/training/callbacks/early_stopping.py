"""Stop when a figure stops improving, as Keras' EarlyStopping does."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from hundred.training.callbacks.monitor import Mode, Monitor
from hundred.training.callbacks.weights import copy_weights, restore_weights
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, NewBest, WeightsRestored


class EarlyStopping:
    """Stop after `patience` epochs without an improvement of more than `min_delta`, as Keras 3 does.

    baseline: where given, only values that also improve on it set the counter of epochs back.
    restore_best_weights: at the end of training, early or not, put back the weights of the best epoch.
    start_from_epoch: so many first epochs are not looked at.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        *,
        mode: Mode = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        """Raises UsageError for a figure or mode that is unknown."""
        self.monitor = Monitor(monitor, mode, min_delta)
        self.patience = patience
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._best: float | None = None
        self._best_epoch = 0
        self._wait = 0
        self._weights: dict[str, Tensor] | None = None

    def after_epoch(self, row: EpochEnded, control: Control) -> Iterable[Event]:
        """Count the epoch; keep its weights if it is the best; stop when patience is at its end."""
        value = self.monitor.read(row)
        if value is None or row.epoch <= self.start_from_epoch:
            return []
        self._wait += 1
        if self.monitor.better(value, self._best):
            self._best, self._best_epoch = value, row.epoch
            # As in Keras, an epoch short of the baseline is kept, but does not buy time.
            if self.baseline is None or self.monitor.better(value, self.baseline):
                self._wait = 0
            return self._keep(control, value)
        if self._wait >= self.patience:
            detail = f"{self.monitor.name} has not improved since epoch {self._best_epoch}"
            control.stop("early-stopping", detail)
        return []

    def _keep(self, control: Control, value: float) -> list[Event]:
        if not self.restore_best_weights:
            return []
        self._weights = copy_weights(control.network)
        return [NewBest(self._best_epoch, self.monitor.name, value)]

    def at_end(self, control: Control) -> Iterable[Event]:
        """Put the best weights back, where that was asked for."""
        if self._weights is None:
            return []
        restore_weights(control.network, self._weights)
        return [WeightsRestored(self._best_epoch, f"best {self.monitor.name}")]

    def state_dict(self) -> dict[str, Any]:
        """The counters, the best value, and the best weights where they are kept."""
        return {
            "best": self._best,
            "best_epoch": self._best_epoch,
            "wait": self._wait,
            "weights": self._weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self._best, self._best_epoch = state["best"], state["best_epoch"]
        self._wait, self._weights = state["wait"], state["weights"]
