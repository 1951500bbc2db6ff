"""The trainings in one table: epochs that start again, runs that were resumed, one `fit` after another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hundred.evaluation.doctor.readers.table import Number

# A training shorter than this is judged only where no other is longer.
_FEWEST = 4
# Pieces of at most so many epochs, and at least so many of them, are one training whose `fit` was called
# again.
_PIECE, _PIECES = 3, 3

Cells = Mapping[str, Sequence[Number]]


@dataclass(frozen=True)
class Training:
    """Rows of one training. rows: indices of the table; labels: the epoch (or step) of each, as the file has
    it, or numbers from 1 where it has none."""

    rows: tuple[int, ...]
    labels: tuple[float, ...]

    @property
    def epochs(self) -> int:
        """How many different epochs it has."""
        return len(set(self.labels))

    @property
    def span(self) -> str:
        """Its first and last epoch."""
        return f"{min(self.labels):g} to {max(self.labels):g}"


def trainings_of(cells: Cells, labels: Sequence[Number], notes: list[str]) -> list[Training]:
    """The trainings in rows with these labels; what was joined or left out is added to `notes`."""
    rows, at = _labelled(cells, labels)
    if len(rows) > 1 and all(b < a for a, b in pairwise(at)):
        rows, at = rows[::-1], at[::-1]
        notes.append("rows were in descending order")
    if len(rows) > 2 and len(set(at)) == 1 and _differ(cells, rows):
        notes.append(f"the epoch is {at[0]:g} in all rows: each row is taken for an epoch, counted from 1")
        return [Training(tuple(rows), tuple(float(place) for place in range(1, len(rows) + 1)))]
    pieces = _pieces(rows, at, notes)
    if len(pieces) >= _PIECES and all(len(piece.rows) <= _PIECE for piece in pieces):
        joined = [row for piece in pieces for row in piece.rows]
        notes.append(
            f"{len(pieces)} trainings of at most {_PIECE} epochs are taken for one, its epochs counted from 1"
        )
        return [Training(tuple(joined), tuple(float(place) for place in range(1, len(joined) + 1)))]
    return pieces


def choose(trainings: Sequence[Training]) -> int:
    """The index of the training to look at: the last, unless it is too short and another is not."""
    long = [place for place, each in enumerate(trainings) if each.epochs >= _FEWEST]
    if long:
        return long[-1]
    return max(range(len(trainings)), key=lambda place: (trainings[place].epochs, place), default=0)


def _labelled(cells: Cells, labels: Sequence[Number]) -> tuple[list[int], list[float]]:
    """Rows with any figure, and their labels; a row without one belongs to the row before (Lightning's
    rates)."""
    rows: list[int] = []
    at: list[float] = []
    current: float | None = None
    for row, label in enumerate(labels):
        current = current if label is None or not math.isfinite(label) else float(label)
        if current is None or all(values[row] is None for values in cells.values()):
            continue
        rows.append(row)
        at.append(current)
    return rows, at


def _pieces(rows: list[int], at: list[float], notes: list[str]) -> list[Training]:
    """Split where epochs start again from the first; where they go back to a later one, the run was resumed
    there, and what had come after is replaced."""
    pieces: list[Training] = []
    kept: list[tuple[int, float]] = []
    start = at[0] if at else 0.0
    for row, label in zip(rows, at, strict=True):
        if kept and label < kept[-1][1]:
            if label <= max(start, 1.0):
                pieces.append(_training(kept))
                kept = []
            else:
                replaced = [each for each in kept if each[1] >= label]
                kept = [each for each in kept if each[1] < label]
                notes.append(
                    f"the run was resumed at epoch {label:g}: {len(replaced)} earlier rows from "
                    "there on are left out"
                )
        kept.append((row, label))
    return [*pieces, _training(kept)] if kept else pieces


def _training(kept: list[tuple[int, float]]) -> Training:
    return Training(tuple(row for row, _ in kept), tuple(label for _, label in kept))


def _differ(cells: Cells, rows: Sequence[int]) -> bool:
    """Whether rows are measured alike and have different values: several epochs, not one in parts."""
    return any(
        all(values[row] is not None for row in rows) and len({values[row] for row in rows}) > len(rows) // 2
        for values in cells.values()
    )
