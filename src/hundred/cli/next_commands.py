"""What to do next, printed after a result: one command a line, each of which works as pasted, and a link."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hundred.formatting import command


def print_next(commands: Sequence[str], page: Path | None = None) -> None:
    """Print `commands` below a link to the file `page`, where that is there."""
    links = [page.resolve().as_uri()] if page is not None and page.is_file() else []
    if links or commands:
        click.echo("\nNext:")
    program = _program()
    for line in (*links, *(program + each.removeprefix("hundred") for each in commands)):
        click.echo(f"  {line}")


def _program() -> str:
    """What this command was started as, where `hundred` alone would not be found or be another one."""
    invoked = Path(sys.argv[0])
    if invoked.parts[-2:] == ("hundred", "__main__.py") and shutil.which("hundred") is None:
        return f"{shlex.quote(sys.executable)} -m hundred"
    found = shutil.which("hundred")
    if invoked.name != "hundred" or (found is not None and Path(found).resolve() == invoked.resolve()):
        return "hundred"
    return shlex.quote(sys.argv[0])


def listing(folder: Path) -> list[str]:
    """The leaderboard of the folder of runs, and MLflow's page where one of its runs was sent there."""
    from hundred.runs.layout import MLFLOW

    where = [] if str(folder) == "runs" else ["--runs", folder]
    sent = any((path / MLFLOW).is_file() for path in folder.iterdir())
    return [command("runs", *where), *([command("ui", *where)] if sent else [])]
