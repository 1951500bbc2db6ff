"""With much time, a bigger network: a recipe's `growth`, weighed against what the time leaves room for."""

import time
from dataclasses import replace

from hundred.experiment.run.build import build_job
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.recipe.load import Resolved, load_recipe
from hundred.training.profiling import measure_step_time


def scale_up(resolved: Resolved, call: RunOptions, job: RunContext) -> RunContext:
    """The job, or that of the last growth whose epochs of the job's own network fit before the deadline.

    A growth that would change what the caller set leaves all as it is. The job's recipe has no growth
    left in it, so that training it again does the same.
    """
    recipe = job.recipe
    if not recipe.growth:
        return job
    settled = recipe.model_copy(update={"growth": ()})
    chosen = None if _is_fixed(resolved, call) else _chosen(job)
    if chosen is None:
        return replace(job, recipe=settled)
    return build_job(job.path, load_recipe(settled.as_dict(), chosen).recipe, call)


def _is_fixed(resolved: Resolved, call: RunOptions) -> bool:
    """Whether there is no time limit to plan for, or the caller has decided what growth would."""
    if call.deadline is None or call.keep_plan or call.network is not None:
        return True
    keys = {key for growth in resolved.recipe.growth for key in growth.set}
    return any(resolved.outranks(key, "growth") for key in keys)


def _chosen(job: RunContext) -> dict[str, int | float | str | bool] | None:
    """What the last growth that fits sets."""
    plan = job.trainer.plan
    step_seconds, _ = measure_step_time(job.trainer)
    epoch_seconds = (
        replace(plan, costs=step_seconds).cost(0, plan.epochs * plan.steps_per_epoch) / plan.epochs
    )
    left = (job.call.deadline or 0.0) - time.monotonic()
    fits = min(left / epoch_seconds, job.call.most_epochs)
    fitting = [growth.set for growth in job.recipe.growth if growth.epochs <= fits]
    return fitting[-1] if fitting else None
