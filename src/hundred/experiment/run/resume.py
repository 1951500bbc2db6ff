"""Resuming a run: its recipe, its checkpoint, and removing what a killed process left."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.run.context import RunContext
from hundred.experiment.run.extend import check_tables, is_changeable, load_state
from hundred.files import leftovers
from hundred.formatting import command, json_safe, plural
from hundred.recipe.load import Resolved, leaves, load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.environment import changed_environment
from hundred.runs.events import cut_events
from hundred.runs.history import cut_history
from hundred.runs.layout import CHECKPOINT, EVENTS, FIGURES, HISTORY, MLFLOW, RECIPE, RESULT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.training.checkpoint import load_checkpoint, save_checkpoint
from hundred.training.events import CheckpointWritten, Event

State = Callable[[], dict[str, Any]]

# Keys of a recipe that change no epoch. The epochs themselves are part of the checkpoint's plan.
_WITHOUT_EFFECT = (
    "name",
    "summary",
    "based_on",
    "tracking.",
    "training.epochs",
    "training.checkpoint_every",
    "callbacks.tensorboard",
    "callbacks.wandb",
    "doctor.live",
)


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
    about = {**_about(context.recipe, context.dataset), "recipe": _values(context.recipe)}

    def save(epoch: int, state: State, last: bool) -> Event | None:
        if not every or (epoch % every and not last):
            return None
        save_checkpoint(context.path / CHECKPOINT, state(), about)
        return CheckpointWritten(epoch, CHECKPOINT)

    return save


def resume(context: RunContext, changed: set[str]) -> list[str]:
    """Load the run's checkpoint, if any, and cut history and events back to it; returns warnings of what
    differs from before. `context.trainer.epoch` is 0 where nothing was loaded.

    changed: keys that were given anew for this call.
    """
    path, trainer = context.path, context.trainer
    preparing = trainer.train_seconds
    warnings = []
    if (path / CHECKPOINT).exists():
        # Read to the CPU: each part moves its own tensors (an optimizer's step counts stay on the CPU).
        state, about = load_checkpoint(path / CHECKPOINT, torch.device("cpu"))
        for key, value in _about(context.recipe, context.dataset).items():
            if about.get(key) != value:
                what = key.replace("_", " ")
                raise UsageError(
                    f"the run {path.name} began with {what} {about.get(key)}, not {value}: resume with that"
                )
        planned = context.recipe.training.epochs
        warnings = load_state(
            context, state, changed | _edits(about.get("recipe", {}), context.recipe).keys()
        )
        trainer.train_seconds += preparing
        warnings += _warnings(context, about, planned)
    if (path / HISTORY).exists():
        cut_history(path / HISTORY, trainer.epoch)
    if (path / EVENTS).exists():
        cut_events(path / EVENTS, trainer.epoch)
    return warnings


def recipe_of_run(path: Path, given: Resolved) -> Recipe:
    """The recipe that the run at `path` goes on with: its recipe.toml, with the values given for this call
    that may change (`hundred.experiment.run.extend`); all others given must agree with it.

    Where recipe.toml was edited since the last checkpoint, the edited values must be given, the former or the
    new ones: a run whose epochs followed two recipes is not made without a decision.

    Raises UsageError where values disagree.
    """
    if not (path / RECIPE).exists():
        return given.recipe
    own = load_recipe(path / RECIPE).recipe
    now, wanted = leaves(own), leaves(given.recipe)
    edits = _edits(_trained_values(path), own)
    chosen = {key: value for key, value in wanted.items() if given.origins.get(key) == "--set"}
    for key, value in chosen.items():
        agrees = json_safe(value) in (json_safe(now.get(key)), *edits.get(key, ()))
        if not agrees and (key in edits or not is_changeable(key)):
            raise UsageError(
                f"the run {path.name} began with {key} = {now.get(key)!r}, not {value!r}: "
                "leave that out to resume it, or start a new run"
            )
    for key, (before, after) in edits.items():
        if key not in chosen:
            more = f" (and {plural(len(edits) - 1, 'more value')})" if len(edits) > 1 else ""
            raise UsageError(
                f"{path / RECIPE} was edited after the last checkpoint: "
                f"{key} was {before!r} and is {after!r}{more}\n"
                f"go on as it began: --set {key}={before}; go on with the change: --set {key}={after}"
            )
    recipe = load_recipe(path / RECIPE, chosen).recipe if chosen else own
    check_tables(path, own, recipe)
    return recipe


def _warnings(context: RunContext, about: dict[str, Any], planned: float) -> list[str]:
    """What differs from the run before its checkpoint: values, versions, threads, planned epochs."""
    trainer, epoch = context.trainer, context.trainer.epoch
    warnings = [
        f"up to epoch {epoch} this run had {key} = {before!r}, from now on {after!r}"
        for key, (before, after) in _edits(about.get("recipe", {}), context.recipe).items()
    ]
    if planned > trainer.plan.epochs:
        warnings.append(
            f"the run goes on to epoch {trainer.plan.epochs:g}, as planned when it began, "
            f"not to {planned:g}; "
            f"more epochs: {command('train', context.path, '--resume', '--epochs', planned)}"
        )
    elsewhere = changed_environment(
        context.path, str(context.options.device), processes=trainer.strategy.size
    )
    if elsewhere:
        warnings.append(
            f"this run began with {', '.join(elsewhere)}: its last digits will differ from those of a run "
            "that was not interrupted"
        )
    return warnings


def _trained_values(path: Path) -> dict[str, Any]:
    """The recipe's values at the last checkpoint; {} without one, or with that of an older version."""
    if not (path / CHECKPOINT).exists():
        return {}
    _, about = load_checkpoint(path / CHECKPOINT, torch.device("cpu"))
    values = about.get("recipe", {})
    return values if isinstance(values, dict) else {}


def _values(recipe: Recipe) -> dict[str, Any]:
    """The values that the course of a training depends on, by dotted key, as JSON has them."""
    return {
        key: json_safe(value) for key, value in leaves(recipe).items() if not key.startswith(_WITHOUT_EFFECT)
    }


def _edits(trained: dict[str, Any], recipe: Recipe) -> dict[str, tuple[Any, Any]]:
    """(former, new) value of each key that differs; a key that only newer versions know counts at its
    default."""
    if not trained:
        return {}
    now, defaults = _values(recipe), _values(Recipe())
    pairs = {key: (trained.get(key, defaults.get(key)), now.get(key)) for key in {**trained, **now}}
    return {key: (before, after) for key, (before, after) in pairs.items() if before != after}


def _about(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """What must be the same for a resumed run to give the same result."""
    return {"data_digest": dataset.digest, "model": recipe.model.name, "seed": recipe.seed}
