"""What to do next, printed after a result: one command a line, each of which works as pasted, and a link."""

from collections.abc import Sequence
from pathlib import Path

import click

from hundred.formatting import command


def print_next(commands: Sequence[str], page: Path | None = None) -> None:
    """Print `commands` below a link to the file `page`, where that is there."""
    links = [page.resolve().as_uri()] if page is not None and page.is_file() else []
    if links or commands:
        click.echo("\nNext:")
    for line in (*links, *commands):
        click.echo(f"  {line}")


def listing(folder: Path) -> list[str]:
    """The leaderboard of the folder of runs, and MLflow's page where one of its runs was sent there."""
    from hundred.runs.layout import MLFLOW

    where = [] if str(folder) == "runs" else ["--runs", folder]
    sent = any((path / MLFLOW).is_file() for path in folder.iterdir())
    return [command("runs", *where), *([command("ui", *where)] if sent else [])]
