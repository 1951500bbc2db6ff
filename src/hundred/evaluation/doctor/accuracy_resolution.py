"""How many images validation is over, inferred from the steps in which its accuracy moves: k of n images are
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
# Without training accuracies to compare with, only so few images are inferred.
_FEW_ALONE = 450


def validation_images(history: History) -> int | None:
    """Images that validation is over, where known or inferred from its accuracies; None where there are too
    few different ones, where there are more than some thousand images, or where figures were rounded."""
    if history.context.validation_images:
        return history.context.validation_images
    if "val_accuracy" in history.scores:
        return None
    images = _steps(history.val_accuracy)
    if images is None:
        return None
    # Training accuracy in such steps is rounded when written down, and so is validation's.
    if history.has("accuracy", 5):
        return images if _steps(history.accuracy) in (None, *_more(images)) else None
    return images if images <= _FEW_ALONE and not _is_round(images) else None


def _more(images: int) -> range:
    """Steps of training accuracies that are those of more images, not of rounding."""
    return range(0) if _is_round(images) else range(images + 1, _MOST + 1)


def _is_round(images: int) -> bool:
    """Whether steps of 1/n are also those of values rounded to three digits."""
    return 1_000 % images == 0


def _steps(accuracy: Series) -> int | None:
    """The smallest n of which all values are multiples of 1/n, up to six written digits, or the four or five
    that they were rounded to."""
    _, values = measured(accuracy)
    values = np.unique(values)
    if not _LEAST_VALUES <= len(values) <= _MOST + 1:  # there are no more multiples of 1/n from 0 to 1
        return None
    images = np.arange(20, _MOST + 1)[:, None]
    counts = images * values  # [n, value]
    off = np.abs(counts - np.round(counts))
    exact = np.flatnonzero((off <= 2e-6 * counts + 1e-6).all(axis=1))
    if len(exact):
        return int(exact[0]) + 20
    for digits in (4, 5):
        rounding = 0.55 * 10.0**-digits * images
        if np.allclose(values * 10**digits, np.round(values * 10**digits), atol=1e-4):
            fitting = np.flatnonzero(((off <= rounding) & (rounding < 0.1)).all(axis=1))
            return int(fitting[0]) + 20 if len(fitting) else None
    return None
