"""The live display of a training: a table that grows by a row an epoch, and a bar with the epoch under way.

Drawn with rich (https://rich.readthedocs.io), on request only: nothing else imports this module.
"""

import time
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

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

# Column titles with their widths: with two spaces between them they fit a terminal of 80 columns.
_COLUMNS = (
    ("epoch", 5),
    ("loss", 7),
    ("accuracy", 8),
    ("val loss", 8),
    ("val acc.", 8),
    ("lr", 9),
    ("images/s", 8),
    ("left", 11),
)


def can_draw(stream: TextIO) -> bool:
    """Whether the terminal behind `stream` can move its cursor (TERM=dumb cannot)."""
    console = Console(file=stream)
    return console.is_terminal and not console.is_dumb_terminal


class LiveProgress:
    """Listener: rows above, the bar below. Rows stay in the terminal when it ends, the bar goes."""

    def __init__(self, stream: TextIO, console: Console | None = None) -> None:
        """`stream` is the terminal; `console` replaces rich's own, for tests."""
        self.console = console or Console(file=stream, highlight=False)
        self.left = TimeLeft(time.monotonic)
        self.live: Live | None = None
        self.first_epoch = self.steps_per_epoch = 1
        self.best = float("-inf")

    def on_run_started(self, event: "RunStarted") -> None:
        """Print what is trained and show the bar."""
        self.first_epoch = event.first_epoch
        self.steps_per_epoch = max(1, event.steps_per_epoch)
        self.left.start(event.first_epoch, event.epochs)
        self.console.print(Text(heading(event), style="bold"))
        self.console.print(_row([title for title, _ in _COLUMNS], "dim"))
        self.close()
        # Refreshed by events, not by a thread: training needs all cores. Standard output stays as it is:
        # --json writes there.
        self.live = Live(
            self._bar(event.first_epoch, 0, "starting"),
            console=self.console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
        )
        self.live.start(refresh=True)

    def on_steps_done(self, event: "StepsDone") -> None:
        """Move the bar."""
        self.left.note(event)
        self._show(
            event.epoch,
            event.step,
            f"step {event.step}/{event.steps_per_epoch}  loss {decimal(event.loss, 4)}  "
            f"accuracy {percent(event.accuracy)}  lr {event.learning_rate:.3g}  "
            f"{event.images_per_second:,.0f} images/s  {eta(event.seconds_left)} left",
        )

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Add the epoch's row; the best validation accuracy so far stands out."""
        left = eta(self.left.after(event.epoch))
        better = event.val_accuracy is not None and event.val_accuracy > self.best
        if better and event.val_accuracy is not None:
            self.best = event.val_accuracy
        row = [
            f"{event.epoch}/{self.left.epochs:g}",
            decimal(event.loss, 4),
            percent(event.accuracy),
            decimal(event.val_loss, 4),
            percent(event.val_accuracy),
            f"{event.learning_rate:.3g}",
            f"{event.images_per_second:,.0f}",
            left,
        ]
        self.console.print(_row(row, "", "bold green" if better else ""))
        self._show(event.epoch, self.steps_per_epoch, f"{left} left")

    def on_learning_rate_cut(self, event: "LearningRateCut") -> None:
        """Print it between the rows."""
        self._print(cut_line(event), "cyan")

    def on_weights_restored(self, event: "WeightsRestored") -> None:
        """Print it between the rows."""
        self._print(restored_line(event), "cyan")

    def on_warned(self, event: "Warned") -> None:
        """Print the warning between the rows."""
        self._print(f"warning: {event.message}", "yellow")

    def on_finding(self, event: "Finding") -> None:
        """Print the finding between the rows."""
        self._print(finding_line(event), "magenta")

    def on_stopped(self, event: "Stopped") -> None:
        """Remove the bar and print why training ended."""
        self.close()
        self._print(stopped_line(event), "bold")

    def close(self) -> None:
        """Remove the bar and release the terminal; may be called twice."""
        if self.live is not None:
            self.live.stop()
            self.live = None

    def _print(self, line: str, style: str) -> None:
        self.console.print(Text(line, style=style))

    def _show(self, epoch: int, step: int, status: str) -> None:
        if self.live is not None:
            self.live.update(self._bar(epoch, step, status), refresh=True)

    def _bar(self, epoch: int, step: int, status: str) -> RenderableType:
        total = (self.left.epochs - self.first_epoch + 1) * self.steps_per_epoch
        done = min((epoch - self.first_epoch) * self.steps_per_epoch + step, total)
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True, justify="right")
        line.add_row(
            Text(f"epoch {epoch}/{self.left.epochs:g}"),
            ProgressBar(total=max(1, total), completed=done),
            Text(f"{done / max(1, total):.0%}"),
        )
        return Group(line, Text(status, no_wrap=True, overflow="ellipsis"))


def _row(cells: list[str], style: str, validation_style: str = "") -> Text:
    """One table row of fixed widths; a terminal too narrow cuts it rather than breaking it over two lines."""
    row = Text(style=style, no_wrap=True, overflow="ellipsis")
    for (title, width), cell in zip(_COLUMNS, cells, strict=True):
        row.append("  " + cell.rjust(width), style=validation_style if title == "val acc." else "")
    return row
