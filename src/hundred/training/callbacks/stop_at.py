"""Stop as soon as a figure has reached a target."""

from collections.abc import Iterable
from typing import Any

from hundred.training.callbacks.monitor import Mode, Monitor
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event


class StopAt:
    """Stop after the first epoch whose `monitor` is at `value` or better, such as val_accuracy at 0.64."""

    def __init__(self, monitor: str, value: float, mode: Mode = "auto") -> None:
        """Raises UsageError for a figure or mode that is unknown."""
        self.monitor = Monitor(monitor, mode)
        self.value = value

    def after_epoch(self, row: EpochEnded, control: Control) -> Iterable[Event]:
        """Compare and stop."""
        value = self.monitor.read(row)
        if value is None:
            return []
        if value >= self.value if self.monitor.mode == "max" else value <= self.value:
            control.stop("callback", f"{self.monitor.name} reached {self.value:g} in epoch {row.epoch}")
        return []

    def at_end(self, control: Control) -> Iterable[Event]:
        """Nothing is left to do."""
        return []

    def state_dict(self) -> dict[str, Any]:
        """Nothing is kept between epochs."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing is kept between epochs."""
