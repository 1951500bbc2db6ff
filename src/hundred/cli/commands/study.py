"""`hundred study`."""

from pathlib import Path
from typing import Any

import click

from hundred.cli.background import background_option, launch
from hundred.cli.next_commands import print_next
from hundred.cli.output import (
    data_option,
    device_option,
    first_line,
    json_option,
    print_json,
    print_table,
    set_option,
)
from hundred.cli.run_names import runs_option
from hundred.errors import UsageError
from hundred.formatting import command, duration, percent


@click.command()
@click.argument("path", metavar="[STUDY]", required=False, type=click.Path())
@click.option(
    "--only", metavar="NAME,NAME", help="Systems to run, such as school,school-revisited; else all."
)
@data_option
@click.option("--repeat", type=click.IntRange(min=1), default=1, help="Seeds of each system.")
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of each run, instead of its recipe's.")
@click.option("--minutes", type=float, help="End each run within so many minutes.")
@click.option(
    "--protocol",
    type=click.Choice(["holdout", "test-as-validation"]),
    help="test-as-validation is the published study's habit.",
)
@click.option("--quick", is_flag=True, help="A few minutes: eight epochs on 1,000 easy drawn images.")
@device_option
@set_option("Override a value of every recipe.")
@click.option("--name", help="Name of the study: its runs are in study-NAME (full, or quick).")
@runs_option
@click.option("--resume", is_flag=True, help="Go on with all systems and seeds of the study STUDY or NAME.")
@background_option
@click.option("--quiet", is_flag=True, help="Show no progress, only warnings.")
@json_option
def study(
    as_json: bool,
    path: str | None,
    only: str | None,
    overrides: tuple[str, ...],
    background: bool,
    **options: Any,
) -> None:
    """Run the published study again: its systems, measured against what was published, on one page.

    What is trained already is kept: the same command goes on where the last one stopped, and so does --resume
    with a study's directory or name alone.

    \b
    Examples:
      hundred study --quick
      hundred study --only school,school-revisited --repeat 3 --data cifar-100-python
      hundred study --protocol test-as-validation --minutes 60
      hundred study --only school-revisited --background
      hundred study runs/study-full --resume --background
    """
    from hundred.study.systems import CIFAR100, chosen, study_folder

    if path is not None:
        options = {**options, "resume": True, **_name_and_runs(Path(path))}
    elif options["resume"]:
        _name_and_runs(study_folder(options["runs"], options["name"], quick=options["quick"]))

    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    chosen(names)
    if background:
        launch(options["runs"])
        return
    first_line("study: loading PyTorch", quiet=options["quiet"])
    from hundred.study.runner import run_study

    found = run_study(names, set=overrides, **options)
    if as_json:
        print_json(found.as_dict())
        return
    click.echo()
    rows = [
        [
            row["recipe"] + (" (cut short)" if row["cut_short"] else ""),
            str(row["runs"]),
            percent(row["test_accuracy"]),
            f"{percent(row['low'])} to {percent(row['high'])}",
            _published(row["recipe"]),
            duration(row["train_seconds"]),
        ]
        for row in found.table.to_dict("records")
    ]
    print_table(["system", "runs", "test accuracy", "95 % interval", "published", "training"], rows)
    if found.plan.data != CIFAR100:
        click.echo("\nnot of CIFAR-100: no figure here can be compared with a published one")
    for name, why in found.missing.items():
        click.echo(f"not here: {name}: {why}")
    click.echo(f"\ntable  {found.csv}")
    print_next([command("runs", "--runs", found.path)], found.page)


def _name_and_runs(folder: Path) -> dict[str, Any]:
    """The study in `folder` as options. Raises UsageError where there is none."""
    path = folder.resolve()
    if not (path / "study.json").is_file():
        raise UsageError(f"{folder} is not a study: it has no study.json")
    return {"name": path.name.removeprefix("study-"), "runs": str(path.parent)}


def _published(recipe: str) -> str:
    from hundred.study.systems import system_of

    return system_of(recipe).published
