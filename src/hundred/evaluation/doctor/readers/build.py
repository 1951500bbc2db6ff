"""From a table of any framework to a History: one training, one point an epoch, accuracies as fractions."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hundred.errors import HundredError, UsageError
from hundred.evaluation.doctor.history import CURVES, Context, History, Series
from hundred.evaluation.doctor.readers.broken import drop_broken
from hundred.evaluation.doctor.readers.columns import LABELS, is_score, meaning_of, recognize
from hundred.evaluation.doctor.readers.framework import framework_of, task_of
from hundred.evaluation.doctor.readers.points import Points, points_of
from hundred.evaluation.doctor.readers.table import EMPTY, Number, Table, number
from hundred.evaluation.doctor.readers.trainings import Training, choose, trainings_of
from hundred.evaluation.doctor.reading import ColumnUse, Reading, TrainingPart

# With as many values in another column, a column with a single one is no curve.
_CURVE = 5


def history_of(
    columns: Mapping[str, Sequence[Any]],
    context: Context | None = None,
    source: str = "the history",
    *,
    sparse: bool = False,
    table: Table | None = None,
    run: str | None = None,
) -> History:
    """The history in `columns`, by name; cells are numbers, their text, or None and "" for not measured.

    sparse: NaN also means not measured, as in a data frame, unless an epoch has no training loss but NaN.
    table: what is known of the file that the columns are from. run: the number of the training, where several
    are in the table.

    Raises HundredError where no column is a figure of training, or its cells are no numbers; UsageError where
    `run` names no training.
    """
    context = context or Context()
    notes = list(table.notes) if table else []
    found = _recognized(_with_a_curve(columns), source)
    cells = _cells(columns, found, source)
    if sparse:
        cells = {key: _measured(key, values) for key, values in cells.items()}
    labels, unit = _labels(cells)
    figures = {key: values for key, values in cells.items() if key not in ("epoch", "step")}
    trainings = trainings_of(figures, labels, notes)
    chosen = _number_of(run, trainings, source, table)
    training = trainings[chosen] if trainings else Training((), ())
    points = points_of(figures, training, unit, cells.get("step"), notes)
    broken = drop_broken(points.figures, {key: found[key] for key in points.figures})
    arrays, infinite = _arrays(points)
    _to_fractions(arrays, notes)
    kept = _kept(arrays, infinite)
    scores = tuple(key for key in ("accuracy", "val_accuracy") if key in found and is_score(found[key]))
    history = History(
        np.array(points.labels, dtype=np.float64)[kept],
        **{name: arrays.get(name, np.full(len(kept), np.nan))[kept] for name in CURVES},
        infinite=infinite[kept],
        context=_with_classes(context, table),
        notes=tuple(notes),
        unit=points.unit,
        averaged=points.averaged,
        scores={key: found[key].strip() for key in scores},
        continued=chosen > 0 or (unit == "epoch" and _begins_late(training.labels)),
        from_zero=unit == "epoch" and any(min(each.labels) == 0 for each in trainings),
    )
    framework = context.framework or framework_of(columns, table.form if table else "")
    reading = Reading(
        source,
        table.form if table else "Python objects",
        framework,
        context.task or task_of(source, columns),
        table.run if table else "",
        _uses(found, columns),
        tuple(name for name in columns if name not in found.values()),
        tuple(
            TrainingPart(min(each.labels), max(each.labels), len(each.rows), place == chosen, unit)
            for place, each in enumerate(trainings)
        ),
        points.unit,
        tuple(LABELS[name] for name in history.missing),
        tuple(broken),
        tuple(notes),
    )
    return replace(history, reading=reading, notes=(*_always_noted(reading), *history.notes))


def _begins_late(labels: Sequence[float]) -> bool:
    """Whether the first epochs are missing: it begins after 1, and not because only every second is written
    down."""
    order = sorted(set(labels))
    return len(order) > 1 and order[0] > max(1.0, order[1] - order[0])


def _always_noted(reading: Reading) -> list[str]:
    """What a reader must know even without asking: which training is judged, and which columns are broken."""
    lines = [f"{name.strip()} was left out: {why}" for name, why in reading.broken]
    if len(reading.trainings) > 1:
        which = next(place for place, each in enumerate(reading.trainings, start=1) if each.judged)
        spans = ", ".join(f"{each.first:g} to {each.last:g}" for each in reading.trainings)
        unit = reading.trainings[0].unit
        lines.insert(
            0,
            f"the table holds {len(reading.trainings)} trainings ({unit}s {spans}); "
            f"number {which} is judged, "
            "--run chooses another",
        )
    return lines


def _with_a_curve(columns: Mapping[str, Sequence[Any]]) -> Mapping[str, Sequence[Any]]:
    """Without columns that have one value, such as the test figures in the last row of a table, where others
    have more."""
    counts = {
        name: sum(cell is not None and str(cell).strip().lower() not in EMPTY for cell in cells)
        for name, cells in columns.items()
    }  # NaN is a value: of a figure that broke
    if max(counts.values(), default=0) < _CURVE:
        return columns
    return {name: cells for name, cells in columns.items() if counts[name] > 1}


def _recognized(columns: Mapping[str, Sequence[Any]], source: str) -> dict[str, str]:
    """Column by figure; of several learning rates that of most weights."""
    found = recognize(columns)
    if not set(found) - {"learning_rate", "epoch", "step"}:
        names = ", ".join(str(name).strip() for name in list(columns)[:12])
        raise HundredError(
            f"{source} has no column that is a training figure (it has: {names or 'none'})\n"
            "give it columns such as epoch, loss, accuracy, val_loss, val_accuracy, learning_rate"
        )
    rates = [name for name in columns if meaning_of(name).figure == "learning_rate"]
    if len(rates) > 1:
        found["learning_rate"] = min(rates, key=lambda name: _peak(columns[name]))
    index = next(
        (name for name in columns if not str(name).strip() or str(name).lower() == "unnamed: 0"), None
    )
    if "epoch" not in found and "step" not in found and index is not None and _counts(columns[index]):
        found["epoch"] = index
    return found


def _peak(cells: Sequence[Any]) -> float:
    """The highest of a learning rate: of groups, biases are warmed up from a rate far above that of the
    weights."""
    try:
        values = [value for value in map(number, cells) if value is not None and math.isfinite(value)]
    except ValueError:
        return math.inf
    return max(values, default=math.inf)


def _counts(cells: Sequence[Any]) -> bool:
    """Whether a column without a name counts the rows, as the index that pandas writes does."""
    try:
        values = [number(cell) for cell in cells]
    except ValueError:
        return False
    return len(values) > 1 and all(value == place for place, value in enumerate(values))


def _cells(
    columns: Mapping[str, Sequence[Any]], found: Mapping[str, str], source: str
) -> dict[str, list[Number]]:
    cells: dict[str, list[Number]] = {}
    for key, name in found.items():
        try:
            cells[key] = [number(cell) for cell in columns[name]]
        except ValueError:
            cell = next(cell for cell in columns[name] if not _is_number(cell))
            raise HundredError(
                f"{source}: {str(cell)[:40]!r} in column {name.strip()!r} is not a number"
            ) from None
    rows = max(len(values) for values in cells.values())
    for values in cells.values():
        values.extend([None] * (rows - len(values)))
    return cells


def _is_number(cell: Any) -> bool:
    try:
        number(cell)
    except ValueError:
        return False
    return True


def _measured(key: str, values: list[Number]) -> list[Number]:
    """Cells of a data frame without its NaN for empty ones. Where the training loss is NaN to the end, and
    was a number in each row before, it was measured."""
    none = [value is None or math.isnan(value) for value in values]
    dense = none.index(True) if True in none else len(none)
    if key == "loss" and 0 < dense < len(none) and all(none[dense:]):
        return [math.nan if is_none else value for value, is_none in zip(values, none, strict=True)]
    return [None if is_none else value for value, is_none in zip(values, none, strict=True)]


def _labels(cells: Mapping[str, list[Number]]) -> tuple[list[Number], str]:
    """The epoch of each row, else its step, else its number from 1; and which of these it is."""
    rows = max(len(values) for values in cells.values())
    for key in ("epoch", "step"):
        if any(value is not None and math.isfinite(value) for value in cells.get(key, ())):
            return list(cells[key]), key
    return [float(row) for row in range(1, rows + 1)], "epoch"


def _number_of(run: str | None, trainings: Sequence[Training], source: str, table: Table | None) -> int:
    """The index of the training that is judged."""
    if run is None or (table is not None and table.run == run):
        return choose(trainings)
    if run.isdigit() and 1 <= int(run) <= len(trainings):
        return int(run) - 1
    held = f"{len(trainings)} trainings, numbered from 1" if len(trainings) > 1 else "one run"
    raise UsageError(f"{source} holds {held}, so --run {run} has nothing to choose from")


def _arrays(points: Points) -> tuple[dict[str, Series], np.ndarray]:
    infinite = np.zeros(len(points.labels), dtype=bool)
    arrays: dict[str, Series] = {}
    for key, values in points.figures.items():
        array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        measured = np.array([value is not None for value in values], dtype=bool)
        if key != "learning_rate":
            infinite |= measured & ~np.isfinite(array)
        arrays[key] = np.where(np.isfinite(array), array, np.nan)
    return arrays, infinite


def _kept(arrays: Mapping[str, Series], infinite: np.ndarray) -> np.ndarray:
    """Points at which anything was measured."""
    empty = ~infinite
    for key, array in arrays.items():
        if key in CURVES:
            empty &= np.isnan(array)
    return np.asarray(~empty, dtype=bool)


def _to_fractions(arrays: dict[str, Series], notes: list[str]) -> None:
    """Accuracies and error rates given in percent become fractions, and error rates accuracies, in place."""
    names = [name for name in ("accuracy", "val_accuracy", "error", "val_error") if name in arrays]
    values = _finite(arrays[name] for name in names)
    losses = _finite(arrays[name] for name in ("loss", "val_loss") if name in arrays)
    if len(values):
        # At chance, 1 % of 100 classes reads as 1.0; a loss far above 0 tells it from everything right.
        near_all = values.max() > 0.9 and not any(name.endswith("error") for name in names)
        hidden = near_all and len(losses) > 0 and losses.min() > 2.5
        if values.max() > 1.5 or hidden or (values.max() > 1.0 + 1e-6 and np.median(values) > 1.0):
            notes.append("accuracies were read as percent")
            for name in names:
                arrays[name] = arrays[name] / 100
    for name in [name for name in names if name.endswith("error")]:
        arrays[name.replace("error", "accuracy")] = 1.0 - arrays.pop(name)


def _finite(arrays: Iterable[Series]) -> Series:
    every = [array[np.isfinite(array)] for array in arrays]
    return np.concatenate(every) if every else np.zeros(0)


def _with_classes(context: Context, table: Table | None) -> Context:
    return (
        replace(context, classes=table.classes)
        if table and table.classes and not context.classes
        else context
    )


_REASONS = {
    "epoch": "the name says so",
    "step": "the name says so; the file has no epochs",
    "learning_rate": "the name says so",
}


def _uses(found: Mapping[str, str], columns: Mapping[str, Sequence[Any]]) -> tuple[ColumnUse, ...]:
    """The columns in use, each with the reason."""
    rates = sum(meaning_of(name).figure == "learning_rate" for name in columns)
    uses = []
    for key in LABELS:
        if key not in found or (key == "step" and "epoch" in found):
            continue
        name = found[key]
        figure = meaning_of(name).figure
        why = _REASONS.get(key, "the name says so")
        if key == "learning_rate" and rates > 1:
            why = f"of {rates} learning rates that with the lowest peak, which is that of most weights"
        elif key == "epoch" and not name.strip():
            why = "a column without a name that counts the rows"
        elif figure.endswith("score"):
            why = "a score in the place of an accuracy, which the file lacks"
        elif figure.startswith("test"):
            why = "the file has no validation figures; those of the test set are in their place"
        elif figure in ("accuracy", "error") and key.startswith("val_"):
            why = "the only one beside the losses of training and validation"
        elif figure in ("accuracy", "loss", "error"):
            why = "a name without train or val is that of training, as in Keras"
        uses.append(ColumnUse(name, LABELS[key], why))
    return tuple(uses)
