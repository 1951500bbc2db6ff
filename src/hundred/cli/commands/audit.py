"""`hundred audit`."""

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
    set_option,
)
from hundred.cli.run_names import existing, in_runs_option
from hundred.formatting import percent

if TYPE_CHECKING:
    from hundred.experiment.audit import Audit

SHOWN = 10


@click.command()
@click.argument("run", required=False, shell_complete=complete.runs)
@data_option
@click.option(
    "--folds",
    type=int,
    default=0,
    help="Cross-validate to check every training label (takes hours).",
)
@click.option("--recipe", shell_complete=complete.recipes, help="What --folds trains (sprint).")
@set_option("Override a value of it.")
@click.option("--seed", type=click.IntRange(min=0), help="Of these trainings (the recipe's: 0).")
@click.option(
    "--near", type=float, default=0.5, show_default=True, help="Distance up to which images are duplicates."
)
@click.option(
    "--out", metavar="FOLDER", help="For tables and pictures (audit, in the run where there is one)."
)
@click.option("--skip-damaged", is_flag=True, help="Leave out pictures of --data that cannot be decoded.")
@model_options
@in_runs_option
@device_option
@click.option("--quiet", is_flag=True, help="Show no progress.")
@json_option
def audit(
    run: str | None, out: str | None, overrides: tuple[str, ...], *, runs: str, as_json: bool, **options: Any
) -> None:
    """Find images that look mislabelled or that occur twice, within the splits and across them.

    RUN is a run, a folder of repeats, or a model file: its predictions of test (and validation) images are
    the evidence for doubting labels. Without one, only duplicates are looked for, unless --folds makes
    predictions of its own.

    \b
    Examples:
      hundred audit --data cifar-100-python
      hundred audit runs/sprint-2026-01-31-1200
      hundred audit --folds 5 --recipe sprint --out audit
    """
    from pathlib import Path

    from hundred.experiment.checks import check_audit

    check_audit(with_run=run is not None, folds=options["folds"], near=options["near"])
    run = existing(run, runs) if run is not None else None
    first_line("auditing: loading PyTorch", quiet=options["quiet"])
    from hundred.experiment.audit import audit as look
    from hundred.experiment.locate import place_of

    place = place_of(run) if run else Path()
    folder = Path(out) if out is not None else (place.parent if place.is_file() else place) / "audit"
    with library_names():
        found = look(run, set=overrides, out=folder, **opening(**options))
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)


def _print(found: "Audit") -> None:
    counts = found.counts
    for split, word in (("test", "test"), ("train", "training")):
        if split in found.weak:
            click.echo(
                f"{word} labels: not doubted: predictions that are right on {percent(found.accuracy[split])} "
                f"are too weak for it (they differ from {counts[f'suspected_{split}']:,} of "
                f"{found.judged[split]:,} labels, mostly by mistake)"
            )
        elif split in found.judged:
            click.echo(
                f"{word} labels: {counts[f'suspected_{split}']:,} of {found.judged[split]:,} are doubted, by "
                f"predictions that are right on {percent(found.accuracy[split])}"
            )
    leaked = counts["test_images_in_train"]
    click.echo(
        f"near-duplicates: {leaked:,} test images ({percent(leaked / max(found.test_images, 1))}) have one "
        f"among the training images; {counts['pairs_within_test']:,} pairs within the test and "
        f"{counts['pairs_within_train']:,} within the training images; {counts['pairs_exact']:,} pairs are "
        f"equal pixel for pixel, "
        f"{counts['pairs_labelled_differently']:,} are labelled differently"
    )
    labels = found.labels[~found.labels["split"].isin(found.weak)]
    if len(labels):
        click.echo("\nthe labels most in doubt:")
        print_table(
            ["split", "index", "label", "looks like", "probability"],
            [
                [
                    row["split"],
                    str(row["index"]),
                    row["given_name"],
                    row["suggested_name"],
                    percent(row["suggested_probability"]),
                ]
                for row in labels.sort_values("margin").head(SHOWN).to_dict("records")
            ],
        )
    if len(found.duplicates):
        click.echo("\nthe nearest pairs:")
        print_table(
            ["first", "second", "distance", "labels"],
            [
                [
                    f"{row['first_split']} {row['first']}",
                    f"{row['second_split']} {row['second']}",
                    "equal" if row["exact"] else f"{row['distance']:.3f}" + ", mirrored" * row["mirrored"],
                    _labels(row),
                ]
                for row in found.duplicates.head(SHOWN).to_dict("records")
            ],
        )
    click.echo()
    for path in found.files:
        click.echo(str(path))


def _labels(row: dict[Any, Any]) -> str:
    first, second = row["first_name"], row["second_name"]
    return str(first) if first == second else f"{first} / {second}"
