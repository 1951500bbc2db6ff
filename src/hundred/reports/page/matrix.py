"""The confusion matrix of the page: an SVG of few paths, and the counts behind it for the readout."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from hundred.evaluation.confusion import most_confused
from hundred.formatting import percent, readable
from hundred.reports.page.data import Confusion

NUMBERED_CLASSES = 20
"""Up to so many classes, each cell has its count and each row its class."""

MOST_CLASSES = 100
"""Of more classes, those with the most mistakes are shown."""

_LEVELS = 8


@dataclass(frozen=True)
class Layer:
    """All cells of one shade: an SVG path of unit squares. css: `right` or `wrong`; opacity 0 to 1."""

    css: str
    opacity: float
    path: str


@dataclass(frozen=True)
class Block:
    """A superclass on the diagonal, or a class: where it starts and how many classes it has."""

    name: str
    start: int
    size: int


@dataclass(frozen=True)
class Number:
    """The count in a cell. dark: the cell is so dark that it needs light text."""

    row: int
    column: int
    text: str
    dark: bool


@dataclass(frozen=True)
class Shades:
    """The key to one colour: what it means, its opacities, and the shares of a row at both ends."""

    css: str
    meaning: str
    opacities: tuple[float, ...]
    highest: str


@dataclass(frozen=True)
class Matrix:
    """What the page draws and reads out.

    layers: the cells; blocks: names at the left; outlines: superclasses; numbers: counts, of few classes.
    counts: for the script, rows in the order drawn. images, right: of all classes; within: mistakes inside
    their superclass, None without superclasses. left_out: classes that are not drawn.
    """

    size: int
    layers: tuple[Layer, ...]
    blocks: tuple[Block, ...]
    outlines: tuple[Block, ...]
    numbers: tuple[Number, ...]
    shades: tuple[Shades, ...]
    counts: dict[str, Any]
    images: int
    right: int
    within: int | None
    left_out: int


def confusion_svg(confusion: Confusion) -> Matrix:
    """The matrix in superclass order, or in label order where there are no superclasses."""
    whole, coarse = np.asarray(confusion.matrix, dtype=np.int64), np.asarray(confusion.fine_to_coarse)
    grouped = len(confusion.coarse_names) > 1
    shown = most_confused(whole, MOST_CLASSES)
    order = shown[np.argsort(coarse[shown], kind="stable")] if grouped else shown
    ordered = whole[np.ix_(order, order)]
    shares = ordered / np.maximum(1, whole.sum(axis=1)[order])[:, None]
    few = len(order) <= NUMBERED_CLASSES
    # Cells of few classes are large: faint ones need no darker shade.
    highest = max(0.25 if few else 0.05, float(shares[~np.eye(len(order), dtype=bool)].max(initial=0)))
    fine = [readable(confusion.fine_names[label]) for label in order]
    outlines = _blocks(coarse[order], confusion.coarse_names) if grouped else []
    classes = [Block(name, row, 1) for row, name in enumerate(fine)]
    right = int(np.trace(whole))
    return Matrix(
        size=len(order),
        layers=tuple(_layers(shares, highest)),
        blocks=tuple(classes if few or not grouped else outlines),
        outlines=tuple(outlines),
        numbers=tuple(_numbers(ordered, shares, highest)) if few else (),
        shades=_shades(highest),
        counts={
            "names": fine,
            "superclasses": [readable(confusion.coarse_names[coarse[label]]) for label in order]
            if grouped
            else None,
            "rows": [_sparse(row) for row in ordered],
            "totals": whole.sum(axis=1)[order].tolist(),
        },
        images=int(whole.sum()),
        right=right,
        within=int(whole[coarse[:, None] == coarse[None, :]].sum()) - right if grouped else None,
        left_out=len(whole) - len(order),
    )


def _depth(shares: np.ndarray, highest: float) -> tuple[np.ndarray, np.ndarray]:
    """How dark right and wrong cells are, 0 to 1."""
    # A square root brings out the many rare confusions beside the few common ones.
    return shares, np.sqrt(shares / highest)


def _layers(shares: np.ndarray, highest: float) -> list[Layer]:
    found = []
    diagonal = np.eye(len(shares), dtype=bool)
    right, wrong = _depth(shares, highest)
    for css, mask, depth in (("right", diagonal, right), ("wrong", ~diagonal, wrong)):
        level = np.where(mask & (shares > 0), np.ceil(np.clip(depth, 0, 1) * _LEVELS), 0)
        for step in range(1, _LEVELS + 1):
            cells = np.argwhere(level == step)
            if len(cells):
                path = "".join(f"M{column} {row}h1v1h-1z" for row, column in cells)
                found.append(Layer(css, _opacity(step), path))
    return found


def _opacity(step: int) -> float:
    return round(0.1 + 0.9 * step / _LEVELS, 3)


def _shades(highest: float) -> tuple[Shades, ...]:
    opacities = tuple(_opacity(step) for step in range(1, _LEVELS + 1))
    return (
        Shades("right", "right", opacities, "100%"),
        Shades("wrong", "predicted as another class (square-root scale)", opacities, percent(highest, 0)),
    )


def _numbers(counts: np.ndarray, shares: np.ndarray, highest: float) -> list[Number]:
    right, wrong = _depth(shares, highest)
    return [
        Number(
            row, column, f"{counts[row, column]:,}", (right if row == column else wrong)[row, column] > 0.6
        )
        for row, column in np.argwhere(counts).tolist()
    ]


def _blocks(ordered: np.ndarray, names: Sequence[str]) -> list[Block]:
    edges = [0, *(int(place) + 1 for place in np.flatnonzero(np.diff(ordered))), len(ordered)]
    spans = [(low, high) for low, high in pairwise(edges) if high > low]
    return [Block(readable(names[ordered[low]]), low, high - low) for low, high in spans]


def _sparse(row: np.ndarray) -> list[int]:
    """Column and count of each filled cell, one after the other."""
    columns = np.flatnonzero(row)
    return np.stack([columns, row[columns]], axis=1).reshape(-1).tolist()
