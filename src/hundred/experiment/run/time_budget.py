"""Planning a run that must end by a deadline, from measured step times."""

import time
from collections.abc import Callable
from dataclasses import replace

from hundred.errors import UsageError
from hundred.experiment.run.context import RunContext
from hundred.training.profiling import measure_step_time

# Needed after training besides predictions: the model file, the figures, the last tracking.
SECONDS_TO_FINISH = 15.0
SECONDS_TO_FINISH_PLAIN = 3.0  # without pictures


def plan_time(context: RunContext, warn: Callable[[str], None], *, resumed: bool) -> RunContext:
    """The context with the epochs that fit before its deadline, if it has one.

    A resumed run, and one with `keep_plan`, is only shortened.

    Raises UsageError where not even the start fits.
    """
    options, plan = context.options, context.trainer.plan
    if options.deadline is None:
        return context
    plan.deadline = options.deadline - (SECONDS_TO_FINISH if options.figures else SECONDS_TO_FINISH_PLAIN)
    begin = time.perf_counter()
    warning = "" if resumed or options.keep_plan else _plan(context)
    warning = warning or plan.replan(context.trainer.epoch)
    context.trainer.train_seconds += time.perf_counter() - begin
    if warning:
        warn(warning)
    training = context.recipe.training.model_copy(update={"epochs": plan.epochs})
    return replace(context, recipe=context.recipe.model_copy(update={"training": training}))


def _plan(context: RunContext) -> str:
    """Measure and plan; a warning where not one epoch fits, else ''."""
    splits, plan = context.splits, context.trainer.plan
    validation_images = 0 if splits.validation is None else len(splits.validation)
    step_seconds, image_seconds = measure_step_time(context.trainer)
    # Validation images are predicted once more at the end, as the test images are.
    if plan.deadline is not None:
        plan.deadline -= image_seconds * (len(splits.test) + validation_images)
    left = (plan.deadline or 0.0) - time.monotonic()
    if left <= 0:
        more = -left + sum(step_seconds.values())
        raise UsageError(
            f"--minutes is {more / 60:.1f} too few to begin with: besides training, "
            f"a run of {context.recipe.model.name} needs time to test, draw and save"
        )
    return plan.fit_into(left, step_seconds, image_seconds * validation_images, context.options.most_epochs)
