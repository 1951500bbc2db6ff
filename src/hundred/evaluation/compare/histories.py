"""Two or more training histories side by side: what differs, and which is better by its validation figures.

A history has no test figures, and one run of each says nothing of how much the next would differ, so this is
weaker than a comparison of runs; the verdict says both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, sqrt
from pathlib import Path
from typing import Any

import numpy as np

from hundred.errors import UsageError
from hundred.evaluation.doctor.accuracy_resolution import validation_images
from hundred.evaluation.doctor.curves import level, noise, tail
from hundred.evaluation.doctor.diagnosis import Diagnosis, doctor
from hundred.evaluation.doctor.history import History
from hundred.formatting import percent

# Files that hold a history rather than a model.
SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".log", ".txt", ".md")
# Of a difference, how sure is sure enough to call one better.
_SURE = 0.9
_MOST = 0.99


@dataclass(frozen=True)
class HistorySide:
    """One history with its name, what the doctor finds in it, and its last validation figure.

    figure: `val_accuracy` or `val_loss`, the same for all sides. value: its median over the last tenth of the
    epochs, at least three; error: the standard error of that, from the noise between epochs and from the
    number of validation samples where that is known.
    """

    name: str
    diagnosis: Diagnosis
    figure: str
    value: float
    error: float

    @property
    def history(self) -> History:
        """As it was read."""
        if self.diagnosis.history is None:
            raise ValueError(f"{self.name} was not read from anywhere")
        return self.diagnosis.history

    def as_dict(self) -> dict[str, Any]:
        """Its figures, with the epoch of the best."""
        history = self.history
        curve = getattr(history, self.figure)
        best = int(np.nanargmax(curve) if self.figure == "val_accuracy" else np.nanargmin(curve))
        ends = {
            name: _last(getattr(history, name)) for name in ("accuracy", "loss", "val_accuracy", "val_loss")
        }
        rate = history.learning_rate[np.isfinite(history.learning_rate)]
        return {
            "name": self.name,
            "epochs": len(history),
            "last": ends,
            "best": float(curve[best]),
            "best_epoch": float(history.epoch[best]),
            "learning_rate": float(rate.max()) if len(rate) else None,
            "findings": self.diagnosis.names,
        }


@dataclass(frozen=True)
class HistoryComparison:
    """sides: best first. figure: what they were compared by. confidence: how sure it is that the first is
    better than the second, as far as these two runs tell. differs: what is not the same in them. verdict: one
    or two sentences."""

    sides: tuple[HistorySide, ...]
    figure: str
    confidence: float
    differs: tuple[str, ...]
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """As `hundred compare A.csv B.csv --json` gives it."""
        return {
            "histories": [side.as_dict() for side in self.sides],
            "figure": self.figure,
            "better": self.sides[0].name if self.confidence >= _SURE else None,
            "difference": abs(self.sides[0].value - self.sides[1].value),
            "confidence": round(self.confidence, 3),
            "differs": list(self.differs),
            "missing": ["test figures", "other runs of the same"],
            "verdict": self.verdict,
        }


def is_history_file(what: object) -> bool:
    """Whether `what` is a file of a history, by its name."""
    return isinstance(what, str | Path) and Path(what).suffix.lower() in SUFFIXES and Path(what).is_file()


def compare_histories(*what: Any) -> HistoryComparison:
    """Compare histories by their validation accuracy, else by their validation loss.

    what: anything that the doctor reads: files, run directories, data frames, dicts.

    Raises UsageError for fewer than two, or where they have no validation figure in common.
    """
    if len(what) < 2:
        raise UsageError("a comparison needs two histories or more")
    found = [doctor(each) for each in what]
    histories = [each.history for each in found if each.history is not None]
    figure = next(
        (name for name in ("val_accuracy", "val_loss") if all(each.has(name, 1) for each in histories)), None
    )
    if figure is None:
        raise UsageError("the histories have no validation figure in common, so none can be called better")
    names = _names(what)
    sides = [
        HistorySide(name, diagnosis, figure, *_ending(history, figure))
        for name, diagnosis, history in zip(names, found, histories, strict=True)
    ]
    sides.sort(key=lambda side: side.value, reverse=figure == "val_accuracy")
    confidence = _confidence(sides[0], sides[1])
    return HistoryComparison(
        tuple(sides), figure, confidence, tuple(_differences(sides)), _verdict(sides, figure, confidence)
    )


def _names(what: Sequence[Any]) -> list[str]:
    """File names, with as much of their path as tells them apart."""
    paths = [Path(each) if isinstance(each, str | Path) else None for each in what]
    short = [path.name if path else f"history {place}" for place, path in enumerate(paths, start=1)]
    if len(set(short)) == len(short):
        return short
    return [str(path) if path else name for path, name in zip(paths, short, strict=True)]


def _ending(history: History, figure: str) -> tuple[float, float]:
    """The level of a figure at the end, and its standard error."""
    curve = getattr(history, figure)
    size = tail(len(history), 0.1, 3)
    value = level(curve, len(history) - size, len(history))
    if np.isnan(value):
        value = _last(curve) or float("nan")
    error = noise(curve[-max(12, size) :]) / sqrt(size)
    images = validation_images(history) if figure == "val_accuracy" else None
    if images:
        error = sqrt(error**2 + max(value * (1 - value), 0.0) / images)
    return value, error


def _confidence(better: HistorySide, other: HistorySide) -> float:
    """How likely it is that the difference is not noise, if errors are normal."""
    error = sqrt(better.error**2 + other.error**2)
    difference = abs(better.value - other.value)
    if error <= 0:
        return 0.5 if difference == 0 else _MOST
    return min(0.5 * (1 + erf(difference / error / sqrt(2))), _MOST)


def _last(curve: np.ndarray) -> float | None:
    measured = curve[np.isfinite(curve)]
    return float(measured[-1]) if len(measured) else None


def _differences(sides: Sequence[HistorySide]) -> list[str]:
    """What is not the same in them: length, learning rate, data that validation is over, figures that one
    lacks."""
    found = []
    rows = [side.as_dict() for side in sides]
    for key, label in (("epochs", "epochs"), ("learning_rate", "highest learning rate")):
        values = [row[key] for row in rows]
        if len(set(values)) > 1:
            shown = ", ".join("not known" if value is None else f"{value:g}" for value in values)
            found.append(f"{label}: {shown}")
    missing = [set(side.history.missing) for side in sides]
    if any(each != missing[0] for each in missing):
        shown = "; ".join(
            f"{side.name} lacks {', '.join(sorted(lacks))}"
            for side, lacks in zip(sides, missing, strict=True)
            if lacks
        )
        found.append(shown)
    images = [validation_images(side.history) for side in sides]
    if None not in images and len(set(images)) > 1:
        found.append("the validation sets differ in size, so they are not the same data")
    names = [side.diagnosis.names for side in sides]
    if len({tuple(each) for each in names}) > 1:
        shown = "; ".join(
            f"{side.name}: {', '.join(each) or 'nothing'}" for side, each in zip(sides, names, strict=True)
        )
        found.append(f"findings: {shown}")
    return found


def _verdict(sides: Sequence[HistorySide], figure: str, confidence: float) -> str:
    better, other = sides[0], sides[1]
    is_accuracy = figure == "val_accuracy"
    noun = "validation accuracy" if is_accuracy else "validation loss"
    first, second = (percent(side.value) if is_accuracy else f"{side.value:.4g}" for side in (better, other))
    if confidence >= _SURE:
        verdict = f"{better.name} is better by {noun} at the end, {first} against {second}"
    else:
        verdict = (
            f"Neither is better for sure by {noun} at the end: {better.name} {first}, {other.name} {second}"
        )
    return (
        f"{verdict} ({confidence:.0%} sure). Test figures are missing, and how much another run of either "
        "would differ is not known."
    )
