"""Training one run, and going on with one that was cut off."""

from dataclasses import replace

from hundred.errors import HundredError
from hundred.experiment.run.build import build_job
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.experiment.run.distributed import lead
from hundred.experiment.run.finalize import finish
from hundred.experiment.run.listeners import RunListeners
from hundred.experiment.run.out_of_memory import out_of_memory_as_hundred_error
from hundred.experiment.run.resume import clean, is_whole, keeper, recipe_of_run, resume
from hundred.experiment.run.scale_up import scale_up
from hundred.experiment.run.time_budget import plan_time
from hundred.files import write_text
from hundred.recipe.load import Resolved
from hundred.recipe.write import to_toml
from hundred.runs.directory import create_run_directory, lock_run
from hundred.runs.environment import write_environment
from hundred.runs.layout import RECIPE
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run


def train_run(resolved: Resolved, call: RunOptions, *, any_recipe: bool = False) -> Run:
    """Train `resolved` as `call` says, in a run directory of its own, and return the Run.

    any_recipe: a resume without a name takes the newest unfinished run, whatever its recipe.

    Raises HundredError where the loss stopped being finite (the last good weights are kept), and
    KeyboardInterrupt after an interruption.
    """
    prefix = resolved.recipe.name
    if call.resume:
        path = create_run_directory(call.runs, call.name, prefix="" if any_recipe else prefix, resume=True)
        with lock_run(path):
            clean(path)
            if is_whole(path):
                return _unless_diverged(Run(path))
            return _train(build_job(path, recipe_of_run(path, resolved), call))
    # Everything is built before the directory is made: a wrong recipe or missing data leaves none behind.
    job = scale_up(resolved, call, build_job(call.runs, resolved.recipe, call))
    path = create_run_directory(call.runs, call.name, prefix=prefix)
    with lock_run(path):
        return _train(replace(job, path=path))


def _train(job: RunContext) -> Run:
    """Resume where asked, plan the time, train and finish the job."""
    # Written at once: a run that is killed while it plans is still one that can be resumed.
    _write_recipe(job)
    resumed = job.call.resume and resume(job)
    job.trainer.keep = keeper(job)
    lead(job, resumed=resumed)
    with RunListeners(job) as listeners, out_of_memory_as_hundred_error(job.recipe, job.trainer):
        job = plan_time(job, listeners.warn, resumed=resumed)
        job.trainer.agree()
        _write_recipe(job)
        _write_environment(job)
        with job.interrupt:
            stopped = listeners.follow(job.trainer.run())
        if job.call.team is not None:
            job.call.team.busy = False
        job = _as_trained(job)
        run = finish(job, stopped, listeners.warn)
    if stopped.reason == "interrupted":
        raise KeyboardInterrupt(
            f"stopped {stopped.detail}; everything so far is in {job.path}\n"
            f"go on with it: hundred train {job.path} --resume"
        )
    return _unless_diverged(run)


def _as_trained(job: RunContext) -> RunContext:
    """The job with the epochs to which its plan was cut on the way, in its recipe too."""
    training = job.recipe.training.model_copy(update={"epochs": job.trainer.plan.epochs})
    if training == job.recipe.training:
        return job
    job = replace(job, recipe=job.recipe.model_copy(update={"training": training}))
    _write_recipe(job)
    return job


def _unless_diverged(run: Run) -> Run:
    result = run.result
    if result.get("stopped") == "not-finite":
        raise HundredError(
            f"{result.get('stopped_detail')}\nthe last good weights and their figures are in {run.path}"
        )
    return run


def _write_recipe(job: RunContext) -> None:
    comment = f"What this run did, every value written out. Again: hundred train {job.path / RECIPE}"
    if job.call.network is not None:
        comment += f"\nIts network came from Python; {job.recipe.model.name} must be importable to build it."
    with os_errors_as_hundred_errors(job.path / RECIPE):
        write_text(job.path / RECIPE, to_toml(job.recipe, comment))


def _write_environment(job: RunContext) -> None:
    write_environment(
        job.path,
        device=str(job.call.device),
        processes=job.trainer.team.size,
        seed=job.recipe.seed,
        data_name=job.dataset.name,
        data_digest=job.dataset.digest,
    )
