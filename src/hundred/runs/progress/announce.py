"""One line on standard error for each phase of a command that takes more than a moment: loading, measuring,
testing, drawing."""

import os
import sys

from hundred.runs.progress.format import print_line
from hundred.runs.progress.notebook import in_notebook


def announce(phase: str, *, quiet: bool = False) -> None:
    """Print `phase` and dots, such as `loading images ...`; nothing with `quiet`, nor in any process of
    `torchrun` but the first."""
    if not quiet and os.environ.get("RANK", "0") == "0" and sys.stderr is not None:
        # A notebook shows standard error in red, as if something had gone wrong.
        print_line(sys.stdout if in_notebook() else sys.stderr, f"{phase} ...")
