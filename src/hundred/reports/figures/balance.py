"""Class balance: how many images each fine class has, in each split."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hundred.formatting import readable
from hundred.reports.figures.style import (
    MUTED,
    REAL,
    Provenance,
    board,
    new_figure,
    run_colour,
    shortened,
    styled,
    text_width,
)

_ROW = 10.6


@styled
def draw_balance(
    counts: Mapping[str, Sequence[int]],
    fine_names: Sequence[str],
    *,
    title: str = "Class balance",
    provenance: Provenance = REAL,
) -> Figure:
    """Images of each fine class as stacked bars, one colour a split, in label order.

    counts: split name (such as `train`) to the number of images of each class, [classes].
    """
    stacked = {name: np.asarray(values) for name, values in counts.items()}
    totals = np.sum(list(stacked.values()), axis=0)
    columns, width, top = 4, 640.0, 62.0
    lines = -(-len(fine_names) // columns)
    figure = new_figure(width, top + lines * _ROW + 14, title, provenance, _note(stacked))
    axes = board(figure)
    _key(axes, list(stacked))
    room, most = 58.0, max(1, int(totals.max(initial=1)))
    patches: list[list[Rectangle]] = [[] for _ in stacked]
    for label, name in enumerate(fine_names):
        left, y = 14 + label // lines * 156 + 66, top + label % lines * _ROW
        axes.text(
            left - 4, y + _ROW / 2, shortened(readable(name), 6.8, 66), fontsize=6.8, ha="right", va="center"
        )
        x = left
        for number, values in enumerate(stacked.values()):
            length = room * values[label] / most
            patches[number].append(Rectangle((x, y + 1.4), length, _ROW - 2.8))
            x += length
        axes.text(x + 3, y + _ROW / 2, f"{totals[label]:,}", fontsize=6.4, va="center", color=MUTED)
    for number, bars in enumerate(patches):
        axes.add_collection(PatchCollection(bars, facecolor=run_colour(number), linewidth=0))
    return figure


def _note(stacked: Mapping[str, np.ndarray]) -> str:
    parts = []
    for name, values in stacked.items():
        low, high = int(values.min()), int(values.max())
        each = f"{low:,} each" if low == high else f"{low:,} to {high:,} each"
        parts.append(f"{name}: {int(values.sum()):,} images, {each}")
    return " · ".join(parts)


def _key(axes: Axes, names: Sequence[str]) -> None:
    x = 14.0
    for number, name in enumerate(names):
        axes.add_patch(Rectangle((x, 44), 8, 8, facecolor=run_colour(number), linewidth=0))
        axes.text(x + 12, 48.5, name, fontsize=8, va="center")
        x += 12 + text_width(name, 8) + 18
