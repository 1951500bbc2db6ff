"""Training one recipe with several seeds, into a folder of runs with their summary."""

import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.evaluation.intervals import summarize
from hundred.experiment.build.data import open_data
from hundred.experiment.run.context import RunOptions
from hundred.experiment.run.lifecycle import train_run
from hundred.files import write_json
from hundred.recipe.load import Resolved, load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.directory import check_still_there, repeats_folder
from hundred.runs.labels import LABELS, add_labels
from hundred.runs.layout import RECIPE, REPEATS
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.progress.display import progress_listener
from hundred.runs.repeats import Repeats
from hundred.runs.run import Run
from hundred.runs.trackers.mlflow.parent import ParentRun
from hundred.training.events import Warned, notify

FIGURES = (
    "test_accuracy",
    "val_accuracy",
    "test_top5_accuracy",
    "test_coarse_accuracy",
    "test_loss",
    "train_seconds",
)


def train_repeats(resolved: Resolved, options: RunOptions, repeat: int) -> Repeats:
    """Train `repeat` seeds from the recipe's own upwards; with `options.resume`, only those not finished yet.

    A time limit is shared evenly; all seeds train the epochs planned for the first, so that they compare.
    """
    first = resolved.recipe.seed
    seeds = list(range(first, first + repeat))
    options = replace(options, data=open_data(options.data, resolved.recipe.data))
    folder = repeats_folder(options.runs, options.name, resolved.recipe.name, repeat, resume=options.resume)
    add_labels(folder, options.labels)
    try:
        with ParentRun(folder, resolved.recipe, {"seed": seeds}, partial(_warn, options)) as parent:
            if parent.process is not None:
                options = replace(options, mlflow_process=parent.process, parent_run_id=parent.run_id)
            runs = _train_all(resolved, options, folder, seeds)
            repeats = write_summary(folder, seeds, runs)
            parent.finish(repeats.metrics(), [folder / REPEATS])
    except BaseException:
        with suppress(OSError):
            if [path.name for path in folder.iterdir()] == [LABELS]:
                (folder / LABELS).unlink()
            folder.rmdir()  # where nothing was begun, as with a wrong recipe
        raise
    return repeats


def _train_all(resolved: Resolved, options: RunOptions, folder: Path, seeds: list[int]) -> list[Run]:
    began, deadline, runs = options.started, options.deadline, list[Run]()
    for number, seed in enumerate(seeds):
        recipe = resolved.recipe.model_copy(update={"seed": seed})
        if runs and deadline is not None:
            recipe = load_recipe(runs[0].path / RECIPE).recipe.model_copy(update={"seed": seed})
        name = f"seed-{seed}"
        own = replace(
            options,
            runs=folder,
            name=name,
            resume=options.resume and (folder / name).is_dir(),
            started=began if not runs else time.monotonic(),
            deadline=None if deadline is None else began + (deadline - began) * (number + 1) / len(seeds),
            keep_plan=bool(runs),
        )
        check_still_there(folder)
        runs.append(train_run(_of_seed(resolved, recipe), own))
    return runs


def _of_seed(resolved: Resolved, recipe: Recipe) -> Resolved:
    """The recipe of one seed. What repeats change themselves is not compared when a run is resumed."""
    origins = {**resolved.origins, "seed": "repeat", "training.epochs": "repeat"}
    return Resolved(recipe, origins, resolved.parents)


def write_summary(folder: Path, seeds: list[int], runs: list[Run]) -> Repeats:
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
            content[figure] = (
                vars(summarize(values, bounds=(0.0, 1.0 if "accuracy" in figure else inf)))
                if values
                else None
            )
        except HundredError:
            content[figure] = None
    with os_errors_as_hundred_errors(folder / REPEATS):
        write_json(folder / REPEATS, content)
    return Repeats(folder)


def _warn(options: RunOptions, message: str) -> None:
    display = progress_listener(quiet=options.quiet)
    notify([display], Warned(message))
    display.close()
