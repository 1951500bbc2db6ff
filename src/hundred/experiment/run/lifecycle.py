"""Training one run, new or resumed, from its recipe to its finished directory."""

import shutil
from collections.abc import Set
from dataclasses import replace

from hundred.errors import HundredError
from hundred.experiment.build.data import PYTHON, describe_data, source_of
from hundred.experiment.run.build import build_context
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.experiment.run.distributed import start_followers
from hundred.experiment.run.exclusive import exclusive_training
from hundred.experiment.run.extend import EPOCHS, given_values, reopen
from hundred.experiment.run.finalize import draw, finalize
from hundred.experiment.run.holdout_note import holdout_note
from hundred.experiment.run.listeners import RunListeners
from hundred.experiment.run.out_of_memory import out_of_memory_as_hundred_error
from hundred.experiment.run.resume import checkpoint_saver, clean, is_whole, recipe_of_run, resume
from hundred.experiment.run.scale_up import scale_up
from hundred.experiment.run.time_budget import TooLittleTime, plan_time
from hundred.files import write_text
from hundred.formatting import command
from hundred.recipe.load import Resolved
from hundred.recipe.write import to_toml
from hundred.runs.directory import create_run_directory, lock_run
from hundred.runs.environment import write_environment
from hundred.runs.labels import add_labels
from hundred.runs.layout import RECIPE
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run


@exclusive_training()
def train_run(resolved: Resolved, options: RunOptions, *, any_recipe: bool = False) -> Run:
    """Train `resolved` with `options` in its own run directory; return the Run.

    any_recipe: resuming without a name takes the newest unfinished run of any recipe.

    Raises UsageError where another training is under way in this process, HundredError where the loss stopped
    being finite (the last good weights are kept), and KeyboardInterrupt after an interruption.
    """
    prefix = resolved.recipe.name
    if options.resume:
        path = create_run_directory(
            options.runs, options.name, prefix="" if any_recipe else prefix, resume=True
        )
        with lock_run(path):
            clean(path)
            changed = given_values(path, resolved) if (path / RECIPE).exists() else {}
            if is_whole(path) and not changed and not options.rewarm:
                return _unless_diverged(Run(path))
            if options.data is None:
                options = replace(options, data=source_of(Run(path)))
            context = build_context(path, recipe_of_run(path, resolved), options)
            if is_whole(path):
                reopen(path, context.recipe, rewarm=options.rewarm)
            given = {EPOCHS} if resolved.origins.get(EPOCHS) == "--set" else set()
            return _train(context, changed.keys() | given)
    # Everything is built before the directory is made: a wrong recipe or missing data leaves none behind.
    context = scale_up(resolved, options, build_context(options.runs, resolved.recipe, options))
    path = create_run_directory(options.runs, options.name, prefix=prefix)
    try:
        with lock_run(path):
            return _train(replace(context, path=path))
    except TooLittleTime:
        shutil.rmtree(path, ignore_errors=True)  # nothing was trained: the name stays free
        raise


def _train(context: RunContext, changed: Set[str] = frozenset()) -> Run:
    """Resume if asked, plan the time, train and finalize."""
    # Written first, so that a run killed while it measures steps can be resumed.
    _write_recipe(context)
    add_labels(context.path, context.options.labels)
    warnings = resume(context, set(changed)) if context.options.resume else []
    resumed = context.trainer.epoch > 0
    start_followers(context, resumed=resumed)
    with RunListeners(context) as listeners, out_of_memory_as_hundred_error(context.recipe, context.trainer):
        for warning in filter(None, [*warnings, "" if resumed else holdout_note(context)]):
            listeners.warn(warning)
        context = plan_time(context, listeners.warn, resumed=resumed)
        context.trainer.save_checkpoint = checkpoint_saver(context)
        context.trainer.sync_state()
        _write_recipe(context)
        _write_environment(context)
        context.trainer.compute_features()
        with context.interrupt:
            stopped = listeners.dispatch(context.trainer.run())
        if context.options.strategy is not None:
            context.options.strategy.running = False
        context = _as_trained(context)
        run = finalize(context, stopped, listeners.warn, listeners.sittings)
        if context.options.on_result is not None and stopped.reason not in ("interrupted", "not-finite"):
            context.options.on_result(run)
        if context.options.figures and stopped.reason != "interrupted":
            draw(context, run, listeners.warn)
    if stopped.reason == "interrupted":
        raise KeyboardInterrupt(
            f"stopped {stopped.detail}; everything so far is in {context.path}\n"
            f"go on with it: {command('train', context.path, '--resume')}"
        )
    return _unless_diverged(run)


def _as_trained(context: RunContext) -> RunContext:
    """The context whose recipe has the epochs that the plan ended with."""
    training = context.recipe.training.model_copy(update={"epochs": context.trainer.plan.epochs})
    if training == context.recipe.training:
        return context
    context = replace(context, recipe=context.recipe.model_copy(update={"training": training}))
    _write_recipe(context)
    return context


def _unless_diverged(run: Run) -> Run:
    result = run.result
    if result.get("stopped") == "not-finite":
        raise HundredError(
            f"{result.get('stopped_detail')}\nthe last good weights and their figures are in {run.path}"
        )
    return run


def _write_recipe(context: RunContext) -> None:
    source = describe_data(context.dataset)["data_source"]
    data = [] if source == PYTHON else ["--data", source]
    again = command("train", context.path.resolve() / RECIPE, *data)
    comment = f"What this run did, every value written out. Again: {again}"
    if context.options.network is not None:
        comment += (
            f"\nIts network came from Python; {context.recipe.model.name} must be importable to build it."
        )
    with os_errors_as_hundred_errors(context.path / RECIPE):
        write_text(context.path / RECIPE, to_toml(context.recipe, comment))


def _write_environment(context: RunContext) -> None:
    write_environment(
        context.path,
        device=str(context.options.device),
        processes=context.trainer.strategy.size,
        seed=context.recipe.seed,
        data_name=context.dataset.name,
        data_digest=context.dataset.digest,
        data_about=describe_data(context.dataset),
    )
