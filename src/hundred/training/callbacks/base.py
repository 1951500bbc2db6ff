"""The interface of a callback: something that looks at each epoch's row and may act through `Control`."""

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event


@runtime_checkable
class Callback(Protocol):
    """Called by the fit loop. What it returns is sent to all listeners, in order.

    A callback that monitors a figure has an attribute `monitor` of type
    `hundred.training.callbacks.monitor.Monitor`, so that `check_monitors` can refuse a name that no row
    will have.
    """

    def after_epoch(self, row: EpochEnded, control: Control) -> Iterable[Event]:
        """Look at the row of the epoch that has just ended (with its validation), and act on `control`."""
        ...

    def at_end(self, control: Control) -> Iterable[Event]:
        """Training is over, for whatever reason; the last chance to change the weights."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that a resumed run needs: plain values and tensors, as torch.load(weights_only=True) reads."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as if nothing had happened since `state_dict()` gave `state`."""
        ...
