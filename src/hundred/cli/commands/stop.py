"""`hundred stop`."""

from pathlib import Path

import click

from hundred.cli import complete
from hundred.cli.run_names import path_of, runs_option


@click.command()
@click.argument("what", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
@runs_option
def stop(what: tuple[str, ...], runs: str) -> None:
    """Stop runs that are under way on this machine, in the background or in another terminal.

    Each ends after its current step, as by Ctrl-C, with everything up to there saved. A RUN may also be a
    folder of repeats, a sweep or a study.

    \b
    Examples:
      hundred stop runs/school-2026-01-31-1200
      hundred stop runs/study-full
    """
    from hundred.runs.stop import stop_runs

    for name in what:
        for run in stop_runs(Path(path_of(name, runs))):
            click.echo(f"stopped  {run}")
