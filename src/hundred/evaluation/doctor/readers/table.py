"""From a table of any framework, as columns of numbers, to a History: one row an epoch, fractions, epochs
from 1."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from hundred.errors import HundredError
from hundred.evaluation.doctor.history import CURVES, Context, History, Series
from hundred.evaluation.doctor.readers.columns import recognize

Number = float | None  # None: not measured; NaN: measured, and not a number


def history_of(
    columns: Mapping[str, Sequence[Any]],
    context: Context | None = None,
    source: str = "the history",
    *,
    sparse: bool = False,
) -> History:
    """The history in `columns`, by name; cells are numbers, their text, or None and "" for not measured.

    sparse: NaN also says not measured, as in a data frame, unless an epoch has no training loss but NaN.

    Raises HundredError where no column is a figure of training, or its cells are no numbers.
    """
    found = recognize(columns)
    figures = {key: column for key, column in found.items() if key != "epoch"}
    if not set(figures) - {"learning_rate"}:
        names = ", ".join(str(name).strip() for name in list(columns)[:12])
        raise HundredError(
            f"{source} has no column that is a training figure (it has: {names or 'none'})\n"
            "give it columns such as epoch, loss, accuracy, val_loss, val_accuracy, learning_rate"
        )
    cells = {key: [_number(cell, name, source) for cell in columns[name]] for key, name in found.items()}
    if "epoch" in cells:
        cells["epoch"] = [
            None if value is None or not math.isfinite(value) else value for value in cells["epoch"]
        ]
    rows = max(len(values) for values in cells.values())
    for key, values in cells.items():
        values.extend([None] * (rows - len(values)))
        if key == "epoch" and all(value is None for value in values):
            cells[key] = list(range(1, rows + 1))
    if sparse:
        cells = {key: _measured(key, values) for key, values in cells.items()}
    notes: list[str] = []
    merged, epochs = _by_epoch(cells, rows, notes)
    return _built(merged, epochs, context or Context(), notes)


def _number(cell: Any, column: str, source: str) -> Number:
    """A cell as a number; None where it is empty."""
    if cell is None:
        return None
    if isinstance(cell, str):
        text = cell.strip().rstrip("%")
        if text.lower() in ("", "none", "null", "na", "n/a", "-"):
            return None
        cell = text
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        raise HundredError(
            f"{source}: {str(cell)[:40]!r} in column {column.strip()!r} is not a number"
        ) from None


def _measured(key: str, values: list[Number]) -> list[Number]:
    """Cells of a data frame without its NaN for empty ones. Where the training loss is NaN to the end, and
    was
    a number in each row before, it was measured."""
    none = [value is None or math.isnan(value) for value in values]
    dense = none.index(True) if True in none else len(none)
    if key == "loss" and 0 < dense < len(none) and all(none[dense:]):
        return [math.nan if is_none else value for value, is_none in zip(values, none, strict=True)]
    return [None if is_none else value for value, is_none in zip(values, none, strict=True)]


def _by_epoch(
    cells: dict[str, list[Number]], rows: int, notes: list[str]
) -> tuple[dict[str, list[Number]], list[float]]:
    """One row for each epoch: rows of the same epoch are laid over each other, a figure's last value
    counting,
    as after a resume; training figures logged by step are averaged over their epoch."""
    labels = cells.get("epoch") or [float(row) for row in range(1, rows + 1)]
    places: dict[float, list[int]] = {}
    current: float | None = None
    # Where epochs are given with their parts (0.25, 0.5, ...), as by step, 1.0 is the end of the first.
    whole = math.floor if all(label is None or label == math.floor(label) for label in labels) else math.ceil
    for row, label in enumerate(labels):
        current = current if label is None else float(whole(label - 1e-6 if whole is math.ceil else label))
        if current is None or all(values[row] is None for key, values in cells.items() if key != "epoch"):
            continue
        places.setdefault(current, []).append(row)
    order = sorted(places)
    repeated = sum(len(found) for found in places.values()) - len(order)
    merged = {
        key: [_one(key, [values[row] for row in places[label]]) for label in order]
        for key, values in cells.items()
        if key != "epoch"
    }
    if repeated:
        notes.append(f"{repeated} rows share an epoch with another and were laid over each other")
    first = order[0] if order else 1.0
    if first == 0:
        notes.append("epochs were counted from 0 in the file; here they count from 1")
        order = [label + 1 for label in order]
    return merged, order


def _one(key: str, values: list[Number]) -> Number:
    """A figure of an epoch from those of its rows."""
    measured = [value for value in values if value is not None]
    if not measured:
        return None
    # More than a handful of different training values in one epoch are steps, not repeats.
    if not key.startswith("val_") and key != "learning_rate" and len(set(measured)) > 3:
        return float(np.mean(measured))
    return measured[-1]


def _built(
    merged: dict[str, list[Number]], epochs: list[float], context: Context, notes: list[str]
) -> History:
    infinite = np.zeros(len(epochs), dtype=bool)
    arrays: dict[str, Series] = {}
    for key, values in merged.items():
        array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        measured = np.array([value is not None for value in values], dtype=bool)
        if key != "learning_rate":
            infinite |= measured & ~np.isfinite(array)
        arrays[key] = np.where(np.isfinite(array), array, np.nan)
    _to_fractions(arrays, notes)
    curves = {name: arrays.get(name, np.full(len(epochs), np.nan)) for name in CURVES}
    empty = ~infinite
    for array in curves.values():
        empty &= np.isnan(array)
    kept = ~empty
    return History(
        np.array(epochs, dtype=np.float64)[kept],
        **{name: array[kept] for name, array in curves.items()},
        infinite=infinite[kept],
        context=context,
        notes=tuple(notes),
    )


def _to_fractions(arrays: dict[str, Series], notes: list[str]) -> None:
    """Accuracies and error rates given in percent become fractions, and error rates accuracies, in place."""
    names = [name for name in ("accuracy", "val_accuracy", "error", "val_error") if name in arrays]
    values = _finite(arrays[name] for name in names)
    losses = _finite(arrays[name] for name in ("loss", "val_loss") if name in arrays)
    if len(values):
        # At chance, 1 % of 100 classes reads as 1.0; a loss far above 0 tells it from everything right.
        sure_of_all = values.max() > 0.9 and not any(name.endswith("error") for name in names)
        hidden = sure_of_all and len(losses) > 0 and losses.min() > 2.5
        if values.max() > 1.0 + 1e-6 or hidden:
            notes.append("accuracies were read as percent")
            for name in names:
                arrays[name] = arrays[name] / 100
    for name in [name for name in names if name.endswith("error")]:
        arrays[name.replace("error", "accuracy")] = 1.0 - arrays.pop(name)


def _finite(arrays: Iterable[Series]) -> Series:
    every = [array[np.isfinite(array)] for array in arrays]
    return np.concatenate(every) if every else np.zeros(0)
