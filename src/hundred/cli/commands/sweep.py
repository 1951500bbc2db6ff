"""`hundred sweep`."""

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from hundred.cli import complete
from hundred.cli.background import background_option, launch
from hundred.cli.next_commands import listing, print_next
from hundred.cli.output import (
    data_option,
    first_line,
    json_option,
    print_json,
    print_pairs,
    print_table,
    set_option,
)
from hundred.formatting import MISSING, command, percent


@click.command()
@click.argument("recipe", required=False, shell_complete=complete.recipes)
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY=VALUES",
    help="Values to try: LOW..HIGH, LOW..HIGH:log, LOW..HIGH:5 (five values), or A,B,C. Repeatable.",
)
@click.option("--trials", type=click.IntRange(min=1), help="Number of trials (20, or the whole grid).")
@click.option(
    "--minutes",
    type=float,
    help="Time limit: start no trial that would not end in time, retraining included.",
)
@click.option("--search", type=click.Choice(["tpe", "random", "grid"]), help="Search algorithm (tpe).")
@click.option("--prune/--no-prune", default=None, help="Stop trials early that fall behind (on).")
@click.option(
    "--pruner",
    type=click.Choice(["median", "halving"]),
    help="Behind the median of earlier trials, or behind their best third after 1/9 and 1/3 of the epochs.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=0),
    help="Seeds with which the best trial is retrained and tested before it is the winner (3).",
)
@data_option
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of each trial, instead of the recipe's.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@click.option("--seed", type=click.IntRange(min=0), help="Of the search and of all training (0).")
@set_option("Override a value of the recipe.")
@click.option("--name", help="Name of the sweep's directory (recipe and time).")
@click.option(
    "--runs", default="runs", show_default=True, type=click.Path(), help="Folder of run directories."
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the sweep NAME, the one whose directory is RECIPE, or the newest unfinished one.",
)
@click.option(
    "--ray", metavar="ADDRESS", help="Train on a Ray cluster: HOST:PORT, auto, or local for one here."
)
@click.option("--workers", type=click.IntRange(min=1), help="Trials at once on the cluster (as many as fit).")
@click.option(
    "--cpus", type=click.IntRange(min=1), help="CPU threads of each trial (on a cluster 1, else all)."
)
@click.option(
    "--gpus", type=float, help="GPUs of each trial; 0.25 has four share one (1 where there are any)."
)
@click.option(
    "--store", metavar="URL", help="Keep run directories there (s3://..., file://...) instead of here."
)
@click.option("--figures/--no-figures", default=True, show_default=True, help="Draw the pictures.")
@background_option
@click.option("--quiet", is_flag=True, help="Show no progress, only warnings.")
@json_option
def sweep(
    as_json: bool,
    prune: bool | None,
    pruner: str | None,
    overrides: tuple[str, ...],
    background: bool,
    **options: Any,
) -> None:
    """Search over values of RECIPE (sprint), choosing by validation accuracy alone.

    Every trial is a run directory. What has ended is kept: with --name the same command goes on where it
    stopped, as does --resume.

    \b
    Examples:
      hundred sweep --data sample --vary training.learning_rate=0.02..0.5:log --vary augment.cutout=0,4,8
      hundred sweep school --data cifar-100-python --vary training.batch_size=64,128,256 --search grid
      hundred sweep runs/sprint-sweep-2026-01-31-1200 --resume
      hundred sweep sprint --vary training.learning_rate=0.02..0.5:log --trials 200 --ray auto --gpus 0.25
    """
    from hundred.recipe.load import DEFAULT_RECIPE, load_recipe
    from hundred.sweeps.plan import is_sweep, unfinished_sweep
    from hundred.sweeps.search.space import parse_space, parse_vary

    runs, name, recipe = Path(options["runs"]), options["name"], options["recipe"]
    begun = is_sweep(runs / name) if name else recipe is not None and is_sweep(Path(recipe))
    if options["resume"] and not begun:
        unfinished_sweep(runs, name, None if recipe is None else load_recipe(recipe).recipe.name)
    elif not begun:
        resolved = load_recipe(recipe or DEFAULT_RECIPE, overrides)
        parse_space(parse_vary(options["vary"]), resolved.recipe.as_dict())
    if background:
        launch(options["runs"], ray=options["ray"])
        return
    first_line("sweep: loading PyTorch", quiet=options["quiet"])
    from hundred.sweeps.api import run_sweep

    choice: bool | str | None = prune if pruner is None or prune is False else pruner
    with redirect_stdout(sys.stderr):  # Ray prints messages about failed machines
        found = run_sweep(options.pop("recipe"), options.pop("vary"), prune=choice, set=overrides, **options)
    if as_json:
        print_json({"path": str(found.path), **found.summary})
        return
    _print(found)


def _print(found: Any) -> None:
    summary, keys = found.summary, list(found.plan.vary)
    table = found.table.sort_values("val_accuracy", ascending=False, kind="stable").head(5)
    rows = [
        [str(row["trial"]), row["state"], percent(row["val_accuracy"]), *(str(row[key]) for key in keys)]
        for row in table.to_dict("records")
    ]
    click.echo()
    print_table(["trial", "state", "validation", *keys], rows)
    click.echo()
    sample = "  (drawn sample set, not CIFAR-100)" if summary["data"] == "sample" else ""
    pairs = [("trials", ", ".join(f"{count} {state}" for state, count in summary["trials"].items()))]
    if summary["importance"]:
        shares = "  ".join(f"{key} {share:.0%}" for key, share in summary["importance"].items())
        pairs.append(("mattered", shares))
    if summary["winner"] is not None:
        winner = summary["winner"]
        pairs.append(("winner", "  ".join(f"{k}={v}" for k, v in summary["best"]["parameters"].items())))
        pairs.append(
            ("validation", f"{_figure(winner['val_accuracy'])}, with {len(winner['seeds'])} other seeds")
        )
        pairs.append(("test accuracy", _figure(winner["test_accuracy"]) + sample))
    pairs.append(("results", str(found.path)))
    print_pairs(pairs)
    commands = [command("runs", "--runs", found.path), *listing(found.path.parent)]
    print_next(commands, found.path / "report.html")


def _figure(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return MISSING
    spread = "" if figure["sd"] is None else f" (standard deviation {percent(figure['sd'])})"
    return percent(figure["mean"]) + spread
