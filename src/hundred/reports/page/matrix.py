"""The confusion matrix of the page: an SVG of few paths, and the counts behind it for the readout."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from hundred.formatting import readable
from hundred.reports.page.data import Confusion

_LEVELS = 8


@dataclass(frozen=True)
class Layer:
    """All cells of one shade: an SVG path of unit squares. css: `right` or `wrong`; opacity 0 to 1."""

    css: str
    opacity: float
    path: str


@dataclass(frozen=True)
class Block:
    """A superclass on the diagonal: where it starts and how many classes it has."""

    name: str
    start: int
    size: int


@dataclass(frozen=True)
class Matrix:
    """What the page draws and reads out. counts: for the script, rows in superclass order. within: mistakes
    inside their superclass."""

    size: int
    layers: tuple[Layer, ...]
    blocks: tuple[Block, ...]
    counts: dict[str, Any]
    images: int
    right: int
    within: int


def confusion_svg(confusion: Confusion) -> Matrix:
    """The matrix in superclass order; within: mistakes that stay inside their superclass."""
    counts, coarse = np.asarray(confusion.matrix, dtype=np.int64), np.asarray(confusion.fine_to_coarse)
    order = np.argsort(coarse, kind="stable")
    ordered = counts[np.ix_(order, order)]
    shares = ordered / np.maximum(1, ordered.sum(axis=1))[:, None]
    same = coarse[order][:, None] == coarse[order][None, :]
    right = int(np.trace(ordered))
    return Matrix(
        size=len(order),
        layers=tuple(_layers(shares)),
        blocks=tuple(_blocks(coarse[order], confusion.coarse_names)),
        counts={
            "names": [readable(confusion.fine_names[label]) for label in order],
            "superclasses": [readable(confusion.coarse_names[coarse[label]]) for label in order],
            "rows": [_sparse(row) for row in ordered],
            "totals": ordered.sum(axis=1).tolist(),
        },
        images=int(ordered.sum()),
        right=right,
        within=int(ordered[same].sum()) - right,
    )


def _layers(shares: np.ndarray) -> list[Layer]:
    found = []
    diagonal = np.eye(len(shares), dtype=bool)
    highest = max(0.05, float(shares[~diagonal].max(initial=0)))
    # A square root brings out the many rare confusions beside the few common ones.
    for css, mask, depth in (("right", diagonal, shares), ("wrong", ~diagonal, np.sqrt(shares / highest))):
        level = np.where(mask & (shares > 0), np.ceil(np.clip(depth, 0, 1) * _LEVELS), 0)
        for step in range(1, _LEVELS + 1):
            cells = np.argwhere(level == step)
            if len(cells):
                path = "".join(f"M{column} {row}h1v1h-1z" for row, column in cells)
                found.append(Layer(css, round(0.1 + 0.9 * step / _LEVELS, 3), path))
    return found


def _blocks(ordered: np.ndarray, names: Sequence[str]) -> list[Block]:
    edges = [0, *(int(place) + 1 for place in np.flatnonzero(np.diff(ordered))), len(ordered)]
    return [
        Block(readable(names[ordered[low]]), low, high - low) for low, high in pairwise(edges) if high > low
    ]


def _sparse(row: np.ndarray) -> list[int]:
    """Column and count of each filled cell, one after the other."""
    columns = np.flatnonzero(row)
    return np.stack([columns, row[columns]], axis=1).reshape(-1).tolist()
