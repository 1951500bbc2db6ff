"""Going on with a run: what it began with, where it stood, and what a killed process left lying about."""

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
from hundred.training.checkpoint import load_checkpoint
from hundred.training.events import CheckpointWritten, Event

State = Callable[[], dict[str, Any]]


def is_whole(path: Path) -> bool:
    """Whether the run at `path` has ended with everything written: its checkpoint goes last."""
    return (path / RESULT).is_file() and not (path / CHECKPOINT).exists()


def clean(path: Path) -> None:
    """Remove the half-written files that a killed process left in the run directory `path`."""
    for folder in (path, path / FIGURES, path / "tables"):
        for file, name in leftovers(folder):
            # A mirror that outlives its training for a while may be writing this one right now.
            if name != MLFLOW:
                with os_errors_as_hundred_errors(file, "cannot remove"):
                    file.unlink(missing_ok=True)


def checkpoint_saver(context: RunContext) -> Callable[[int, State, bool], Event | None]:
    """What the trainer calls after each epoch to have its state kept. The last epoch's always is, so that
    being killed between training and the last file costs no training."""
    every = context.recipe.training.checkpoint_every
    about = _about(context.recipe, context.dataset)

    def save_checkpoint(epoch: int, state: State, last: bool) -> Event | None:
        if not every or (epoch % every and not last):
            return None
        save_checkpoint(context.path / CHECKPOINT, state(), about)
        return CheckpointWritten(epoch, CHECKPOINT)

    return save_checkpoint


def resume(context: RunContext) -> bool:
    """Set the trainer to the run's checkpoint, if it got that far; cut history and events back to it."""
    path, trainer = context.path, context.trainer
    preparing = trainer.train_seconds
    if (path / CHECKPOINT).exists():
        # Read to the CPU: each part puts its own where it belongs (an optimizer's step counts stay there).
        state, about = load_checkpoint(path / CHECKPOINT, torch.device("cpu"))
        for key, value in _about(context.recipe, context.dataset).items():
            if about.get(key) != value:
                word = key.replace("_", " ")
                raise UsageError(
                    f"the run {path.name} began with {word} {about.get(key)}, not {value}: resume with that"
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
    """What must be the same for a resume to go on to the same result."""
    return {"data_digest": dataset.digest, "model": recipe.model.name, "seed": recipe.seed}
