"""What accuracy cost in time, parameters and file size, and which entries no other beats in both."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hundred.evaluation.arrays import BoolArray


def pareto_front(train_seconds: Sequence[float | None], accuracy: Sequence[float]) -> BoolArray:
    """True for each entry that no other matches in both accuracy and time while better in one of them.

    An entry whose time is unknown (None or NaN) is never on the front and beats no other. bool [n].
    """
    seconds = np.asarray([np.nan if value is None else value for value in train_seconds], dtype=np.float64)
    gained = np.asarray(accuracy, dtype=np.float64)
    no_worse = (gained[:, None] >= gained) & (seconds[:, None] <= seconds)  # [rival, entry]
    better = (gained[:, None] > gained) | (seconds[:, None] < seconds)
    result: BoolArray = ~np.isnan(seconds) & ~(no_worse & better).any(axis=0)
    return result


def cost_table(
    names: Sequence[str],
    accuracy: Sequence[float],
    train_seconds: Sequence[float | None],
    parameters: Sequence[int | None],
    file_bytes: Sequence[int | None],
) -> pd.DataFrame:
    """One row per name: name, accuracy, train_seconds, parameters, file_bytes, accuracy_per_minute, pareto.

    accuracy is a fraction; accuracy_per_minute the fraction gained per minute of training. Unknown is
    missing.
    """
    seconds = pd.array([_known(value) for value in train_seconds], dtype="Float64")
    minutes = np.asarray([np.nan if not value else value / 60 for value in train_seconds], dtype=np.float64)
    per_minute = [_known(value) for value in np.asarray(accuracy, dtype=np.float64) / minutes]
    return pd.DataFrame(
        {
            "name": list(names),
            "accuracy": np.asarray(accuracy, dtype=np.float64),
            "train_seconds": seconds,
            "parameters": pd.array(list(parameters), dtype="Int64"),
            "file_bytes": pd.array(list(file_bytes), dtype="Int64"),
            "accuracy_per_minute": pd.array(per_minute, dtype="Float64"),
            "pareto": pareto_front(train_seconds, accuracy),
        }
    )


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
