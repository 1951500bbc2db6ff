"""Pairs of images side by side, such as near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from hundred.formatting import readable
from hundred.reports.figures.mosaic import TILE, Shot, paste, pixels
from hundred.reports.figures.style import (
    INK,
    MUTED,
    REAL,
    VERMILLION,
    Provenance,
    board,
    new_figure,
    shortened,
    styled,
)


@dataclass(frozen=True)
class Pair:
    """Two images that belong together. places: where each is from, such as `test 12`; note: how near."""

    first: Shot
    second: Shot
    places: tuple[str, str]
    note: str = ""


@styled
def draw_pairs(
    pairs: Sequence[Pair],
    *,
    title: str,
    note: str = "",
    columns: int = 4,
    provenance: Provenance = REAL,
) -> Figure:
    """Pairs beside each other with their classes and places; where the classes differ, in another colour."""
    columns = max(1, min(columns, len(pairs)))
    rows = -(-len(pairs) // columns)
    cell, height = 2 * TILE + 34.0, 98.0
    width = max(18 + columns * cell, 340)
    figure = new_figure(width, 50 + rows * height + 4, title, provenance, shortened(note, 8, width - 24))
    if not pairs:
        return figure
    axes = board(figure)
    places, shown = [], []
    for number, pair in enumerate(pairs):
        x, y = 18 + number % columns * cell, 62 + number // columns * height
        agree = pair.first.true == pair.second.true
        for shot, place, left in (
            (pair.first, pair.places[0], x),
            (pair.second, pair.places[1], x + TILE + 10),
        ):
            places.append((left, y))
            shown.append(shot.image)
            name = shortened(readable(shot.true), 6.6 * 1.125, TILE + 8)
            axes.text(
                left + TILE / 2,
                y - 6,
                name,
                fontsize=6.6,
                ha="center",
                va="center",
                fontweight="bold",
                color=INK if agree else VERMILLION,
            )
            axes.text(
                left + TILE / 2, y + TILE + 7, place, fontsize=6.2, ha="center", va="center", color=MUTED
            )
        axes.text(x + TILE + 5, y + TILE + 16, pair.note, fontsize=6.2, ha="center", va="center", color=MUTED)
    paste(axes, list(pixels(np.stack([np.asarray(image) for image in shown]))), places)
    return figure
