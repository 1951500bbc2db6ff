"""Which classes a network takes for which: the confusion matrix and its largest entries."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hundred.evaluation.arrays import IntArray, as_labels, as_logits, as_superclasses, predictions


def confusion_matrix(logits: Any, labels: Any, *, order: Any = None) -> IntArray:
    """Counts [classes, classes]: row the true class, column the predicted one.

    logits: float [n, classes]; labels: int [n]. order: class numbers in the order of rows and columns (such
    as `superclass_order`); default 0, 1, 2, ...
    """
    logits = as_logits(logits)
    labels = as_labels(labels, *logits.shape)
    classes = logits.shape[1]
    counts = np.bincount(labels * classes + predictions(logits), minlength=classes * classes)
    matrix = counts.reshape(classes, classes).astype(np.int64)  # [true, predicted]
    if order is None:
        return matrix
    order = np.asarray(order)
    return matrix[np.ix_(order, order)]


def superclass_order(fine_to_coarse: Any) -> IntArray:
    """Fine class numbers sorted by superclass, then by their own number, int64 [classes]."""
    superclasses = as_superclasses(fine_to_coarse, len(fine_to_coarse))
    return np.argsort(superclasses, kind="stable").astype(np.int64)


def most_confused(matrix: Any, n: int) -> IntArray:
    """The `n` classes with the most mistakes, true or predicted, in their own order; all if fewer.

    matrix: counts int [classes, classes].
    """
    counts = np.asarray(matrix, dtype=np.int64)
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return np.sort(np.argsort(-mistakes, kind="stable")[:n])


def confused_pairs(
    logits: Any, labels: Any, fine_names: Sequence[str], n: int | None = 20, *, both_directions: bool = False
) -> pd.DataFrame:
    """The `n` most confused pairs of classes (None: all that occur), most frequent first.

    Columns true, predicted, count. With `both_directions` a pair is counted together: first, second,
    count, first_as_second, second_as_first, where first is the one mistaken for the other more often.
    """
    matrix = confusion_matrix(logits, labels)
    np.fill_diagonal(matrix, 0)
    names = np.asarray(fine_names, dtype=object)
    if not both_directions:
        row, column = np.nonzero(matrix)
        frame = pd.DataFrame(
            {"true": names[row], "predicted": names[column], "count": matrix[row, column].astype(np.int64)}
        )
    else:
        row, column = np.nonzero(np.triu(matrix + matrix.T))
        swap = matrix[column, row] > matrix[row, column]
        row, column = np.where(swap, column, row), np.where(swap, row, column)
        frame = pd.DataFrame(
            {
                "first": names[row],
                "second": names[column],
                "count": matrix[row, column] + matrix[column, row],
                "first_as_second": matrix[row, column],
                "second_as_first": matrix[column, row],
            }
        )
    ranked = frame.sort_values("count", ascending=False, kind="stable").reset_index(drop=True)
    return ranked if n is None else ranked.head(n)
