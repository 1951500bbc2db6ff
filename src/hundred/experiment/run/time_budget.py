"""Planning a run that must end by a deadline, from measured step times."""

import math
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from hundred.errors import UsageError
from hundred.experiment.run.context import Measured, RunContext, RunOptions
from hundred.formatting import duration
from hundred.runs.progress.announce import announce
from hundred.training.epoch_plan import MARGIN, MOST_EPOCHS
from hundred.training.profiling import measure_head_step, measure_prediction, measure_step_time

# Needed after training besides predictions: the model file, the figures, the last tracking.
# 4 to 5 s on two quiet cores of a Xeon, 5 to 7 s on busy ones; 1 s without pictures.
SECONDS_TO_FINISH = 7.0
SECONDS_TO_FINISH_PLAIN = 3.0
MEASURING_SHARE = 0.1  # of the time that is left, at most, is spent on measuring
FIRST_SHARE = 0.5  # of it, on the recipe's own network; the rest is for the one that it grows to


class TooLittleTime(UsageError):
    """The time limit leaves none for training; the run has not begun."""


def plan_time(context: RunContext, warn: Callable[[str], None], *, resumed: bool) -> RunContext:
    """The context with the epochs that fit before its deadline, if it has one.

    A resumed run, and one with `keep_plan`, is only shortened.

    Raises TooLittleTime where not even the start fits.
    """
    options, plan = context.options, context.trainer.plan
    if options.deadline is None:
        return context
    plan.deadline = options.deadline - seconds_to_finish(options)
    context.trainer.compute_features()
    begin = time.perf_counter()
    warning = "" if resumed or options.keep_plan else _plan(context)
    warning = warning or plan.replan(context.trainer.epoch)
    context.trainer.train_seconds += time.perf_counter() - begin
    if warning:
        warn(warning)
    frozen = context.trainer.frozen
    unfreeze_at = context.recipe.training.unfreeze_at if frozen is None else frozen.unfreeze_at
    planned = {"epochs": plan.epochs, "unfreeze_at": unfreeze_at}
    training = context.recipe.training.model_copy(update=planned)
    return replace(context, recipe=context.recipe.model_copy(update={"training": training}))


def measure(context: RunContext, share: float, phase: str) -> Measured:
    """`measure_step_time` within a share of the time that is left; `phase` is announced."""
    options = context.options
    announce(phase, quiet=options.quiet)
    if options.strategy is not None or options.deadline is None:
        return measure_step_time(context.trainer)  # processes that train together take the same steps
    left = options.deadline - seconds_to_finish(options) - time.monotonic()
    return measure_step_time(context.trainer, max(share * left, 0.0))


def only_last_layer(context: RunContext) -> bool:
    """Whether nothing but the last layer is trained, on features that are computed once."""
    trainer = context.trainer
    tuned = trainer.frozen is not None and trainer.frozen.unfreeze_at > 0
    return trainer.features is not None and not tuned and context.options.strategy is None


def images_with_features(context: RunContext) -> int:
    """The images whose features a run computes that trains only its last layer."""
    validation = context.splits.validation
    return len(context.trainer.batches.indices) + (0 if validation is None else len(validation))


def seconds_to_predict(context: RunContext, image_seconds: float) -> float:
    """Of the predictions at the end: of test and validation images, by the saved file, in float32.

    image_seconds: of predicting an image in the precision of the training.
    """
    splits, trainer = context.splits, context.trainer
    images = len(splits.test) + (0 if splits.validation is None else len(splits.validation))
    if trainer.precision != torch.float32 and images:
        image_seconds = max(measure_prediction(trainer, torch.float32), image_seconds)
    return images * image_seconds


def seconds_to_finish(options: RunOptions) -> float:
    """What is needed after training, besides predictions."""
    return SECONDS_TO_FINISH if options.figures else SECONDS_TO_FINISH_PLAIN


def _plan(context: RunContext) -> str:
    """Measure and plan; a warning where not one epoch fits, else ''."""
    splits, plan = context.splits, context.trainer.plan
    validation_images = 0 if splits.validation is None else len(splits.validation)
    if only_last_layer(context):
        step_seconds = {0: measure_head_step(context.trainer)}
        image_seconds = measure_prediction(context.trainer)
    else:
        share = (1 - FIRST_SHARE) * MEASURING_SHARE
        step_seconds, image_seconds = context.measured or measure(context, share, "planning epochs")
    predicting = seconds_to_predict(context, image_seconds)
    if plan.deadline is not None:
        plan.deadline -= predicting
    left = (plan.deadline or 0.0) - time.monotonic()
    if left <= 0:
        epoch = replace(plan, epochs=1, anchor=(0, 0.0), costs=step_seconds).cost(0, plan.steps_per_epoch)
        raise _too_little(context.options, predicting, epoch + image_seconds * validation_images)
    validating = 0.0 if only_last_layer(context) else image_seconds * validation_images
    limited = context.options.most_epochs < MOST_EPOCHS
    if context.trainer.features is not None and context.options.strategy is None and not limited:
        return _plan_tuning(context, left, step_seconds, validating)
    return plan.fit_into(left, step_seconds, validating, context.options.most_epochs)


def _plan_tuning(context: RunContext, left: float, step_seconds: dict[int, float], validating: float) -> str:
    """Plan a run whose last layer trains on features first; a warning where there is no time for the rest.

    The last layer has its epochs of the recipe, in seconds; the time left goes to tuning all layers, where
    the recipe (or its growth) unfreezes them.
    """
    trainer, plan = context.trainer, context.trainer.plan
    head_step = step_seconds[0] if only_last_layer(context) else measure_head_step(trainer)
    fitting = int(left * (1.0 - MARGIN) / (head_step * plan.steps_per_epoch))
    plan.epochs = min(plan.epochs, max(fitting, 1))
    if trainer.frozen is None or not trainer.frozen.unfreeze_at:
        return ""
    if not plan.fit_tuning(left, step_seconds, validating, head_step):
        trainer.frozen.unfreeze_at = plan.head_until = 0.0
        return "there is no time to tune all layers: only the last is trained"
    trainer.frozen.unfreeze_at = plan.head_until
    trainer.schedule = replace(trainer.schedule, tuning_from=plan.head_until)
    return ""


def _too_little(options: RunOptions, predicting: float, epoch: float) -> TooLittleTime:
    """predicting, epoch: seconds for the predictions at the end, and for one epoch with its validation."""
    given = (options.deadline or 0.0) - options.started
    other = time.monotonic() - options.started + seconds_to_finish(options) + predicting
    enough = (other + epoch / (1.0 - MARGIN)) / 60
    digits = 1 if enough > 1 else 2
    enough = math.ceil(enough * 10**digits) / 10**digits
    return TooLittleTime(
        f"--minutes {given / 60:.3g} is too little on this machine: loading, measuring, testing, drawing and "
        f"saving take {duration(other)}\nwith one epoch of training it needs --minutes {enough:g}"
    )
