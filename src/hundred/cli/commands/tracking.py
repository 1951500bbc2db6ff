"""`hundred ui` and `hundred sync`."""

from pathlib import Path

import click

from hundred.cli import complete
from hundred.cli.output import first_line, json_option, print_json
from hundred.cli.run_names import in_runs_option, path_of, runs_option


@click.command()
@runs_option
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the page (the first free one from 5000)."
)
def ui(runs: str, port: int | None) -> None:
    """Open the MLflow page on these runs, for this machine only (127.0.0.1).

    \b
    Example:
      hundred ui --port 5001
    """
    first_line(f"starting MLflow on {runs}")
    from hundred.runs.trackers.mlflow.ui import launch_ui

    launch_ui(runs, port=port, announce=click.echo)


@click.command()
@click.argument("paths", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
@in_runs_option
@json_option
def sync(paths: tuple[str, ...], runs: str, as_json: bool) -> None:
    """Send to MLflow what it does not have yet of these runs, such as after its server was down.

    \b
    Example:
      hundred sync runs/*
    """
    from dataclasses import asdict

    from hundred.runs.trackers.mlflow.sync import sync_run

    sent = {}
    for path in _runs_in(tuple(path_of(each, runs) for each in paths)):
        report = sync_run(path)
        sent[str(path)] = asdict(report)
        if report.note:
            click.echo(report.note, err=True)
        if not as_json:
            click.echo(f"{path}: {report}")
    if as_json:
        print_json({"sent": sent})


def _runs_in(paths: tuple[str, ...]) -> list[Path]:
    """The runs that `paths` name, those in folders of repeats, sweeps and studies among them. Other files and
    folders are passed over where there are several, as in `runs/*`."""
    from hundred.errors import UsageError
    from hundred.runs.layout import is_run
    from hundred.runs.leaderboard.entries import find_entry
    from hundred.runs.run import open_run

    found, others = list[Path](), list[str]()
    for path in paths:
        if is_run(Path(path)) or not Path(path).is_dir():
            if len(paths) > 1 and Path(path).is_file():
                others.append(path)
            else:
                found.append(open_run(path).path)
            continue
        try:
            found += [run.path for run in find_entry(path, Path(path).parent).runs]
        except UsageError:
            if len(paths) == 1:
                raise
            others.append(path)
    if others:
        click.echo(f"note: no run: {' '.join(others)}", err=True)
    return found
