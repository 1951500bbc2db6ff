"""A user's own callbacks: any object with some of the documented methods, given in Python or by name."""

from collections.abc import Iterable
from typing import Any

from hundred.errors import HundredError, UsageError
from hundred.training.control import Control
from hundred.training.events import METHODS, EpochEnded, Event
from hundred.training.importing import import_object

OWN_METHODS = ("after_epoch", "at_end", "state_dict", "load_state_dict")


class CustomCallback:
    """`target` as a callback: the methods it lacks do nothing.

    `target` may have `after_epoch(row, control)` and `at_end(control)`, which may return events or None;
    `state_dict()` and `load_state_dict(state)` if a resumed run needs its state; and any listener method
    (`on_epoch_ended(event)`, ...), which shows through here, so that this object is a listener as well.
    """

    def __init__(self, target: object) -> None:
        """Raises UsageError where `target` has none of the methods."""
        self.target = target
        self.name = type(target).__name__
        if not any(callable(getattr(target, method, None)) for method in (*OWN_METHODS[:2], *METHODS)):
            raise UsageError(
                f"{self.name} cannot be a callback: it has none of the methods after_epoch, at_end, "
                f"{', '.join(METHODS)}"
            )
        if hasattr(target, "state_dict") != hasattr(target, "load_state_dict"):
            raise UsageError(f"{self.name} needs both state_dict and load_state_dict, or neither")

    def after_epoch(self, row: EpochEnded, control: Control) -> Iterable[Event]:
        """The target's own `after_epoch`, if any. HundredError where it fails or returns something else."""
        return self._call("after_epoch", row, control)

    def at_end(self, control: Control) -> Iterable[Event]:
        """The target's own `at_end`, if any. HundredError where it fails or returns something else."""
        return self._call("at_end", control)

    def state_dict(self) -> dict[str, Any]:
        """The target's own state, or nothing."""
        method = getattr(self.target, "state_dict", None)
        return {} if method is None else dict(method())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Give the target its state back."""
        method = getattr(self.target, "load_state_dict", None)
        if method is not None:
            method(state)

    def __getattr__(self, name: str) -> Any:
        """Show the target's listener methods, and nothing else of it."""
        if name in METHODS:
            return getattr(self.target, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _call(self, name: str, *arguments: object) -> list[Event]:
        method = getattr(self.target, name, None)
        if method is None:
            return []
        try:
            events = list(method(*arguments) or ())
        except Exception as error:
            raise HundredError(
                f"the callback {self.name} failed in {name}: {type(error).__name__}: {error}"
            ) from error
        wrong = [event for event in events if not isinstance(event, Event)]
        if wrong:
            raise HundredError(
                f"the callback {self.name} returned {wrong[0]!r} from {name}; it may return events"
            )
        return events


def load_custom(where: str, **options: object) -> CustomCallback:
    """The callback that "package.module:Class" names, made with `options`.

    Modules of the current folder are found too. Raises UsageError where the name leads nowhere or the
    options do not fit.
    """
    make = import_object(where, "callback")
    try:
        return CustomCallback(make(**options))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where} does not take these options: {error}") from error
