"""The confusion matrix in superclass order, with superclasses outlined and the commonest confusions named."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from hundred.formatting import readable
from hundred.reports.figures.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    REAL,
    VERMILLION,
    Provenance,
    add_axes,
    board,
    lighter,
    new_figure,
    shortened,
    styled,
)

_CELL = 5.2
_PAIRS = 14


@styled
def draw_confusion(
    matrix: Any,
    fine_names: Sequence[str],
    coarse_names: Sequence[str],
    fine_to_coarse: Any,
    *,
    title: str = "Confusion matrix",
    provenance: Provenance = REAL,
) -> Figure:
    """Rows are true classes, columns predictions, as shares of the row: blue where right, brown where wrong.

    matrix: counts [classes, classes] in label order. Superclasses are outlined: what lies inside an outline
    but off the diagonal is a mistake within the superclass. The commonest confusions are listed.
    """
    counts, superclasses = np.asarray(matrix), np.asarray(fine_to_coarse)
    order = np.argsort(superclasses, kind="stable")
    shares = counts[np.ix_(order, order)] / np.maximum(1, counts.sum(axis=1)[order])[:, None]
    side, left, top = _CELL * len(order), 206.0, 50.0
    note = "rows: true class · columns: predicted class, in the same order · share of the row's images"
    figure = new_figure(left + side + 172, top + side + 122, title, provenance, note)
    axes = add_axes(figure, left, top, side, side)
    right_map, wrong_map, wrong_scale = _draw_cells(axes, shares)
    _outline(axes, superclasses[order])
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    plane = board(figure)
    _names(plane, [fine_names[label] for label in order], left, top)
    _superclasses(plane, coarse_names, superclasses[order], left=left, top=top, side=side)
    _pairs(plane, counts, fine_names, left + side + 14, top)
    _scales(figure, left + side + 14, top + 14 * (_PAIRS + 3), (right_map, wrong_map, wrong_scale))
    return figure


def _draw_cells(axes: Axes, shares: np.ndarray) -> tuple[Colormap, Colormap, PowerNorm]:
    """Two images on each other: the diagonal on its own scale, or it would drown every mistake."""
    right_map = LinearSegmentedColormap.from_list("right", ["#FFFFFF", lighter(BLUE, 0.5), BLUE, "#00304D"])
    wrong_map = LinearSegmentedColormap.from_list("wrong", ["#FFFFFF", "#F6C9A3", VERMILLION, "#5A2000"])
    diagonal = np.eye(len(shares), dtype=bool)
    wrong = np.ma.masked_where(diagonal, shares)
    # A square root brings out the many rare confusions beside the few common ones.
    scale = PowerNorm(0.5, 0, max(0.02, float(wrong.max() or 0)))
    axes.imshow(wrong, cmap=wrong_map, norm=scale, interpolation="nearest", aspect="auto")
    right = np.ma.masked_where(~diagonal, shares)
    axes.imshow(right, cmap=right_map, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    return right_map, wrong_map, scale


def _outline(axes: Axes, ordered: np.ndarray) -> None:
    edges = _edges(ordered)
    size = len(ordered)
    lines = [((0 - 0.5, edge - 0.5), (size - 0.5, edge - 0.5)) for edge in edges]
    lines += [((edge - 0.5, 0 - 0.5), (edge - 0.5, size - 0.5)) for edge in edges]
    axes.add_collection(LineCollection(lines, colors=FAINT, linewidths=0.5))
    for low, high in itertools.pairwise(edges):
        box = Rectangle(
            (low - 0.5, low - 0.5), high - low, high - low, fill=False, edgecolor=INK, linewidth=0.8
        )
        axes.add_patch(box)


def _edges(ordered: np.ndarray) -> list[int]:
    return [0, *(int(place) + 1 for place in np.flatnonzero(np.diff(ordered))), len(ordered)]


def _names(plane: Axes, names: Sequence[str], left: float, top: float) -> None:
    for place, name in enumerate(names):
        y = top + (place + 0.5) * _CELL
        plane.text(left - 4, y, readable(name), fontsize=4.6, ha="right", va="center")


def _superclasses(
    plane: Axes, coarse_names: Sequence[str], ordered: np.ndarray, *, left: float, top: float, side: float
) -> None:
    edges = _edges(ordered)
    for low, high in itertools.pairwise(edges):
        name = readable(coarse_names[ordered[low]])
        middle = (low + high) / 2 * _CELL
        bar = left - 58
        plane.plot(
            [bar, bar], [top + low * _CELL + 1.5, top + high * _CELL - 1.5], color=MUTED, linewidth=0.8
        )
        plane.text(bar - 4, top + middle, shortened(name, 7, 146), fontsize=7, ha="right", va="center")
        plane.text(
            left + middle + 4, top + side + 5, shortened(name, 6.5, 150), fontsize=6.5, rotation=50,
            rotation_mode="anchor", ha="right", va="center",
        )  # fmt: skip


def _pairs(plane: Axes, counts: np.ndarray, names: Sequence[str], left: float, top: float) -> None:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    ranked = np.argsort(wrong, axis=None, kind="stable")[::-1][:_PAIRS]
    plane.text(left, top + 5, "Commonest confusions", fontsize=8.5, fontweight="bold", va="center")
    for place, flat in enumerate(ranked):
        true, predicted = np.unravel_index(flat, wrong.shape)
        if not wrong[true, predicted]:
            break
        y = top + 20 + 14 * place
        plane.text(
            left + 20,
            y,
            f"{wrong[true, predicted]}",
            fontsize=7.5,
            ha="right",
            va="center",
            fontweight="bold",
        )
        pair = f"{readable(names[true])} → {readable(names[predicted])}"
        plane.text(left + 26, y, shortened(pair, 7.5, 126), fontsize=7.5, va="center")


def _scales(figure: Figure, left: float, top: float, scales: tuple[Colormap, Colormap, Normalize]) -> None:
    right_map, wrong_map, wrong_scale = scales
    for row, (label, norm, colours) in enumerate(
        (("right", Normalize(0, 1), right_map), ("taken for another class", wrong_scale, wrong_map))
    ):
        axes = add_axes(figure, left, top + 16 + 44 * row, 130, 7)
        bar = figure.colorbar(ScalarMappable(norm, colours), cax=axes, orientation="horizontal")
        bar.outline.set_visible(False)
        axes.set_title(label, fontsize=7.5, pad=4)
        axes.tick_params(labelsize=6.5, length=2)
        axes.grid(visible=False)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ticks = np.array([0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]) if row else np.array([0, 0.5, 1])
        bar.set_ticks(ticks[ticks <= (norm.vmax or 1)][-4:].tolist())
