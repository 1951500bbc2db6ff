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
    TEST,
    TRAINING,
    VALIDATION,
    Provenance,
    add_axes,
    board,
    new_figure,
    shortened,
    styled,
    text_width,
)

_ROW = 10.6
_MOST = 200
_COLOURS = {"train": TRAINING, "validation": VALIDATION, "test": TEST}


@styled
def draw_balance(
    counts: Mapping[str, Sequence[int]],
    fine_names: Sequence[str],
    *,
    title: str = "Class balance",
    provenance: Provenance = REAL,
) -> Figure:
    """Images of each fine class as stacked bars, one colour a split, in label order; of more than 200 classes
    as curves from the largest class to the smallest.

    counts: split name (such as `train`) to the number of images of each class, [classes].
    """
    stacked = {name: np.asarray(values) for name, values in counts.items()}
    if len(fine_names) > _MOST:
        return _profile(stacked, title, provenance)
    columns, width, top = 4, 640.0, 62.0
    lines = -(-len(fine_names) // columns)
    figure = new_figure(width, top + lines * _ROW + 14, title, provenance, _note(stacked))
    axes = board(figure)
    _key(axes, list(stacked))
    totals = np.sum(list(stacked.values()), axis=0)
    room, most = 58.0, max(1, int(totals.max(initial=1)))
    patches: dict[str, list[Rectangle]] = {name: [] for name in stacked}
    for label, class_name in enumerate(fine_names):
        x, y = 14 + label // lines * 156 + 66, top + label % lines * _ROW
        text = shortened(readable(class_name), 6.8, 66)
        axes.text(x - 4, y + _ROW / 2, text, fontsize=6.8, ha="right", va="center")
        for name, values in stacked.items():
            length = room * values[label] / most
            patches[name].append(Rectangle((x, y + 1.4), length, _ROW - 2.8))
            x += length
        axes.text(x + 3, y + _ROW / 2, f"{totals[label]:,}", fontsize=6.4, va="center", color=MUTED)
    for name, bars in patches.items():
        axes.add_collection(PatchCollection(bars, facecolor=_COLOURS.get(name, MUTED), linewidth=0))
    return figure


def _profile(counts: Mapping[str, np.ndarray], title: str, provenance: Provenance) -> Figure:
    """Images of each class, from the largest class to the smallest, a curve for each split."""
    figure = new_figure(520, 260, title, provenance, _note(counts))
    axes = add_axes(figure, 58, 62, 440, 150)
    _key(board(figure), list(counts))
    for name, values in counts.items():
        ranked = np.sort(values)[::-1]
        axes.plot(np.arange(1, len(ranked) + 1), ranked, color=_COLOURS.get(name, MUTED))
    axes.set(xlabel="Class, by number of images", ylabel="Images", xlim=(1, None), ylim=(0, None))
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
    for name in names:
        axes.add_patch(Rectangle((x, 44), 8, 8, facecolor=_COLOURS.get(name, MUTED), linewidth=0))
        axes.text(x + 12, 48.5, name, fontsize=8, va="center")
        x += 12 + text_width(name, 8) + 18
