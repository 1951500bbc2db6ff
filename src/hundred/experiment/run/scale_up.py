"""With much time, a bigger network: a recipe's `growth`, weighed against what the time leaves room for."""

import time
from dataclasses import replace

from hundred.experiment.run.build import build_context
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.recipe.load import Resolved, load_recipe
from hundred.training.profiling import measure_step_time


def scale_up(resolved: Resolved, options: RunOptions, context: RunContext) -> RunContext:
    """The job, or that of the last growth whose epochs of the job's own network fit before the deadline.

    A growth that would change what the caller set leaves all as it is. The job's recipe has no growth
    left in it, so that training it again does the same.
    """
    recipe = context.recipe
    if not recipe.growth:
        return context
    settled = recipe.model_copy(update={"growth": ()})
    chosen = None if _is_fixed(resolved, options) else _chosen(context)
    if chosen is None:
        return replace(context, recipe=settled)
    return build_context(context.path, load_recipe(settled.as_dict(), chosen).recipe, options)


def _is_fixed(resolved: Resolved, options: RunOptions) -> bool:
    """Whether there is no time limit to plan for, or the caller has decided what growth would."""
    if options.deadline is None or options.keep_plan or options.network is not None:
        return True
    keys = {key for growth in resolved.recipe.growth for key in growth.set}
    return any(resolved.outranks(key, "growth") for key in keys)


def _chosen(context: RunContext) -> dict[str, int | float | str | bool] | None:
    """What the last growth that fits sets."""
    plan = context.trainer.plan
    step_seconds, _ = measure_step_time(context.trainer)
    epoch_seconds = (
        replace(plan, costs=step_seconds).cost(0, plan.epochs * plan.steps_per_epoch) / plan.epochs
    )
    left = (context.options.deadline or 0.0) - time.monotonic()
    fits = min(left / epoch_seconds, context.options.most_epochs)
    fitting = [growth.set for growth in context.recipe.growth if growth.epochs <= fits]
    return fitting[-1] if fitting else None
