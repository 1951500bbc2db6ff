"""Training on with a run: more epochs, and values that may change on the way."""

from pathlib import Path
from typing import Any

import torch

from hundred.errors import UsageError
from hundred.experiment.run.context import RunContext
from hundred.formatting import command, json_safe, plural
from hundred.recipe.load import Resolved, leaves, load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.layout import CHECKPOINT, FINISHED, RECIPE
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.training.checkpoint import load_checkpoint
from hundred.training.epoch_plan import EpochPlan

EPOCHS = "training.epochs"
# What a resumed run may be given anew; all else decides what the run is.
CHANGEABLE = (
    EPOCHS,
    "training.batch_size",
    "training.learning_rate",
    "training.weight_decay",
    "training.momentum",
    "training.gradient_clip",
    "training.label_smoothing",
    "training.validate_every",
    "training.checkpoint_every",
    "training.accumulate",
    "training.schedule.",
    "augment.",
    "callbacks.early_stopping.",
    "callbacks.reduce_on_plateau.",
    "callbacks.stop_at.",
)
_OPTIMIZER = ("training.learning_rate", "training.weight_decay", "training.momentum")


def is_changeable(key: str) -> bool:
    """Whether a resumed run may be given another value of `key`."""
    return any(key == each or (each.endswith(".") and key.startswith(each)) for each in CHANGEABLE)


def given_values(path: Path, given: Resolved) -> dict[str, Any]:
    """Values of `given` that were set for this call and differ from recipe.toml of the run at `path`."""
    now, wanted = leaves(load_recipe(path / RECIPE).recipe), leaves(given.recipe)
    return {
        key: value
        for key, value in wanted.items()
        if given.origins.get(key) == "--set" and json_safe(value) != json_safe(now.get(key))
    }


def check_tables(path: Path, recipe: Recipe, changed: Recipe) -> None:
    """Raise UsageError where `changed` has a callback more or less than `recipe`: its state is missing."""
    for name in ("early_stopping", "reduce_on_plateau", "stop_at"):
        before, after = getattr(recipe.callbacks, name), getattr(changed.callbacks, name)
        if (before is None) != (after is None):
            raise UsageError(
                f"the run {path.name} began {'without' if before is None else 'with'} callbacks.{name}, "
                "and cannot change that: leave it out to resume it, or start a new run"
            )


def reopen(path: Path, changed: Recipe, *, rewarm: bool) -> None:
    """Make the finished run at `path` an unfinished one, to be trained on as `changed` says.

    Raises UsageError where its state was not kept, or there is nothing left to train.
    """
    if not (path / FINISHED).exists():
        raise UsageError(
            f"the state of {path.name} was not kept ({FINISHED} is absent), so it cannot be trained on\n"
            f"begin a new run with its weights: {command('train', path / RECIPE, '--from', path)} "
            f"--epochs {changed.training.epochs}"
        )
    state, _ = load_checkpoint(path / FINISHED, torch.device("cpu"))
    if state["epoch"] >= changed.training.epochs:
        raise UsageError(
            f"the run {path.name} has trained {plural(state['epoch'], 'epoch')}: give more with --epochs"
        )
    check_schedule(path, state, changed, rewarm=rewarm)
    with os_errors_as_hundred_errors(path / CHECKPOINT):
        (path / FINISHED).replace(path / CHECKPOINT)


def check_schedule(path: Path, state: dict[str, Any], changed: Recipe, *, rewarm: bool) -> None:
    """Raise UsageError where the learning-rate schedule has ended, so that little would be learned."""
    plan = EpochPlan(1, 1)
    plan.load_state_dict(state["plan"])
    schedule = changed.training.schedule
    if rewarm or schedule.name == "constant" or plan.progress(state["epoch"] * plan.steps_per_epoch) < 1.0:
        return
    raise UsageError(
        f"the schedule {schedule.name!r} of {path.name} has ended: more epochs would train at its last rate\n"
        f"run the schedule again over the new epochs: --rewarm; or begin a new run with its weights: "
        f"{command('train', path / RECIPE, '--from', path, '--epochs', 'N')}"
    )


def load_state(context: RunContext, state: dict[str, Any], changed: set[str]) -> list[str]:
    """Load a checkpoint's `state` into the trainer, with the `changed` keys as the context's recipe has them;
    returns sentences about it."""
    trainer, recipe = context.trainer, context.recipe
    steps, fresh = trainer.plan.steps_per_epoch, trainer.optimizer.state_dict()["param_groups"]
    batch_changed = "training.batch_size" in changed
    if changed or context.options.rewarm:
        state = {**state, "stopped": []}
    trainer.load_state_dict(state)
    planned = trainer.plan.epochs
    extended = context.options.rewarm or (EPOCHS in changed and recipe.training.epochs != planned)
    if any(key in _OPTIMIZER for key in changed):
        for group, new in zip(trainer.optimizer.param_groups, fresh, strict=True):
            group.update({key: value for key, value in new.items() if key not in ("params", "lr")})
    if "training.learning_rate" in changed:
        trainer.control.learning_rate = trainer.learning_rate
    if not (extended or batch_changed):
        return []
    trainer.plan.extend(
        recipe.training.epochs if extended else planned,
        steps if batch_changed else trainer.plan.steps_per_epoch,
        trainer.epoch,
        rewarm=context.options.rewarm,
    )
    if not extended:
        return []
    again = ", with the learning-rate schedule once more" if context.options.rewarm else ""
    return [f"the run goes on to epoch {trainer.plan.epochs:g} instead of {planned:g}{again}"]
