"""The learning rate of a run in every step, from the schedule of its recipe."""

import numpy as np
import pandas as pd

from hundred.recipe.schema import Recipe
from hundred.training.optim.schedules import Schedule

_POINTS_PER_EPOCH, _MOST_POINTS = 50, 500
_SLACK = 0.02  # of a rate: what rounding of steps may change


def scheduled_rates(history: pd.DataFrame, recipe: Recipe | None) -> pd.DataFrame | None:
    """Columns epoch (of training done, a fraction in between) and learning_rate, up to the last epoch.

    None where the rates of `history`, one at the end of each epoch, are not those of the schedule: a callback
    has cut them, or the run was made otherwise.
    """
    if recipe is None or not len(history):
        return None
    training = recipe.training
    last = min(float(history["epoch"].max()), training.epochs)  # which may end within the last epoch
    schedule = Schedule(**training.schedule.model_dump(), tuning_from=training.unfreeze_at)

    def rates(epochs: np.ndarray) -> np.ndarray:
        factors = [schedule.factor(epoch / training.epochs) for epoch in epochs.tolist()]
        return training.learning_rate * np.asarray(factors)

    for epoch, rate in zip(history["epoch"].tolist(), history["learning_rate"].tolist(), strict=True):
        near = rates(np.linspace(epoch - 1, min(epoch, last), _POINTS_PER_EPOCH))
        if not near.min() * (1 - _SLACK) <= rate <= near.max() * (1 + _SLACK):
            return None
    points = np.linspace(0, last, min(_MOST_POINTS, round(_POINTS_PER_EPOCH * last)) + 1)
    # At the very end a schedule may have fallen below the rate of the last step.
    return pd.DataFrame({"epoch": points, "learning_rate": rates(points)})
