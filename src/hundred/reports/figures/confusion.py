"""The confusion matrix in superclass order, with superclasses outlined and the most frequent confusions."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from hundred.evaluation.confusion import most_confused
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

NUMBERED_CLASSES, MOST_CLASSES = 20, 100  # as on the page
_PAIRS = 14
_SMALL_CELL, _LARGE_CELL, _NAME_WIDTH = 5.2, 40.0, 96.0


@dataclass(frozen=True)
class _Layout:
    """Where the matrix is, in points. order: the classes drawn; grouped: whether by superclass."""

    order: np.ndarray
    grouped: bool

    @property
    def cell(self) -> float:
        return min(_LARGE_CELL, max(_SMALL_CELL, 300 / len(self.order)))

    @property
    def side(self) -> float:
        return self.cell * len(self.order)

    @property
    def left(self) -> float:
        return 206.0 if self.grouped else _NAME_WIDTH + 14

    @property
    def top(self) -> float:
        return 50.0

    @property
    def numbered(self) -> bool:
        return len(self.order) <= NUMBERED_CLASSES

    @property
    def name_size(self) -> float:
        return min(8.0, 0.88 * self.cell)

    def edges(self, values: np.ndarray) -> list[int]:
        """Places where the superclass of the next class differs, with both ends."""
        return [
            0,
            *(int(place) + 1 for place in np.flatnonzero(np.diff(values[self.order]))),
            len(self.order),
        ]


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
    """Rows are true classes, columns predictions, as shares of the row: blue where right, else brown.

    matrix: counts [classes, classes] in label order. Superclasses (where `coarse_names` has more than one)
    are outlined: what is inside an outline but off the diagonal is a mistake within the superclass. The most
    frequent confusions are listed. Up to 20 classes have their counts in the cells; of more than 100, those
    with the most mistakes are drawn.
    """
    counts, superclasses = np.asarray(matrix), np.asarray(fine_to_coarse)
    shown, grouped = most_confused(counts, MOST_CLASSES), len(coarse_names) > 1
    layout = _Layout(shown[np.argsort(superclasses[shown], kind="stable")] if grouped else shown, grouped)
    order, side, left, top = layout.order, layout.side, layout.left, layout.top
    ordered = counts[np.ix_(order, order)]
    shares = ordered / np.maximum(1, counts.sum(axis=1)[order])[:, None]
    note = "rows: true class · columns: predicted class, in the same order · share of the row's images"
    if len(order) < len(counts):
        note = f"the {len(order)} classes with the most mistakes of {len(counts):,} · {note}"
    height = max(top + side + (122 if grouped else 84), top + 14 * (_PAIRS + 3) + 112)
    width = left + side + 172
    figure = new_figure(width, height, title, provenance, shortened(note, 8, width - 24))
    axes = add_axes(figure, left, top, side, side)
    right_map, wrong_map, wrong_scale = _draw_cells(axes, shares)
    _outline(axes, layout.edges(superclasses) if grouped else [0, len(order)])
    if layout.numbered:
        _numbers(axes, ordered, shares, wrong_scale)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    plane = board(figure)
    names = [readable(fine_names[label]) for label in order]
    _names(plane, names, layout)
    if grouped:
        _superclasses(plane, coarse_names, superclasses, layout)
    elif layout.cell >= 9:
        _names_below(plane, names, layout)
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
    least = 0.25 if len(shares) <= NUMBERED_CLASSES else 0.05  # as on the page
    scale = PowerNorm(0.5, 0, max(least, float(wrong.max() or 0)))
    axes.imshow(wrong, cmap=wrong_map, norm=scale, interpolation="nearest", aspect="auto")
    right = np.ma.masked_where(~diagonal, shares)
    axes.imshow(right, cmap=right_map, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    return right_map, wrong_map, scale


def _outline(axes: Axes, edges: list[int]) -> None:
    size = edges[-1]
    lines = [((0 - 0.5, edge - 0.5), (size - 0.5, edge - 0.5)) for edge in edges]
    lines += [((edge - 0.5, 0 - 0.5), (edge - 0.5, size - 0.5)) for edge in edges]
    axes.add_collection(LineCollection(lines, colors=FAINT, linewidths=0.5))
    for low, high in itertools.pairwise(edges):
        box = Rectangle(
            (low - 0.5, low - 0.5), high - low, high - low, fill=False, edgecolor=INK, linewidth=0.8
        )
        axes.add_patch(box)


def _numbers(axes: Axes, counts: np.ndarray, shares: np.ndarray, wrong_scale: Normalize) -> None:
    for row, column in np.argwhere(counts):
        share = shares[row, column]
        dark = share > 0.55 if row == column else wrong_scale(share) > 0.6
        text, colour = f"{counts[row, column]:,}", "white" if dark else INK
        axes.text(column, row, text, fontsize=6.5, ha="center", va="center", color=colour)


def _names(plane: Axes, names: Sequence[str], layout: _Layout) -> None:
    for place, name in enumerate(names):
        y, size = layout.top + (place + 0.5) * layout.cell, layout.name_size
        text = name if layout.grouped else shortened(name, size, _NAME_WIDTH)
        plane.text(layout.left - 4, y, text, fontsize=size, ha="right", va="center")


def _names_below(plane: Axes, names: Sequence[str], layout: _Layout) -> None:
    for place, name in enumerate(names):
        _below(plane, name, layout.left + (place + 0.5) * layout.cell, layout)


def _below(plane: Axes, name: str, x: float, layout: _Layout) -> None:
    name = shortened(name, 6.5, 150 if layout.grouped else 90)
    plane.text(
        x + 4, layout.top + layout.side + 5, name, fontsize=6.5, rotation=50, rotation_mode="anchor",
        ha="right", va="center",
    )  # fmt: skip


def _superclasses(
    plane: Axes, coarse_names: Sequence[str], superclasses: np.ndarray, layout: _Layout
) -> None:
    cell, top, bar = layout.cell, layout.top, layout.left - 58
    for low, high in itertools.pairwise(layout.edges(superclasses)):
        name = readable(coarse_names[superclasses[layout.order[low]]])
        middle = (low + high) / 2 * cell
        ends = [top + low * cell + 1.5, top + high * cell - 1.5]
        plane.plot([bar, bar], ends, color=MUTED, linewidth=0.8)
        plane.text(bar - 4, top + middle, shortened(name, 7, 146), fontsize=7, ha="right", va="center")
        _below(plane, name, layout.left + middle, layout)


def _pairs(plane: Axes, counts: np.ndarray, names: Sequence[str], left: float, top: float) -> None:
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    ranked = np.argsort(wrong, axis=None, kind="stable")[::-1][:_PAIRS]
    plane.text(left, top + 5, "Most frequent confusions", fontsize=8.5, fontweight="bold", va="center")
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
        (("right", Normalize(0, 1), right_map), ("predicted as another class", wrong_scale, wrong_map))
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
