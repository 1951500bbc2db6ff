"""How many images validation is over, told from the steps in which its accuracy moves: k of n images are
right."""

import numpy as np

from hundred.evaluation.doctor.curves import measured
from hundred.evaluation.doctor.history import History, Series

# With more images than this the steps are finer than what chance alone does to an accuracy.
_MOST = 1_500
# With fewer than this the standard error of an accuracy of a third is over two points, more than an epoch
# brings.
FEW_IMAGES = 450
_LEAST_VALUES = 5


def validation_images(history: History) -> int | None:
    """Images that validation is over, where known or told from its accuracies; None where there are too few
    different ones, where there are more than some thousand images, or where figures were rounded."""
    if history.context.validation_images:
        return history.context.validation_images
    images = _steps(history.val_accuracy)
    # Training accuracy in steps as coarse is rounded when written down, and so is validation's.
    if images is None or not history.has("accuracy", 5) or _steps(history.accuracy) is not None:
        return None
    return images


def _steps(accuracy: Series) -> int | None:
    """The smallest n of which all values are multiples of 1/n, up to six written digits."""
    _, values = measured(accuracy)
    values = np.unique(values)
    if len(values) < _LEAST_VALUES:
        return None
    counts = np.arange(20, _MOST + 1)[:, None] * values  # [n, value]
    off = np.abs(counts - np.round(counts)) - 2e-6 * counts - 1e-6
    fitting = np.flatnonzero((off <= 0).all(axis=1))
    return int(fitting[0]) + 20 if len(fitting) else None
