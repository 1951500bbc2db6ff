"""`hundred runs`: the leaderboard, and tags, notes, archiving and removing of runs."""

import csv
import sys
from typing import TYPE_CHECKING, Any

import click

from hundred.cli import complete
from hundred.cli.output import print_json, print_table
from hundred.errors import HundredError
from hundred.formatting import csv_safe, duration, file_size, is_known, number, percent, plural

if TYPE_CHECKING:
    from hundred.runs.labels import Labels
    from hundred.runs.leaderboard.board import Board
    from hundred.runs.leaderboard.entries import Entry

LONGEST_TEXT = 40  # characters of a text in the table

runs_option = click.option(
    "--runs",
    "folder",
    default="runs",
    show_default=True,
    type=click.Path(),
    help="Folder of run directories.",
)
paths_argument = click.argument(
    "what", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.run_names
)


@click.group("runs", invoke_without_command=True)
@runs_option
@click.option(
    "--sort",
    default="test_accuracy",
    show_default=True,
    metavar="COLUMN",
    shell_complete=complete.columns,
    help="Best first by this column.",
)
@click.option("--reverse", is_flag=True, help="Worst first.")
@click.option("--where", metavar="CONDITION", help="Only runs such as 'test_accuracy>0.6 and recipe=sprint'.")
@click.option(
    "--columns",
    metavar="COLUMN,...",
    shell_complete=complete.columns,
    help="Which columns: figures of result.json, size, and keys of recipes; +COLUMN adds one.",
)
@click.option("--unfold", is_flag=True, help="Also list the runs in repeats, sweeps and studies.")
@click.option("--archived", is_flag=True, help="The archived runs instead.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with raw values.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def runs(
    ctx: click.Context, folder: str, columns: str | None, *, as_csv: bool, as_json: bool, **options: Any
) -> None:
    """List the runs here, best first; repeats, sweeps and studies are one row each.

    Runs under way show their last epoch. Subcommands tag, note, archive and remove runs; a RUN is a path or a
    name in --runs.

    \b
    Examples:
      hundred runs
      hundred runs --where 'test_accuracy>60% and recipe=sprint' --sort train_seconds
      hundred runs --columns +size,+training.batch_size --unfold
      hundred runs tag runs/sprint-2026-01-31-1200 baseline
      hundred runs note sprint-2026-01-31-1200 "the one in the paper"
      hundred runs rm school-x3-2026-01-31-1300
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = folder
        return
    from hundred.runs.leaderboard.board import board

    found = board(folder, columns=_columns(columns), **options)
    if as_json:
        print_json({"runs": [dict(zip(found.columns, found.values(row), strict=True)) for row in found.rows]})
    elif as_csv:
        _print_csv(found)
    elif found.rows:
        _print(found, bool(columns))
    else:
        click.echo(f"no {'archived ' * options['archived']}runs in {folder}{_condition(options['where'])}")


@runs.command()
@click.argument("run", shell_complete=complete.run_names)
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Remove these tags instead.")
@click.pass_obj
def tag(folder: str, run: str, tags: tuple[str, ...], *, remove: bool) -> None:
    """Tag a run, also in MLflow where it was sent there.

    \b
    Example:
      hundred runs tag runs/sprint-2026-01-31-1200 baseline paper
    """
    from hundred.runs.labels import read_labels

    entry = _entry(run, folder)
    labels = read_labels(entry.path)
    _write(entry, labels.with_tags(remove=tags) if remove else labels.with_tags(add=tags))


@runs.command()
@click.argument("run", shell_complete=complete.run_names)
@click.argument("text")
@click.pass_obj
def note(folder: str, run: str, text: str) -> None:
    """Give a run a note ('' removes it), also in MLflow where it was sent there.

    \b
    Example:
      hundred runs note runs/sprint-2026-01-31-1200 "the one in the paper"
    """
    from dataclasses import replace

    from hundred.runs.labels import read_labels

    entry = _entry(run, folder)
    _write(entry, replace(read_labels(entry.path), note=text))


@runs.command()
@paths_argument
@click.option("--undo", is_flag=True, help="List them again.")
@click.pass_obj
def archive(folder: str, what: tuple[str, ...], *, undo: bool) -> None:
    """Leave runs out of the list; they stay where they are, and `hundred runs --archived` lists them.

    \b
    Example:
      hundred runs archive runs/school-2026-01-31-1200
    """
    from dataclasses import replace

    from hundred.runs.labels import read_labels, write_labels

    for entry in [_entry(each, folder) for each in what]:
        write_labels(entry.path, replace(read_labels(entry.path), archived=not undo))
        click.echo(f"{entry.path}: {'listed again' if undo else 'archived'}")


@runs.command()
@paths_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rm(folder: str, what: tuple[str, ...], *, yes: bool) -> None:
    """Delete run directories, or folders of repeats, sweeps and studies, for good. MLflow's copy stays.

    \b
    Example:
      hundred runs rm runs/school-2026-01-31-1200
    """
    from hundred.runs.leaderboard.remove import remove

    found = [_entry(each, folder) for each in what]
    if not yes:
        for entry in found:
            figure = entry.values.get("test_accuracy")
            known = f", test accuracy {percent(figure)}" if is_known(figure) else ""
            click.echo(
                f"{entry.path}: {plural(len(entry.runs), 'run')}{known}, {file_size(entry.get('size'))}",
                err=True,
            )
        click.confirm("Delete for good?", abort=True, err=True)
    for entry in found:
        remove(entry)
        click.echo(f"{entry.path}: deleted")


def _entry(run: str, folder: str) -> "Entry":
    from hundred.runs.leaderboard.entries import find_entry

    return find_entry(run, folder)


def _write(entry: "Entry", labels: "Labels") -> None:
    """Write labels, show them, and send them to MLflow where the run is known there."""
    from hundred.runs.labels import write_labels
    from hundred.runs.layout import MLFLOW

    write_labels(entry.path, labels)
    shown = [*labels.tags, *([f'"{labels.note}"'] if labels.note else [])]
    click.echo(f"{entry.path}: {' '.join(shown) or 'no tags, no note'}")
    if (entry.path / MLFLOW).is_file():
        from hundred.runs.trackers.mlflow.sync import sync_labels, sync_run

        try:
            store = sync_run(entry.path).tracking_uri if entry.kind == "run" else sync_labels(entry.path)
            click.echo(f"sent to {store}", err=True)
        except HundredError as error:
            click.echo(f"note: not in MLflow yet ({error}): `hundred sync {entry.path}` sends it", err=True)


def _columns(text: str | None) -> list[str] | None:
    """The columns that `--columns` names: those alone, or the usual ones and each +COLUMN."""
    from hundred.runs.leaderboard.board import SHOWN

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    if not names:
        return None
    if any(name.startswith("+") for name in names):
        return list(dict.fromkeys([*SHOWN, *(name.lstrip("+") for name in names)]))
    return names


def _condition(where: str | None) -> str:
    return f" with {where}" if where else ""


def _print(found: "Board", chosen: bool) -> None:
    """The table; columns without any value are left out, unless they were asked for."""
    rows = [[_cell(column, row, row.get(column)) for column in found.columns] for row in found.rows]
    kept = [i for i in range(len(found.columns)) if chosen or any(row[i] for row in rows)]
    print_table([found.columns[i] for i in kept], [[row[i] or "-" for i in kept] for row in rows])


def _cell(column: str, row: "Entry", value: Any) -> str:
    if column == "state":
        return _state(row)
    if column == "name" and row.members:
        return f"{value} ({plural(row.values['runs'], 'run')})"
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str):
        return _local_time(value) if column == "started" else value.replace("\n", " ")[:LONGEST_TEXT]
    return _figure(column, value) if is_known(value) else ""


def _figure(column: str, value: Any) -> str:
    if column.endswith("accuracy") or column == "calibration_error":
        return percent(value)
    if column.endswith("seconds"):
        return duration(value)
    if column in ("size", "model_bytes"):
        return file_size(value)
    return str(value).lower() if isinstance(value, bool) else number(value)


def _state(row: "Entry") -> str:
    """`finished`, or how far a run is: `running, 3 of 8 epochs`."""
    state, planned = str(row.values["state"]), row.values.get("planned_epochs")
    if row.members or state not in ("running", "unfinished"):
        return state
    return f"{state}, {row.values['epochs']} of {planned} epochs" if planned else state


def _local_time(text: str) -> str:
    from datetime import datetime

    try:
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return text


def _print_csv(found: "Board") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(found.columns)
    for row in found.rows:
        values = [" ".join(value) if isinstance(value, list) else value for value in found.values(row)]
        writer.writerow(["" if value is None else csv_safe(value) for value in values])
