"""Ctrl-C as a wish to end after the current step, not as an exception in the middle of one."""

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """While it is open, the first SIGINT or SIGTERM sets a mark; a second one acts as it would have.

    with Interrupt() as interrupt:
        Trainer(..., interrupted=interrupt.asked)

    Outside the main thread signals cannot be caught, and nothing is changed.
    """

    def __init__(self) -> None:
        """Nothing has been asked yet."""
        self._asked = False
        self._before: dict[int, Any] = {}

    def asked(self) -> bool:
        """Whether the end was asked for."""
        return self._asked

    def __enter__(self) -> "Interrupt":
        """Catch the signals from here on."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the signals as they were."""
        self._restore()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
