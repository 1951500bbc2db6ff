"""A warning where a run would take days, with what to do instead."""

import time
from collections.abc import Callable

from hundred.formatting import duration
from hundred.training.events import StepsDone

LONG_SECONDS = 24 * 3600.0
SECONDS_TO_SETTLE = 60.0  # the first steps are slow, and so are the estimates from them


class LongRunWarning:
    """Listener: warns once, as soon as the time left is known well enough."""

    def __init__(self, warn: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        """warn: called with the message."""
        self.warn, self.clock = warn, clock
        self.first: float | None = None
        self.warned = False

    def on_steps_done(self, event: StepsDone) -> None:
        """Look at the time left."""
        now = self.clock()
        self.first = now if self.first is None else self.first
        if self.warned or now - self.first < SECONDS_TO_SETTLE or event.seconds_left < LONG_SECONDS:
            return
        self.warned = True
        self.warn(
            f"at this speed the run takes about {duration(event.seconds_left)} more. Ctrl-C stops it, and "
            "--resume goes on; --resume --background leaves it running at idle priority. Shorter: --minutes "
            "fits a recipe into a time, --epochs trains fewer, and `sprint` is made for small machines"
        )
