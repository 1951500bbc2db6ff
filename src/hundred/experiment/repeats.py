"""One recipe with several seeds: a folder of runs, and what they say together."""

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hundred.errors import HundredError, UsageError
from hundred.evaluation.intervals import summarize
from hundred.experiment.build.data import open_data
from hundred.experiment.repeats_folder import REPEATS, Repeats
from hundred.experiment.repeats_mlflow import nested
from hundred.experiment.run.context import RunOptions
from hundred.experiment.run.lifecycle import train_run
from hundred.files import write_json
from hundred.recipe.load import Resolved, load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.directory import create_run_directory, newest_unfinished
from hundred.runs.layout import RECIPE
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run

FIGURES = (
    "test_accuracy",
    "val_accuracy",
    "test_top5_accuracy",
    "test_coarse_accuracy",
    "test_loss",
    "train_seconds",
)


def train_repeats(resolved: Resolved, call: RunOptions, repeat: int) -> Repeats:
    """Train `repeat` seeds from the recipe's own upwards; with `call.resume`, only those not finished yet.

    A deadline is shared evenly; the first seed's plan is everybody's, so that they stay comparable.
    """
    first = resolved.recipe.seed
    seeds = list(range(first, first + repeat))
    call = replace(call, data=open_data(call.data))
    folder = _folder(resolved.recipe.name, call, repeat)
    try:
        with nested(folder, resolved.recipe, call) as call:
            runs = _train_all(resolved, call, folder, seeds)
            write_summary(folder, seeds, runs)
    except BaseException:
        with suppress(OSError):
            folder.rmdir()  # where nothing was begun, as with a wrong recipe
        raise
    return Repeats(folder)


def _train_all(resolved: Resolved, call: RunOptions, folder: Path, seeds: list[int]) -> list[Run]:
    began, deadline, runs = call.started, call.deadline, list[Run]()
    for number, seed in enumerate(seeds):
        recipe = resolved.recipe.model_copy(update={"seed": seed})
        if runs and deadline is not None:
            recipe = load_recipe(runs[0].path / RECIPE).recipe.model_copy(update={"seed": seed})
        name = f"seed-{seed}"
        own = replace(
            call,
            runs=folder,
            name=name,
            resume=call.resume and (folder / name).is_dir(),
            started=began if not runs else time.monotonic(),
            deadline=None if deadline is None else began + (deadline - began) * (number + 1) / len(seeds),
            keep_plan=bool(runs),
        )
        runs.append(train_run(_of_seed(resolved, recipe), own))
    return runs


def _of_seed(resolved: Resolved, recipe: Recipe) -> Resolved:
    """The recipe of one seed. What repeats change themselves is not compared when a run is resumed."""
    origins = {**resolved.origins, "seed": "repeat", "training.epochs": "repeat"}
    return Resolved(recipe, origins, resolved.parents)


def _folder(recipe: str, call: RunOptions, repeat: int) -> Path:
    """The folder that holds the runs, new or, to be resumed, there already; each run claims its own in it."""
    prefix = f"{recipe}-x{repeat}"
    if not call.resume:
        return create_run_directory(call.runs, call.name, prefix=prefix)
    if call.name is not None:
        if (call.runs / call.name).is_dir():
            return call.runs / call.name
        raise UsageError(f"there are no repeats {call.name!r} in {call.runs} to resume")
    folders = (path for path in call.runs.glob(f"{prefix}-*") if path.is_dir())
    path = newest_unfinished(folders, prefix=prefix, end=REPEATS)
    if path is None:
        raise UsageError(f"there are no unfinished repeats of {recipe!r} in {call.runs} to resume")
    return path


def write_summary(folder: Path, seeds: list[int], runs: list[Run]) -> None:
    """Write repeats.json into `folder` for its finished `runs`, which differ by seed."""
    results = [run.result for run in runs]
    content: dict[str, Any] = {
        "name": folder.name,
        "recipe": results[0]["recipe"],
        "data": results[0]["data"],
        "protocol": results[0]["protocol"],
        "device": results[0]["device"],
        "seeds": seeds,
        "runs": [run.path.name for run in runs],
    }
    for figure in FIGURES:
        values = [result[figure] for result in results if result.get(figure) is not None]
        try:
            content[figure] = vars(summarize(values)) if values else None
        except HundredError:
            content[figure] = None
    with os_errors_as_hundred_errors(folder / REPEATS):
        write_json(folder / REPEATS, content)
