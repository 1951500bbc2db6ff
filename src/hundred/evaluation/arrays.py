"""Logits and labels as checked NumPy arrays; the probabilities and predictions that follow from logits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.errors import HundredError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def as_logits(logits: Any) -> FloatArray:
    """Logits (array or tensor, any float type, [n, classes]) as float64.

    Raises HundredError where the shape is another, there are no rows, or a value is NaN or infinite.
    """
    array = np.asarray(_on_cpu(logits), dtype=np.float64)
    if array.ndim != 2 or array.shape[0] == 0 or array.shape[1] < 2:
        raise HundredError(
            f"logits of shape {list(array.shape)} cannot be evaluated: they must be [images, classes], "
            "with at least one image and two classes"
        )
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise HundredError(
            f"the logits of {int(bad.sum()):,} of {len(array):,} images are not finite numbers "
            f"(first: image {int(bad.argmax())})\n"
            "the network has diverged: train again with a lower learning rate"
        )
    return array


def as_labels(labels: Any, images: int, classes: int) -> IntArray:
    """Labels (array, tensor or list of whole numbers, [images]) as int64, each in 0 .. classes - 1.

    Raises HundredError where their number, type or range is wrong.
    """
    array = np.asarray(_on_cpu(labels))
    if array.shape != (images,):
        raise HundredError(
            f"{images:,} rows of logits but labels of shape {list(array.shape)}: give one label per image"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise HundredError(f"labels of type {array.dtype} are not class numbers: give whole numbers")
    wrong = (array < 0) | (array >= classes)
    if wrong.any():
        where = int(wrong.argmax())
        raise HundredError(
            f"label {int(array[where])} of image {where} names no class: "
            f"the logits know classes 0 to {classes - 1}"
        )
    return array.astype(np.int64)


def as_superclasses(fine_to_coarse: Any, classes: int) -> IntArray:
    """The superclass number of each fine class, as int64 [classes].

    Raises HundredError where there is not one for each class.
    """
    array = np.asarray(_on_cpu(fine_to_coarse)).astype(np.int64)
    if array.shape != (classes,) or (array < 0).any():
        raise HundredError(
            f"the logits have {classes} classes but fine_to_coarse has shape {list(array.shape)}: "
            "give one superclass number for each class"
        )
    return array


def log_probabilities(logits: FloatArray) -> FloatArray:
    """Log-softmax of each row, [n, classes], at most 0."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def probabilities(logits: FloatArray) -> FloatArray:
    """Softmax of each row, [n, classes]; rows sum to 1."""
    result: FloatArray = np.exp(log_probabilities(logits))
    return result


def predictions(logits: FloatArray) -> IntArray:
    """The class with the highest logit in each row, [n]; the lowest number among equals."""
    return logits.argmax(axis=1).astype(np.int64)


def _on_cpu(values: Any) -> Any:
    """A tensor as an array (bfloat16, which NumPy lacks, as float32); anything else as it is."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        return (values.float() if values.is_floating_point() else values).numpy()
    return values
