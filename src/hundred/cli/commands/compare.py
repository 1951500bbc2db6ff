"""`hundred compare`."""

from typing import TYPE_CHECKING, Any

import click

from hundred.cli import complete
from hundred.cli.model_options import library_names, model_options, opening
from hundred.cli.output import (
    data_option,
    device_option,
    first_line,
    json_option,
    print_json,
    print_table,
)
from hundred.cli.run_names import all_existing, in_runs_option
from hundred.formatting import MISSING, duration, file_size, number, percent

if TYPE_CHECKING:
    from hundred.evaluation.compare.comparison import Comparison

SHOWN_CLASSES = 10  # of those that became better or worse; --json has all


@click.command()
@click.argument("what", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
@data_option
@model_options
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 0.999),
    default=0.95,
    show_default=True,
    help="Of the intervals and the verdict.",
)
@click.option("--figure", metavar="FILE", type=click.Path(), help="Draw accuracy against time as a picture.")
@in_runs_option
@device_option
@json_option
def compare(*, what: tuple[str, ...], figure: str | None, runs: str, as_json: bool, **options: Any) -> None:
    """Say which run is better, by how much, at what cost, and whether the difference is real.

    Each RUN is a run directory, a folder of repeats (`hundred train --repeat`), or a model file, which is
    tested on --data or on the runs' data. Where one is a file of a training history, all are compared by the
    validation figures of their histories.

    \b
    Examples:
      hundred compare runs/sprint-a runs/sprint-b
      hundred compare runs/sprint-x3-2026-01-31-1200 runs/school-x3-2026-01-31-1300 --json
      hundred compare mine.h5 theirs.h5 --data cifar-100-python
      hundred compare training-a.csv training-b.csv
    """
    from hundred.experiment.checks import check_compared
    from hundred.experiment.locate import place_of

    what = all_existing(what, runs)
    check_compared([place_of(each) for each in what])
    first_line("comparing: loading PyTorch")
    from hundred.evaluation.compare.histories import is_history_file

    if any(is_history_file(each) for each in what):
        _compare_histories(what, as_json)
        return
    from hundred.experiment.compare import compare_entries, draw_comparison, entry_of

    entries = [entry_of(each) for each in what]
    with library_names():
        found = compare_entries(entries, **opening(**options))
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found)
    for warning in found.warnings:
        click.echo(f"note: {warning}", err=True)
    if figure is not None:
        # Last: where no picture can be drawn, the table has been printed.
        draw_comparison(found, entries, figure)
        click.echo(f"picture: {figure}", err=True)


def _compare_histories(what: tuple[str, ...], as_json: bool) -> None:
    from hundred.evaluation.compare.histories import compare_histories

    found = compare_histories(*what)
    if as_json:
        print_json(found.as_dict())
        return
    rows = [side.as_dict() for side in found.sides]
    percents = found.figure == "val_accuracy"
    print_table(
        ["history", "epochs", found.figure, "best", "at epoch", "findings"],
        [
            [
                row["name"],
                str(row["epochs"]),
                *(
                    percent(value) if percents else f"{value:.4g}"
                    for value in (row["last"][found.figure], row["best"])
                ),
                f"{row['best_epoch']:g}",
                ", ".join(row["findings"]) or MISSING,
            ]
            for row in rows
        ],
    )
    click.echo(f"\n{found.verdict}")
    for line in found.differs:
        click.echo(f"differs: {line}")


def _print(found: "Comparison") -> None:
    print_table(
        ["name", "runs", "test accuracy", "interval", "over", "training", "parameters", "file", "per minute"],
        [_row(row) for row in found.as_dict()["contenders"]],
    )
    if found.table["pareto"].any():
        click.echo("* no other of these is both quicker to train and more accurate")
    click.echo(f"\n{found.verdict}")
    better, worse = (_classes(found.per_class, change) for change in ("better", "worse"))
    if better or worse:
        click.echo(f"\n{found.leader} against {found.other}, by class:")
        click.echo("".join(f"  {line}\n" for line in (better, worse) if line), nl=False)


def _row(row: dict[str, Any]) -> list[str]:
    per_minute = row["accuracy_per_minute"]
    size = row["file_bytes"]
    return [
        row["name"] + (" *" if row["pareto"] else ""),
        str(row["runs"]),
        percent(row["accuracy"]),
        f"{percent(row['low'])} to {percent(row['high'])}",
        row["interval"],
        duration(row["train_seconds"]),
        number(row["parameters"]),
        file_size(size),
        MISSING if per_minute is None else f"{100 * per_minute:.2f} points",
    ]


def _classes(table: Any, change: str) -> str:
    """The classes that are `better` or `worse` by more than chance, with their difference in points."""
    rows = table[table["change"] == change]  # the largest gain first
    rows = rows[::-1] if change == "worse" else rows
    if not len(rows):
        return ""
    shown = rows.head(SHOWN_CLASSES)
    classes = ", ".join(
        f"{name} ({100 * difference:+.1f})"
        for name, difference in zip(shown["class"], shown["difference"], strict=True)
    )
    more = f", and {len(rows) - len(shown)} more" if len(rows) > len(shown) else ""
    return f"{change}: {classes}{more}"
