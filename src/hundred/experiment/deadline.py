"""Planning a run that must end within so many minutes, from measured step times."""

import time

from hundred.errors import UsageError
from hundred.experiment.job import Job
from hundred.recipe import Recipe
from hundred.training.rehearsal import rehearse

# What a command needs after training besides predictions: the model file, the figures, the last tracking.
SECONDS_TO_FINISH = 12.0


def plan_time(job: Job, minutes: float, *, resumed: bool) -> Recipe:
    """Give the job's plan a deadline and the epochs that fit before it; the recipe with their number.

    A resumed run keeps its plan, and only ends earlier where the time left is too short for it.

    Raises UsageError where not even the start fits.
    """
    splits, plan = job.splits, job.trainer.plan
    validation_images = 0 if splits.validation is None else len(splits.validation)
    plan.deadline = job.call.started + minutes * 60 - SECONDS_TO_FINISH
    if resumed:
        return job.recipe
    step_seconds, image_seconds = rehearse(job.trainer)
    # Validation images are predicted once more at the end, as the test images are.
    plan.deadline -= image_seconds * (len(splits.test) + validation_images)
    left = plan.deadline - time.monotonic()
    if left <= 0:
        raise UsageError(f"--minutes {minutes:g} is not enough to begin with: try --minutes {minutes + 1:g}")
    every = job.recipe.training.validate_every
    plan.fit_into(left, step_seconds, image_seconds * validation_images / every if every else 0.0)
    training = job.recipe.training.model_copy(update={"epochs": plan.epochs})
    return job.recipe.model_copy(update={"training": training})
