"""Ctrl-C ends training after the current step instead of raising within one."""

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """While it is open, the first SIGINT or SIGTERM sets a flag; a second one acts as usual.

    with Interrupt() as interrupt:
        Trainer(..., interrupted=interrupt.asked)

    Outside the main thread signals cannot be caught, and nothing is changed.
    """

    def __init__(self) -> None:
        """No signal has arrived yet."""
        self._asked = False
        self._before: dict[int, Any] = {}

    def asked(self) -> bool:
        """Whether a signal has arrived."""
        return self._asked

    def __enter__(self) -> "Interrupt":
        """Install the handlers."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the previous handlers."""
        self._restore()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
