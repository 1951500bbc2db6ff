"""Training one run, and going on with one that was cut off."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.experiment.assemble import build_network, build_splits, build_trainer
from hundred.experiment.deadline import plan_time
from hundred.experiment.finish import finish
from hundred.experiment.interrupt import Interrupt
from hundred.experiment.job import Call, Job
from hundred.experiment.listeners import RunListeners
from hundred.experiment.opening import open_data
from hundred.files import write_text
from hundred.recipe import Recipe, Resolved, leaves, load_recipe, to_toml
from hundred.runs.directory import create_run_directory, lock_run
from hundred.runs.environment import write_environment
from hundred.runs.eventlog import cut_events
from hundred.runs.faults import told_in_one_line
from hundred.runs.history import cut_history
from hundred.runs.layout import CHECKPOINT, EVENTS, HISTORY, RECIPE
from hundred.runs.run import Run
from hundred.training.checkpoint import load_checkpoint, save_checkpoint
from hundred.training.events import CheckpointWritten, Event
from hundred.training.trainer import Trainer


def train_once(resolved: Resolved, call: Call) -> Run:
    """Train `resolved` as `call` says, in a run directory of its own, and return the Run.

    Raises HundredError where the loss stopped being finite (the last good weights are kept), and
    KeyboardInterrupt after an interruption.
    """
    path = create_run_directory(call.runs, call.name, prefix=resolved.recipe.name, resume=call.resume)
    with lock_run(path):
        recipe = _recipe_of_run(path, resolved) if call.resume else resolved.recipe
        run = Run(path)
        if run.finished:
            return run
        dataset = call.dataset or open_data(call.data)
        with Interrupt() as interrupt:
            return _train(_prepare(path, recipe, call, dataset, interrupt.asked))


def _prepare(
    path: Path, recipe: Recipe, call: Call, dataset: Dataset, interrupted: Callable[[], bool]
) -> Job:
    """Build all parts, resume where asked, plan the time, and write what the run is into its directory."""
    splits = build_splits(recipe, dataset, call.device)
    network = build_network(recipe, len(dataset.fine_names), splits, call.device)
    keep = _keeper(path, recipe, dataset)
    trainer = build_trainer(recipe, dataset, splits, network, interrupted=interrupted, keep=keep)
    job = Job(path, recipe, call, dataset, splits, trainer)
    resumed = call.resume and _resume(trainer, path, recipe, dataset)
    if call.minutes is not None:
        job = replace(job, recipe=plan_time(job, call.minutes, resumed=resumed))
    _describe(job)
    return job


def _train(job: Job) -> Run:
    with RunListeners(job) as listeners:
        stopped = listeners.follow(job.trainer.run())
        run = finish(job, stopped, listeners.warn)
    if stopped.reason == "interrupted":
        raise KeyboardInterrupt(f"stopped {stopped.detail}; everything so far is in {job.path}")
    if stopped.reason == "not-finite":
        raise HundredError(f"{stopped.detail}\nthe last good weights and their figures are in {job.path}")
    return run


def _keeper(
    path: Path, recipe: Recipe, dataset: Dataset
) -> Callable[[int, Callable[[], dict[str, Any]]], Event | None]:
    """What the trainer calls after each epoch to have its state kept."""
    every = recipe.training.checkpoint_every

    def keep(epoch: int, state: Callable[[], dict[str, Any]]) -> Event | None:
        if not every or epoch % every:
            return None
        save_checkpoint(path / CHECKPOINT, state(), _about(recipe, dataset))
        return CheckpointWritten(epoch, CHECKPOINT)

    return keep


def _about(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """What must be the same for a resume to go on to the same result."""
    return {"data_digest": dataset.digest, "model": recipe.model.name, "seed": recipe.seed}


def _resume(trainer: Trainer, path: Path, recipe: Recipe, dataset: Dataset) -> bool:
    """Set the trainer to the run's checkpoint, if it got that far; cut history and events back to it."""
    epoch = 0
    if (path / CHECKPOINT).exists():
        state, about = load_checkpoint(path / CHECKPOINT, trainer.device)
        for key, value in _about(recipe, dataset).items():
            if about.get(key) != value:
                word = key.replace("_", " ")
                raise UsageError(
                    f"the run {path.name} began with {word} {about.get(key)}, not {value}: resume with that"
                )
        trainer.load_state_dict(state)
        epoch = trainer.epoch
    if (path / HISTORY).exists():
        cut_history(path / HISTORY, epoch)
    if (path / EVENTS).exists():
        cut_events(path / EVENTS, epoch)
    return epoch > 0


def _recipe_of_run(path: Path, given: Resolved) -> Recipe:
    """The recipe that the run began with; values given on the command line must agree with it."""
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


def _describe(job: Job) -> None:
    comment = f"What this run did, every value written out. Again: hundred train {job.path / RECIPE}"
    with told_in_one_line(job.path / RECIPE):
        write_text(job.path / RECIPE, to_toml(job.recipe, comment))
    write_environment(
        job.path,
        device=str(job.call.device),
        seed=job.recipe.seed,
        data_name=job.dataset.name,
        data_digest=job.dataset.digest,
    )
