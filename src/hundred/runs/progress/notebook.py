"""The display of a training in a notebook: one output with a bar and the epochs so far, updated in place.

It is HTML through IPython's `display`, which Jupyter, VS Code and Colab draw without widgets or extensions.
"""

import sys
import time
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from hundred.formatting import decimal, eta, percent
from hundred.runs.progress.format import (
    TimeLeft,
    cut_line,
    finding_line,
    heading,
    restored_line,
    stopped_line,
)

if TYPE_CHECKING:
    from hundred.training.events import (
        EpochEnded,
        Finding,
        LearningRateCut,
        RunStarted,
        StepsDone,
        Stopped,
        Warned,
        WeightsRestored,
    )

_SECONDS_BETWEEN_UPDATES = 0.5
_MOST_ROWS = 10  # epochs shown while training; the run itself has all of them
_TITLES = ("epoch", "loss", "accuracy", "val. loss", "val. accuracy", "images/s")


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def _ipython_output() -> Callable[[str], None]:
    """A function that shows HTML in the output of the running cell, each time in place of the last."""
    from IPython.display import HTML, display

    handles: list[Any] = []

    def show(html: str) -> None:
        if handles:
            handles[0].update(HTML(html))
        else:
            handles.append(display(HTML(html), display_id=True))

    return show


class NotebookProgress:
    """Listener: a bar over the whole training, the last epochs, and what happened between them."""

    def __init__(
        self, show: Callable[[str], None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`show` replaces the output with HTML (IPython's by default); `clock` gives seconds."""
        self.show = show or _ipython_output()
        self.clock = clock
        self.left = TimeLeft(clock)
        self.first_epoch = self.steps_per_epoch = 1
        self.title, self.status, self.done = "", "", 0.0
        self.rows: list[tuple[str, ...]] = []
        self.lines: list[str] = []
        self.updated = float("-inf")

    def on_run_started(self, event: "RunStarted") -> None:
        """Show what is trained, with an empty bar."""
        self.first_epoch = event.first_epoch
        self.steps_per_epoch = max(1, event.steps_per_epoch)
        self.left.start(event.first_epoch, event.epochs)
        self.title, self.status = heading(event), "starting"
        self._update()

    def on_steps_done(self, event: "StepsDone") -> None:
        """Move the bar, at most twice a second."""
        self.left.note(event)
        self._move(event.epoch, event.step)
        self.status = (
            f"epoch {event.epoch} of {self.left.epochs:g}, loss {decimal(event.loss, 3)}, "
            f"{event.images_per_second:,.0f} images/s, {eta(event.seconds_left)} left"
        )
        if self.clock() - self.updated >= _SECONDS_BETWEEN_UPDATES:
            self._update()

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Add the epoch's row."""
        self._move(event.epoch, self.steps_per_epoch)
        row = (
            f"{event.epoch}/{self.left.epochs:g}",
            decimal(event.loss),
            percent(event.accuracy),
            decimal(event.val_loss),
            percent(event.val_accuracy),
            f"{event.images_per_second:,.0f}",
        )
        self.rows = [*self.rows, row][-_MOST_ROWS:]
        self.status = f"{eta(self.left.after(event.epoch))} left"
        self._update()

    def on_learning_rate_cut(self, event: "LearningRateCut") -> None:
        """Say so below the rows."""
        self._say(cut_line(event))

    def on_weights_restored(self, event: "WeightsRestored") -> None:
        """Say so below the rows."""
        self._say(restored_line(event))

    def on_warned(self, event: "Warned") -> None:
        """Show the warning below the rows."""
        self._say(f"warning: {event.message}")

    def on_finding(self, event: "Finding") -> None:
        """Show the finding below the rows."""
        self._say(finding_line(event))

    def on_stopped(self, event: "Stopped") -> None:
        """Say why training ended, in place of the time left."""
        self.status = stopped_line(event)
        self._update()

    def close(self) -> None:
        """Leave the last state in the notebook."""

    def _move(self, epoch: int, step: int) -> None:
        total = (self.left.epochs - self.first_epoch + 1) * self.steps_per_epoch
        self.done = min(1.0, ((epoch - self.first_epoch) * self.steps_per_epoch + step) / max(1, total))

    def _say(self, line: str) -> None:
        self.lines.append(line)
        self._update()

    def _update(self) -> None:
        self.updated = self.clock()
        self.show(self.html())

    def html(self) -> str:
        """The whole display."""
        shape = "border-radius:4px;height:12px"
        bar = (
            f"<div style='background:rgba(128,128,128,.25);{shape};max-width:40em'>"
            f"<div style='background:#0072B2;{shape};width:{100 * self.done:.1f}%'></div></div>"
        )
        return (
            f"<div><b>{escape(self.title)}</b>{bar}{self.done:.0%}, {escape(self.status)}"
            f"{_table(self.rows) if self.rows else ''}"
            f"{''.join(f'<div>{escape(line)}</div>' for line in self.lines)}</div>"
        )


def _table(rows: list[tuple[str, ...]]) -> str:
    def line(tag: str, cells: tuple[str, ...]) -> str:
        inside = "".join(f"<{tag} style='text-align:right'>{escape(cell)}</{tag}>" for cell in cells)
        return f"<tr>{inside}</tr>"

    return f"<table>{line('th', _TITLES)}{''.join(line('td', row) for row in rows)}</table>"
