"""Resuming a run: its recipe, its checkpoint, and removing what a killed process left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.run.context import RunContext
from hundred.files import leftovers
from hundred.recipe.load import Resolved, leaves, load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.events import cut_events
from hundred.runs.history import cut_history
from hundred.runs.layout import CHECKPOINT, EVENTS, FIGURES, HISTORY, MLFLOW, RECIPE, RESULT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.training.checkpoint import load_checkpoint, save_checkpoint
from hundred.training.events import CheckpointWritten, Event

State = Callable[[], dict[str, Any]]


def is_whole(path: Path) -> bool:
    """Whether the run at `path` is finished: its checkpoint is removed last."""
    return (path / RESULT).is_file() and not (path / CHECKPOINT).exists()


def clean(path: Path) -> None:
    """Remove the half-written files that a killed process left in the run directory `path`."""
    for folder in (path, path / FIGURES, path / "tables"):
        for file, name in leftovers(folder):
            # An upload to MLflow that outlives its training may be writing this file.
            if name != MLFLOW:
                with os_errors_as_hundred_errors(file, "cannot remove"):
                    file.unlink(missing_ok=True)


def checkpoint_saver(context: RunContext) -> Callable[[int, State, bool], Event | None]:
    """The trainer's `save_checkpoint`. That of the last epoch is always written, so that a run killed after
    training needs no training again."""
    every = context.recipe.training.checkpoint_every
    about = _about(context.recipe, context.dataset)

    def save(epoch: int, state: State, last: bool) -> Event | None:
        if not every or (epoch % every and not last):
            return None
        save_checkpoint(context.path / CHECKPOINT, state(), about)
        return CheckpointWritten(epoch, CHECKPOINT)

    return save


def resume(context: RunContext) -> bool:
    """Load the run's checkpoint, if any, and cut history and events back to it; whether it was loaded."""
    path, trainer = context.path, context.trainer
    preparing = trainer.train_seconds
    if (path / CHECKPOINT).exists():
        # Read to the CPU: each part moves its own tensors (an optimizer's step counts stay on the CPU).
        state, about = load_checkpoint(path / CHECKPOINT, torch.device("cpu"))
        for key, value in _about(context.recipe, context.dataset).items():
            if about.get(key) != value:
                what = key.replace("_", " ")
                raise UsageError(
                    f"the run {path.name} began with {what} {about.get(key)}, not {value}: resume with that"
                )
        trainer.load_state_dict(state)
        trainer.train_seconds += preparing
    if (path / HISTORY).exists():
        cut_history(path / HISTORY, trainer.epoch)
    if (path / EVENTS).exists():
        cut_events(path / EVENTS, trainer.epoch)
    return trainer.epoch > 0


def recipe_of_run(path: Path, given: Resolved) -> Recipe:
    """The recipe that the run at `path` began with; values given on the command line must agree with it."""
    if not (path / RECIPE).exists():
        return given.recipe
    own = load_recipe(path / RECIPE).recipe
    before, now = leaves(own), leaves(given.recipe)
    for key, origin in given.origins.items():
        if origin == "--set" and before.get(key) != now[key]:
            raise UsageError(
                f"the run {path.name} began with {key} = {before.get(key)!r}, not {now[key]!r}: "
                "leave that out to resume it, or start a new run"
            )
    return own


def _about(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """What must be the same for a resumed run to give the same result."""
    return {"data_digest": dataset.digest, "model": recipe.model.name, "seed": recipe.seed}
