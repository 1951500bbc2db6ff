"""Single test images worth looking at: the hardest, the easiest, the most confident mistakes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hundred.evaluation.arrays import as_labels, as_logits, log_probabilities, predictions


def image_table(logits: Any, labels: Any, fine_names: Sequence[str] | None = None) -> pd.DataFrame:
    """One row per image, in order: index, true, predicted, loss, probability, true_probability.

    logits: float [n, classes]; labels: int [n]. true and predicted are class numbers; with `fine_names` there
    are also the columns true_name and predicted_name. loss: cross-entropy in nats. probability: of the
    predicted class. true_probability: of the true one.
    """
    logits = as_logits(logits)
    labels = as_labels(labels, *logits.shape)
    log_p = log_probabilities(logits)
    rows = np.arange(len(labels))
    predicted = predictions(logits)
    table = pd.DataFrame(
        {
            "index": rows,
            "true": labels,
            "predicted": predicted,
            "loss": -log_p[rows, labels],
            "probability": np.exp(log_p[rows, predicted]),
            "true_probability": np.exp(log_p[rows, labels]),
        }
    )
    if fine_names is not None:
        names = np.asarray(fine_names, dtype=object)
        table["true_name"] = names[labels]
        table["predicted_name"] = names[predicted]
    return table


def hardest_images(
    logits: Any,
    labels: Any,
    n: int = 20,
    *,
    fine_names: Sequence[str] | None = None,
    label: int | None = None,
) -> pd.DataFrame:
    """The `n` images with the highest loss, worst first; of class `label` only, where given.

    Columns as `image_table`.
    """
    table = _of_class(image_table(logits, labels, fine_names), label)
    return table.sort_values("loss", ascending=False, kind="stable").head(n).reset_index(drop=True)


def easiest_images(
    logits: Any,
    labels: Any,
    n: int = 20,
    *,
    fine_names: Sequence[str] | None = None,
    label: int | None = None,
) -> pd.DataFrame:
    """The `n` images with the lowest loss, best first; of class `label` only, where given.

    Columns as `image_table`.
    """
    table = _of_class(image_table(logits, labels, fine_names), label)
    return table.sort_values("loss", kind="stable").head(n).reset_index(drop=True)


def confident_mistakes(
    logits: Any,
    labels: Any,
    n: int = 20,
    *,
    fine_names: Sequence[str] | None = None,
    label: int | None = None,
) -> pd.DataFrame:
    """The `n` wrong predictions with the highest probability, highest first; of true class `label` only,
    where given.

    Columns as `image_table`.
    """
    table = _of_class(image_table(logits, labels, fine_names), label)
    wrong = table[table["true"] != table["predicted"]]
    return wrong.sort_values("probability", ascending=False, kind="stable").head(n).reset_index(drop=True)


def _of_class(table: pd.DataFrame, label: int | None) -> pd.DataFrame:
    return table if label is None else table[table["true"] == label]
