"""How well each fine class and each superclass is recognised, as data frames."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hundred.errors import HundredError, UsageError, nearest
from hundred.evaluation.arrays import as_superclasses
from hundred.evaluation.confusion import confusion_matrix


def class_table(
    logits: Any,
    labels: Any,
    fine_names: Sequence[str],
    coarse_names: Sequence[str],
    fine_to_coarse: Any,
    *,
    sort_by: str = "error",
    ascending: bool | None = None,
) -> pd.DataFrame:
    """One row per fine class: class, superclass, error, precision, recall, f1, support.

    Without superclasses (at most one name in `coarse_names`) there is no column superclass.
    The frame's index (`label`) is the class number. error is 1 - recall, NaN for a class without images;
    undefined precision, recall and F1 are 0, as scikit-learn's. support counts images.
    sort_by: a column, or `label`. ascending: default False for figures (worst error first), True for names.
    Raises UsageError for an unknown column, HundredError where names, labels or logits do not fit together.
    """
    matrix = confusion_matrix(logits, labels)
    superclasses = as_superclasses(fine_to_coarse, len(matrix))
    if len(fine_names) != len(matrix):
        raise HundredError(f"{len(fine_names)} names for {len(matrix)} classes: give one for each")
    right = np.diag(matrix).astype(np.float64)
    support, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    recall = right / np.maximum(support, 1)
    # 2 x precision x recall / (precision + recall), without its own 0 / 0
    f1 = 2 * right / np.maximum(support + predicted, 1)
    grouped = len(coarse_names) > 1
    table = pd.DataFrame(
        {
            "class": list(fine_names),
            **({"superclass": [coarse_names[number] for number in superclasses]} if grouped else {}),
            "error": np.where(support > 0, 1 - recall, np.nan),
            "precision": right / np.maximum(predicted, 1),
            "recall": recall,
            "f1": f1,
            "support": support,
        },
        index=pd.Index(np.arange(len(matrix)), name="label"),
    )
    return sorted_table(table, sort_by, ascending)


def superclass_table(
    classes: pd.DataFrame, *, sort_by: str = "mean_error", ascending: bool | None = None
) -> pd.DataFrame:
    """One row per superclass: superclass, mean_error, min_error, max_error, easiest, hardest, support.

    classes: what `class_table` returned, in any order. The errors are over its fine classes, unweighted;
    easiest and hardest name those with the least and the most. A superclass without images has NaN and None.
    """
    rows = []
    for superclass, members in classes.sort_index().groupby("superclass", sort=False):
        known = members.dropna(subset=["error"]).sort_values("error", kind="stable")
        ranked = known["class"].tolist()
        rows.append(
            {
                "superclass": superclass,
                "mean_error": known["error"].mean(),
                "min_error": known["error"].min(),
                "max_error": known["error"].max(),
                "easiest": ranked[0] if ranked else None,
                "hardest": ranked[-1] if ranked else None,
                "support": members["support"].sum(),
            }
        )
    return sorted_table(pd.DataFrame(rows), sort_by, ascending).reset_index(drop=True)


def sorted_table(table: pd.DataFrame, sort_by: str, ascending: bool | None) -> pd.DataFrame:
    """`table` sorted by a column or its index; None sorts numbers downwards and names upwards. Stable.

    Raises UsageError for an unknown column.
    """
    if sort_by == table.index.name:
        return table.sort_index(ascending=ascending if ascending is not None else True)
    if sort_by not in table.columns:
        raise UsageError(
            f"no column {sort_by!r} to sort by{nearest(sort_by, table.columns)}; "
            f"known are {', '.join(map(str, table.columns))}"
        )
    if ascending is None:
        ascending = not pd.api.types.is_numeric_dtype(table[sort_by])
    return table.sort_values(sort_by, ascending=ascending, kind="stable")
