"""Which display fits: a live one on a terminal or in a notebook, else plain lines, or warnings only."""

import sys
from typing import Protocol, TextIO

from hundred.runs.progress.notebook import NotebookProgress, in_notebook
from hundred.runs.progress.plain import PlainProgress, QuietProgress


class Display(Protocol):
    """A listener that holds a terminal and gives it back with `close`."""

    def close(self) -> None:
        """Leave the terminal as it was found; may be called twice."""


def progress_listener(*, quiet: bool = False, stream: TextIO | None = None) -> Display:
    """The listener that fits: a bar in a notebook, live on a terminal, else plain lines on `stream`.

    stream: standard error by default, and never a notebook if given. With `quiet` only warnings show. Call
    `close()` when training has ended, however it ended.
    """
    if stream is None and not quiet and in_notebook():
        return NotebookProgress()
    stream = sys.stderr if stream is None else stream
    if quiet:
        return QuietProgress(stream)
    if stream is not None and stream.isatty():
        from hundred.runs.progress.rich import LiveProgress, can_draw

        if can_draw(stream):
            return LiveProgress(stream)
    return PlainProgress(stream)
