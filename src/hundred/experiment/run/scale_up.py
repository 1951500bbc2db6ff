"""A bigger network or bigger images for a longer time limit: a recipe's `growth` against the time at hand."""

import time
from collections.abc import Mapping
from dataclasses import replace

from hundred.experiment.run.build import build_context
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.experiment.run.time_budget import (
    FIRST_SHARE,
    MEASURING_SHARE,
    images_with_features,
    measure,
    only_last_layer,
    seconds_to_finish,
    seconds_to_predict,
)
from hundred.formatting import duration
from hundred.recipe.load import Resolved, load_recipe
from hundred.runs.progress.announce import announce
from hundred.training.profiling import measure_prediction

# Of the time left, for features and predictions: the rest is for the last layer, and for a machine that turns
# out slower, since features cannot be cut short as epochs can.
FEATURES_SHARE = 0.75


def scale_up(resolved: Resolved, options: RunOptions, context: RunContext) -> RunContext:
    """`context`, or one for the last growth whose epochs, at the small network's speed, fit the deadline.

    A growth that would change what the caller set is not applied. The returned recipe has no growth, so that
    training it again does the same.
    """
    recipe = context.recipe
    if not recipe.growth:
        return context
    without_growth = recipe.model_copy(update={"growth": ()})
    if _growth_is_off(resolved, options):
        return replace(context, recipe=without_growth)
    if only_last_layer(context):
        values, measured = _last_with_features(context), None
    else:
        measured = measure(context, FIRST_SHARE * MEASURING_SHARE, "measuring the speed of this machine")
        values = _last_that_fits(context, measured[0])
    if values is None:  # the plan needs no other measurement
        return replace(context, recipe=without_growth, measured=measured)
    return build_context(context.path, load_recipe(without_growth.as_dict(), values).recipe, options)


def _growth_is_off(resolved: Resolved, options: RunOptions) -> bool:
    """Whether there is no time limit, or the caller has set what growth would."""
    if options.deadline is None or options.keep_plan or options.network is not None:
        return True
    keys = {key for growth in resolved.recipe.growth for key in growth.set}
    return any(resolved.outranks(key, "growth") for key in keys)


def _last_that_fits(
    context: RunContext, step_seconds: Mapping[int, float]
) -> dict[str, int | float | str | bool] | None:
    """The values of the last growth that fits. step_seconds: of a step by image side."""
    plan = context.trainer.plan
    epoch_seconds = replace(plan, costs=step_seconds).cost(0, plan.total_steps) / plan.epochs
    left = (context.options.deadline or 0.0) - time.monotonic()
    fits = min(left / epoch_seconds, context.options.most_epochs)
    fitting = [growth.set for growth in context.recipe.growth if growth.epochs <= fits]
    return fitting[-1] if fitting else None


def _last_with_features(context: RunContext) -> dict[str, int | float | str | bool] | None:
    """The same where only the last layer is trained: what takes time is to predict all images once."""
    options = context.options
    announce("measuring the speed of this machine", quiet=options.quiet)
    image_seconds = measure_prediction(context.trainer)
    seconds = image_seconds * images_with_features(context) + seconds_to_predict(context, image_seconds)
    left = (options.deadline or 0.0) - seconds_to_finish(options) - time.monotonic()
    growth = context.recipe.growth
    fitting = [each for each in growth if each.epochs * seconds <= FEATURES_SHARE * left]
    cheapest = min(growth, key=lambda each: each.epochs)
    if not fitting and cheapest.epochs >= 1:
        return None  # the recipe's own is the cheapest
    chosen = fitting[-1] if fitting else cheapest
    values = ", ".join(f"{key} = {value}" for key, value in chosen.set.items())
    needed = duration(chosen.epochs * seconds)
    announce(f"{values}: about {needed} for features and predictions", quiet=options.quiet)
    return chosen.set
