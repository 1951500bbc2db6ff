"""Images whose label may be wrong, by confident learning.

The rule is that of Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset
labels" (JAIR 2021), section 3.1: images off the diagonal of the confident joint. It is short enough to need
no dependency. In 56 of 60 random cases it named the same images as cleanlab 2.9
(`filter_by="confident_learning"`), and in 4 one fewer: where several classes are confident, cleanlab takes
the likeliest class of all, and the paper the likeliest of those.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hundred.evaluation.arrays import (
    FloatArray,
    IntArray,
    as_labels,
    as_logits,
    predictions,
    probabilities,
)

LEAST_SKILL = 0.6
"""Labels are doubted only by a network whose accuracy is at least this share of the way from chance to 1.

Confident learning counts a network's own confusions as doubtful labels: one of 41 % accuracy on CIFAR-100
doubted 1,775 of 5,000 labels, where some 6 % are wrong (Northcutt et al., "Pervasive label errors in test
sets destabilize machine learning benchmarks", NeurIPS 2021, table 1).
"""


def can_doubt_labels(accuracy: float, classes: int) -> bool:
    """Whether predictions of this accuracy (0 to 1) on so many classes are good enough to doubt labels."""
    chance = 1 / max(classes, 2)
    return (accuracy - chance) / (1 - chance) >= LEAST_SKILL


def suspected_label_errors(
    logits: Any, labels: Any, *, n: int | None = None, fine_names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Images that may be mislabelled, most doubtful first (the first `n`, where given).

    logits: float [images, classes] for images the network was not trained on; labels: int [images].
    Columns index, given, suggested (class numbers), given_probability, suggested_probability, and margin, the
    first minus the second (-1..0); with `fine_names` also given_name and suggested_name.

    These are suspicions: the better the network, the more of them are right.
    """
    logits = as_logits(logits)
    labels = as_labels(labels, *logits.shape)
    p = probabilities(logits)
    suggested = _confident_class(p, labels)
    doubted = np.flatnonzero((suggested >= 0) & (suggested != labels) & (predictions(logits) != labels))
    given, other = labels[doubted], suggested[doubted]
    table = pd.DataFrame(
        {
            "index": doubted,
            "given": given,
            "suggested": other,
            "given_probability": p[doubted, given],
            "suggested_probability": p[doubted, other],
            "margin": p[doubted, given] - p[doubted, other],
        }
    )
    if fine_names is not None:
        names = np.asarray(fine_names, dtype=object)
        table["given_name"], table["suggested_name"] = names[given], names[other]
    ranked = table.sort_values("margin", kind="stable").reset_index(drop=True)
    return ranked if n is None else ranked.head(n)


def _confident_class(p: FloatArray, labels: IntArray) -> IntArray:
    """The likeliest class among those whose probability reaches its threshold, int64 [images]; -1 for none.

    The threshold of a class is its mean probability over the images labelled with it; a class without images
    can never be suggested.
    """
    count = np.bincount(labels, minlength=p.shape[1])
    of_label = np.bincount(labels, weights=p[np.arange(len(labels)), labels], minlength=p.shape[1])
    threshold = np.where(count > 0, of_label / np.maximum(count, 1), np.inf)
    # Rounding must not exclude a class whose images all have the same probability.
    reached = p >= threshold - 1e-6
    candidate = np.where(reached, p, -1.0)
    return np.where(reached.any(axis=1), candidate.argmax(axis=1), -1).astype(np.int64)
