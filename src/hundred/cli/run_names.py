"""RUN arguments of the commands: a path, or the name of a run in the folder that --runs names.

Looked up before PyTorch is imported, so that a mistyped name is answered at once.
"""

from collections.abc import Sequence
from pathlib import Path

import click

from hundred.errors import UsageError, nearest
from hundred.files import expand_user

runs_option = click.option(
    "--runs", default="runs", show_default=True, type=click.Path(), help="Folder of run directories."
)
in_runs_option = click.option(
    "--runs",
    default="runs",
    show_default=True,
    type=click.Path(),
    help="Folder in which runs are found by name.",
)


def path_of(what: str, runs: str) -> str:
    """`what` where it is a path; the run of that name in `runs` where only that is there; else `what`."""
    path = expand_user(what)
    inside = Path(runs) / path
    return str(inside) if len(path.parts) == 1 and not _is_there(path) and _is_there(inside) else what


def existing(what: str, runs: str) -> str:
    """As `path_of`. Raises UsageError where there is no such path either, with the nearest name."""
    found = path_of(what, runs)
    path = expand_user(found)
    if _is_there(path):
        return found
    folder = Path(runs) if len(path.parts) == 1 else path.parent
    raise UsageError(f"there is no run and no file {what!r}{nearest(path.name, _names(folder))}")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # such as a name of 300 letters
        return False


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []


def all_existing(what: Sequence[str], runs: str) -> tuple[str, ...]:
    """`existing` of each."""
    return tuple(existing(each, runs) for each in what)
