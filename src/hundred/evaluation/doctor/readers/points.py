"""The points of the curves: one an epoch, or one an evaluation where a run of few epochs was evaluated
often."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hundred.evaluation.doctor.readers.table import Number
from hundred.evaluation.doctor.readers.trainings import Training

# With fewer epochs than this, several evaluations within an epoch are more of a curve than its epochs are.
_FEW = 6
_TRAINING = ("loss", "accuracy", "error")


@dataclass
class Points:
    """Figures at each point. labels: epochs or steps as the file has them. unit: epoch, step or evaluation.

    averaged: figures that are means over the rows of an epoch, so in no row of the file.
    """

    labels: list[float]
    figures: dict[str, list[Number]]
    unit: str
    averaged: frozenset[str] = frozenset()


def points_of(
    figures: Mapping[str, Sequence[Number]],
    training: Training,
    unit: str,
    steps: Sequence[Number] | None,
    notes: list[str],
) -> Points:
    """One point for each epoch of `training`; `figures` are whole columns of the table."""
    rows, labels = list(training.rows), list(training.labels)
    cells = {key: [values[row] for row in rows] for key, values in figures.items()}
    rows, labels, cells = _without_repeats(rows, labels, cells)
    if unit == "step" or not rows:
        return _grouped(labels, cells, "step" if rows else "epoch", notes)
    whole = _whole_epochs(labels)
    evaluated = _evaluations(cells)
    epochs = len(set(whole))
    if epochs < _FEW and len(evaluated) > epochs + 1:
        notes.append(
            f"validation was measured {len(evaluated)} times in few epochs: each is a point of the curves"
        )
        return _by_evaluation(
            labels, cells, evaluated, [steps[row] for row in rows] if steps is not None else None
        )
    if epochs < 4 and len(evaluated) <= epochs and len(rows) > 3 * max(epochs, 2):
        notes.append(f"{epochs} epochs are too few for a curve: each row is a point")
        return Points(_named(rows, labels, steps), cells, "step" if steps is not None else "row")
    points = _grouped(whole, cells, "epoch", notes)
    return _without_last_validation(points, notes)


def _without_repeats(
    rows: list[int], labels: list[float], cells: dict[str, list[Number]]
) -> tuple[list[int], list[float], dict[str, list[Number]]]:
    """Without rows that repeat the one before to the last digit."""
    kept = [
        place
        for place in range(len(rows))
        if place == 0
        or labels[place] != labels[place - 1]
        or any(not _same(values[place], values[place - 1]) for values in cells.values())
    ]
    return (
        [rows[place] for place in kept],
        [labels[place] for place in kept],
        {key: [values[place] for place in kept] for key, values in cells.items()},
    )


def _same(a: Number, b: Number) -> bool:
    return a == b or (a is not None and b is not None and math.isnan(a) and math.isnan(b))


def _whole_epochs(labels: Sequence[float]) -> list[float]:
    """Labels as whole epochs; with parts (0.25, 0.5, ...), as Hugging Face writes them, 1.0 ends the
    first."""
    if all(label == math.floor(label) for label in labels):
        return list(labels)
    return [float(math.ceil(label - 1e-6)) for label in labels]


def _evaluations(cells: Mapping[str, Sequence[Number]]) -> list[int]:
    """Places of the rows with a validation figure."""
    validation = [values for key, values in cells.items() if key.startswith("val_")]
    count = len(next(iter(cells.values()), ()))
    return [place for place in range(count) if any(values[place] is not None for values in validation)]


def _named(rows: Sequence[int], labels: Sequence[float], steps: Sequence[Number] | None) -> list[float]:
    """The step of each row, else its epoch, else its number from 1."""
    if steps is not None and all(steps[row] is not None for row in rows):
        return [float(steps[row] or 0) for row in rows]
    return (
        list(labels)
        if len(set(labels)) == len(labels)
        else [float(place) for place in range(1, len(rows) + 1)]
    )


def _by_evaluation(
    labels: list[float],
    cells: Mapping[str, list[Number]],
    evaluated: list[int],
    steps: Sequence[Number] | None,
) -> Points:
    """A point an evaluation, with what was logged of training since the one before."""
    figures: dict[str, list[Number]] = {key: [] for key in cells}
    averaged = set()
    written = {key: set(values) for key, values in cells.items()}
    begin = 0
    for place in evaluated:
        for key, values in cells.items():
            merged = _one(key, values[begin : place + 1])
            figures[key].append(merged)
            if merged is not None and merged not in written[key]:
                averaged.add(key)
        begin = place + 1
    at = [steps[place] for place in evaluated] if steps else [None]
    if None not in at:
        return Points([float(step or 0) for step in at], figures, "step", frozenset(averaged))
    named = [labels[place] for place in evaluated]
    unique = len(set(named)) == len(named)
    numbered = named if unique else [float(place) for place in range(1, len(named) + 1)]
    return Points(numbered, figures, "epoch" if unique else "evaluation", frozenset(averaged))


def _grouped(labels: list[float], cells: Mapping[str, list[Number]], unit: str, notes: list[str]) -> Points:
    """Rows of one label laid over each other: a figure's last value counts, and training figures logged by
    step are averaged."""
    places: dict[float, list[int]] = {}
    for place, label in enumerate(labels):
        places.setdefault(label, []).append(place)
    order = sorted(places)
    figures: dict[str, list[Number]] = {}
    averaged = set()
    for key, values in cells.items():
        figures[key] = [_one(key, [values[place] for place in places[label]]) for label in order]
        written = set(values)
        if any(
            value is not None and not math.isnan(value) and value not in written for value in figures[key]
        ):
            averaged.add(key)
    dense = [key for key, values in cells.items() if all(value is not None for value in values)]
    repeated = len(labels) - len(order)
    if repeated and dense:
        notes.append(
            f"{repeated} rows share a label with another and were laid over each other, the last counting"
        )
    elif averaged:
        notes.append(f"training figures were logged by step: their means over each {unit} are judged")
    return Points(order, figures, unit, frozenset(averaged))


def _one(key: str, values: Sequence[Number]) -> Number:
    """A figure of an epoch from those of its rows."""
    measured = [value for value in values if value is not None]
    if not measured:
        return None
    # More than a handful of different training values in one epoch are steps, not repeats.
    if key in _TRAINING and len(set(measured)) > 3:
        return float(np.mean(measured))
    return measured[-1]


def _without_last_validation(points: Points, notes: list[str]) -> Points:
    """Without a last row of validation figures alone, as `trainer.validate` adds one after the end."""
    training = [key for key in _TRAINING if key in points.figures]
    if len(points.labels) < 3 or not training:
        return points

    def trained(place: int) -> bool:
        return any(points.figures[key][place] is not None for key in training)

    last = len(points.labels) - 1
    if trained(last) or sum(trained(place) for place in range(last)) < 0.8 * last:
        return points
    notes.append(
        f"{points.unit} {points.labels[-1]:g} has validation figures alone, from after the end: left out"
    )
    return Points(
        points.labels[:-1],
        {key: values[:-1] for key, values in points.figures.items()},
        points.unit,
        points.averaged,
    )
