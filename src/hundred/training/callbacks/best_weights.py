"""Keep the best weights in memory and end with them."""

import math
from collections.abc import Iterable
from typing import Any

from torch import Tensor

from hundred.training.callbacks.monitor import Mode, Monitor
from hundred.training.callbacks.weights import copy_weights, restore_weights
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, NewBest, WeightsRestored


class BestWeights:
    """At the end, set the network back to the epoch with the best value of the monitored figure.

    The epochs chosen are those that Keras' ModelCheckpoint(save_best_only=True) would save: each that
    improves on all before it (by more than `min_delta`, which Keras has at 0 here). A value that is not a
    number is never the best.
    """

    def __init__(self, monitor: str = "val_loss", mode: Mode = "auto", min_delta: float = 0.0) -> None:
        """Raises UsageError for a figure or mode that is unknown."""
        self.monitor = Monitor(monitor, mode, min_delta)
        self._best: float | None = None
        self._best_epoch = 0
        self._weights: dict[str, Tensor] | None = None

    def after_epoch(self, row: EpochEnded, control: Control) -> Iterable[Event]:
        """Keep a copy of the weights if this epoch is the best so far."""
        value = self.monitor.read(row)
        # Unlike Keras: a NaN kept as the first best would never be beaten, and the run would end with it.
        if value is None or math.isnan(value) or not self.monitor.better(value, self._best):
            return []
        self._best, self._best_epoch = value, row.epoch
        self._weights = copy_weights(control.network)
        return [NewBest(row.epoch, self.monitor.name, value)]

    def at_end(self, control: Control) -> Iterable[Event]:
        """Put the best weights back."""
        if self._weights is None:
            return []
        restore_weights(control.network, self._weights)
        return [WeightsRestored(self._best_epoch, f"best {self.monitor.name}")]

    def state_dict(self) -> dict[str, Any]:
        """The best value, its epoch and its weights."""
        return {"best": self._best, "best_epoch": self._best_epoch, "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        self._best, self._best_epoch, self._weights = state["best"], state["best_epoch"], state["weights"]
