"""Which fine classes improved and which worsened between two recipes, beyond what another seed would do."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hundred.evaluation.arrays import BoolArray, FloatArray, IntArray
from hundred.evaluation.compare.significance import benjamini_hochberg
from hundred.evaluation.intervals import t_quantile

MEDIAN_CHI_SQUARED = 0.4549364
"""Median of a squared standard normal value."""

SHARED_DEGREES = 10.0
"""How many degrees of freedom the spread that all classes share lends to each class's own."""


def class_changes(
    first: BoolArray,
    second: BoolArray,
    labels: IntArray,
    fine_names: Sequence[str],
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """One row per fine class with test images, largest gain of the first first.

    first: bool [runs, images], right or wrong; second: bool [other runs, images]; labels: int [images].
    Columns: class, first, second (mean accuracies), difference (first - second), low, high, p_value,
    corrected (p by Benjamini and Hochberg over all classes), change: `better`, `worse` or `` for the first.
    The index (`label`) is the class number.

    Of the classes called better or worse at most 1 - confidence are expected to be chance.
    """
    present, counts = np.unique(labels, return_counts=True)
    of_first = _accuracies(first, labels, present, counts)  # [runs, classes]
    of_second = _accuracies(second, labels, present, counts)
    change = of_first.mean(axis=0) - of_second.mean(axis=0)
    variance = _image_variance(first, second, labels, present, counts)
    if min(len(first), len(second)) >= 2:
        variance, degrees = _measured(of_first, of_second, variance)
    else:
        variance, degrees = _inflated(change, variance), float(len(labels))
    error = np.sqrt(variance)
    p_value = _two_sided(change / error, degrees)
    corrected = benjamini_hochberg(p_value)
    reach = t_quantile(confidence, degrees) * error
    found = corrected < 1 - confidence
    table = pd.DataFrame(
        {
            "class": [fine_names[label] for label in present],
            "first": of_first.mean(axis=0),
            "second": of_second.mean(axis=0),
            "difference": change,
            "low": change - reach,
            "high": change + reach,
            "p_value": p_value,
            "corrected": corrected,
            "change": np.where(found & (change > 0), "better", np.where(found & (change < 0), "worse", "")),
        },
        index=pd.Index(present, name="label"),
    )
    return table.sort_values("difference", ascending=False, kind="stable")


def _accuracies(right: BoolArray, labels: IntArray, present: IntArray, counts: IntArray) -> FloatArray:
    """Accuracy per run and class, [runs, classes]."""
    sums = [np.bincount(labels, weights=run)[present] for run in right]
    return np.stack(sums) / counts


def _image_variance(
    first: BoolArray, second: BoolArray, labels: IntArray, present: IntArray, counts: IntArray
) -> FloatArray:
    """McNemar's variance of each class's difference, [classes]; two more images that the two disagree on keep
    it from vanishing in small classes.
    """
    per_image = first.mean(axis=0) - second.mean(axis=0)
    disagreement = np.bincount(labels, weights=np.square(per_image))[present]
    result: FloatArray = (disagreement + 1 / len(first) + 1 / len(second)) / np.square(counts)
    return result


def _inflated(change: FloatArray, variance: FloatArray) -> FloatArray:
    """Single runs: the typical class shows how far seeds move classes beyond chance; few real changes do not
    move the median (the "genomic control" of Devlin and Roeder 1999). What all classes gained together is no
    such movement, so it is taken off first.
    """
    apart = change - np.median(change)
    factor = float(np.median(np.square(apart) / variance)) / MEDIAN_CHI_SQUARED
    return variance * max(factor, 1.0)


def _measured(first: FloatArray, second: FloatArray, image_variance: FloatArray) -> tuple[FloatArray, float]:
    """Repeats: the variance between seeds of each class, drawn towards that of all classes (Smyth 2004).

    first, second: accuracies [runs, classes]. Returns variances [classes] and the degrees of freedom.
    """
    own = first.var(axis=0, ddof=1) / len(first) + second.var(axis=0, ddof=1) / len(second)
    # A class on which runs disagree about more images varies more between seeds, in proportion.
    shared = own.mean() * image_variance / image_variance.mean()
    # Runs that all agree, in every class, leave the images as the only measure.
    shared = np.where(shared > 0, shared, image_variance)
    degrees = float(len(first) + len(second) - 2)
    variance: FloatArray = (SHARED_DEGREES * shared + degrees * own) / (SHARED_DEGREES + degrees)
    return variance, SHARED_DEGREES + degrees


def _two_sided(t: FloatArray, degrees: float) -> FloatArray:
    from scipy.special import stdtr

    result: FloatArray = 2 * stdtr(degrees, -np.abs(t))
    return result
