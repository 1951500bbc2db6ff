"""A monitored figure of an epoch's row, and what counts as an improvement of it: Keras' rules."""

from collections.abc import Iterable
from typing import Literal

import numpy as np

from hundred.errors import UsageError, nearest
from hundred.training.events import EpochEnded

Mode = Literal["auto", "min", "max"]

# Which way is better, for the figures where there is one; Keras' "auto" goes by the name in the same way.
DIRECTIONS: dict[str, Mode] = {"loss": "min", "val_loss": "min", "accuracy": "max", "val_accuracy": "max"}
FIGURES = (*DIRECTIONS, "learning_rate", "seconds", "images_per_second")


class Monitor:
    """The figure `name` of each row, compared as Keras 3 compares it: in float32, with `min_delta` subtracted
    from (mode "max") or added to (mode "min") the new value before it has to be strictly better.

    The first value is always an improvement, even NaN; nothing is an improvement on NaN.
    """

    def __init__(self, name: str, mode: Mode = "auto", min_delta: float = 0.0) -> None:
        """Raises UsageError for a figure that no row has, or an unknown or ambiguous mode."""
        if name not in FIGURES:
            raise UsageError(
                f"cannot monitor {name!r}{nearest(name, FIGURES)}: an epoch has {', '.join(FIGURES)}"
            )
        if mode not in ("auto", "min", "max"):
            raise UsageError(f"mode is {mode!r}; it must be 'auto', 'min' or 'max'")
        if mode == "auto" and name not in DIRECTIONS:
            raise UsageError(
                f"it is not known whether more or less {name} is better: set mode to 'min' or 'max'"
            )
        self.name = name
        self.mode = DIRECTIONS[name] if mode == "auto" else mode
        self.min_delta = abs(min_delta)

    def read(self, row: EpochEnded) -> float | None:
        """The figure in `row`, or None where it was not measured in that epoch."""
        value: float | None = getattr(row, self.name)
        return value

    def better(self, value: float, than: float | None) -> bool:
        """Whether `value` improves on `than` by more than `min_delta`."""
        if than is None:
            return True
        # Keras' metrics and comparisons are float32; in float64 a tie there could be an improvement here.
        with np.errstate(over="ignore"):
            if self.mode == "min":
                return bool(np.float32(value + self.min_delta) < np.float32(than))
            return bool(np.float32(value - self.min_delta) > np.float32(than))


def validate_monitor(name: str, available: Iterable[str]) -> None:
    """Raise UsageError, naming `available`, where a run's rows will not have a figure `name`."""
    available = list(available)
    if name in available:
        return
    raise UsageError(
        f"a callback monitors {name!r}, which this run does not measure{nearest(name, available)}\n"
        f"monitor one of {', '.join(available)}, or train with a validation split"
    )


def check_monitors(callbacks: Iterable[object], *, validation: bool) -> None:
    """Refuse, before training, callbacks that monitor a `val_*` figure in a run without validation.

    Raises UsageError.
    """
    available = [name for name in FIGURES if validation or not name.startswith("val_")]
    for callback in callbacks:
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, Monitor):
            validate_monitor(monitor.name, available)
