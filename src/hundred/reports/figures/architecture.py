"""The network as a block diagram with output shapes and parameter counts, and as a table."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from hundred.reports.figures.stages import Box, FoldedRow, Stage, folded, shape_text, stages
from hundred.reports.figures.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PURPLE,
    REAL,
    RULE,
    SKY,
    Provenance,
    board,
    lighter,
    new_figure,
    shortened,
    styled,
    text_width,
)

if TYPE_CHECKING:
    from hundred.models.summary import LayerRow

FAMILY_COLOURS = {
    "convolution": BLUE,
    "block": BLUE,
    "dense": ORANGE,
    "norm": SKY,
    "pool": GREEN,
    "dropout": PURPLE,
    "other": RULE,
}
_ARROW = {
    "arrowstyle": "-|>,head_width=0.16,head_length=0.3",
    "color": MUTED,
    "linewidth": 0.8,
    "shrinkA": 0,
    "shrinkB": 0,
}
_BOX_WIDTH, _GUTTER, _STEP, _BOX_HEIGHT = 132, 26, 40, 31
_MOST_COLUMNS = 4
_TABLE_ROWS = 60


@styled
def draw_architecture(
    rows: Sequence["LayerRow"],
    *,
    title: str = "Architecture",
    input_shape: tuple[int, ...] = (3, 32, 32),
    provenance: Provenance = REAL,
) -> Figure:
    """The network as boxes, one column a stage, read downwards and then to the right.

    rows: of `hundred.models.summary.summarize`; activations join their layer, repeated blocks are one box.
    """
    drawn = stages(rows)
    columns = math.ceil(len(drawn) / max(1, math.ceil(len(drawn) / _MOST_COLUMNS)))
    lines = [drawn[first : first + columns] for first in range(0, len(drawn), max(1, columns))]
    heights = [38 + max(_column_height(stage) for stage in line) + 20 for line in lines]
    total = sum(row.parameters for row in rows)
    width = max(36 + columns * (_BOX_WIDTH + _GUTTER) - _GUTTER + 12, 330)
    note = f"{total:,} parameters · input {shape_text(input_shape)} · shapes are channels × height × width"
    figure = new_figure(width, 48 + sum(heights), title, provenance, shortened(note, 8, width - 24))
    axes = board(figure)
    top = 48.0
    leave: tuple[float, float] | None = None
    for line, height in zip(lines, heights, strict=True):
        for place, stage in enumerate(line):
            left = 24 + place * (_BOX_WIDTH + _GUTTER)
            _header(axes, stage, left, top, stage.parameters / max(1, total))
            _connect(axes, leave, left, top + 38 + _BOX_HEIGHT / 2)
            leave = _column(axes, stage, left, top + 38)
        top += height
    return figure


def layer_table(rows: Sequence["LayerRow"]) -> pd.DataFrame:
    """The layers as a table with the columns layer, kind, output_shape (text) and parameters."""
    return pd.DataFrame(
        {
            "layer": [row.name for row in rows],
            "kind": [row.kind for row in rows],
            "output_shape": [shape_text(row.output_shape) for row in rows],
            "parameters": [row.parameters for row in rows],
        }
    )


@styled
def draw_layer_table(
    rows: Sequence["LayerRow"], *, title: str = "Layers", provenance: Provenance = REAL
) -> Figure:
    """The table of layers as a picture. Above 60 layers, a repeated block is one row."""
    total, count = sum(row.parameters for row in rows), len(rows)
    shown: Sequence[LayerRow | FoldedRow] = rows if count <= _TABLE_ROWS else folded(rows)
    parts = [shown[first : first + _TABLE_ROWS] for first in range(0, len(shown), _TABLE_ROWS)]
    cells = (130.0, 88.0 if shown is rows else 190.0, 92.0, 66.0)
    width = 24 + len(parts) * (sum(cells) + 24)
    tallest = max((len(part) for part in parts), default=0)
    note = f"{count} layers · {total:,} parameters"
    figure = new_figure(width, 48 + 18 + 12.5 * tallest + 14, title, provenance, note)
    axes = board(figure)
    for number, part in enumerate(parts):
        _table_part(axes, part, 24 + number * (sum(cells) + 24), 54, cells)
    return figure


def _column_height(stage: Stage) -> float:
    return sum(_STEP + (len(_detail_lines(box)) * 10) for box in stage.boxes)


def _header(axes: Axes, stage: Stage, left: float, top: float, share: float) -> None:
    axes.text(left, top + 12, stage.title, fontsize=8.5, fontweight="bold", va="center")
    cost = f"{stage.parameters:,} · {share:.0%}" if share >= 0.005 else f"{stage.parameters:,}"
    axes.text(left + _BOX_WIDTH, top + 12, cost, fontsize=7.5, color=MUTED, va="center", ha="right")
    axes.add_patch(Rectangle((left, top + 21), _BOX_WIDTH, 3, facecolor=FAINT, linewidth=0))
    axes.add_patch(Rectangle((left, top + 21), _BOX_WIDTH * share, 3, facecolor=INK, linewidth=0))


def _column(axes: Axes, stage: Stage, left: float, top: float) -> tuple[float, float]:
    """Draw the boxes of a stage downwards; return the point at the right of the last one."""
    middle = left + _BOX_WIDTH / 2
    for number, box in enumerate(stage.boxes):
        details = _detail_lines(box)
        height = _BOX_HEIGHT + len(details) * 10
        _box(axes, box, details, left=left, top=top, height=height)
        if number < len(stage.boxes) - 1:
            axes.annotate("", (middle, top + height + 9), (middle, top + height), arrowprops=_ARROW)
        top += height + 9
    return left + _BOX_WIDTH, top - 9 - height / 2


def _box(axes: Axes, box: Box, details: list[str], *, left: float, top: float, height: float) -> None:
    colour = FAMILY_COLOURS[box.family]
    shape = FancyBboxPatch(
        (left + 2, top + 2),
        _BOX_WIDTH - 4,
        height - 4,
        boxstyle="round,pad=2,rounding_size=3",
        facecolor=lighter(colour, 0.88),
        edgecolor=lighter(colour, 0.35),
        linewidth=0.8,
    )
    axes.add_patch(shape)
    axes.add_patch(Rectangle((left, top + 4), 3, height - 8, facecolor=colour, linewidth=0))
    title = shortened(box.title, 8, _BOX_WIDTH - 14)
    axes.text(left + 9, top + 9.5, title, fontsize=8, va="center")
    for number, line in enumerate(details):
        axes.text(left + 9, top + 20 + 10 * number, line, fontsize=6.8, color=MUTED, va="center")
    bottom = top + height - 8.5
    axes.text(left + 9, bottom, shape_text(box.output_shape), fontsize=7, color=INK, va="center")
    if box.parameters:
        axes.text(
            left + _BOX_WIDTH - 6,
            bottom,
            f"{box.parameters:,}",
            fontsize=7,
            color=INK,
            va="center",
            ha="right",
        )


def _detail_lines(box: Box) -> list[str]:
    """The detail of a box of several layers, broken between its parts to fit the box."""
    lines: list[str] = []
    for part in filter(None, box.detail.split(", ")):
        if lines and text_width(f"{lines[-1]}, {part}", 6.8) < _BOX_WIDTH - 16:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return [shortened(line, 6.8, _BOX_WIDTH - 14) for line in lines[:5]]


def _connect(axes: Axes, leave: tuple[float, float] | None, left: float, enter: float) -> None:
    """An elbow from where the last stage ended to the first box of this one; none for the first stage."""
    if leave is None:
        axes.annotate("", (left, enter), (left - 14, enter), arrowprops=_ARROW)
        return
    x, y = leave
    if left > x:
        middle = x + _GUTTER / 2
        axes.plot([x, middle, middle], [y, y, enter], color=MUTED, linewidth=0.8, solid_capstyle="butt")
        axes.annotate("", (left, enter), (middle, enter), arrowprops=_ARROW)
        return
    # To the next line of stages: out on the right, along the gap above it, in from the left.
    gap = enter - _BOX_HEIGHT / 2 - 44
    path_x, path_y = [x, x + 8, x + 8, left - 12, left - 12], [y, y, gap, gap, enter]
    axes.plot(path_x, path_y, color=MUTED, linewidth=0.8, solid_capstyle="butt")
    axes.annotate("", (left, enter), (left - 12, enter), arrowprops=_ARROW)


def _table_part(
    axes: Axes, rows: Sequence["LayerRow | FoldedRow"], left: float, top: float, cells: tuple[float, ...]
) -> None:
    edges = [left, left + cells[0], left + cells[0] + cells[1], left + sum(cells)]
    for edge, name in zip(edges, ("Layer", "Kind", "Output shape", "Parameters"), strict=True):
        align = "right" if name == "Parameters" else "left"
        axes.text(edge, top + 5, name, fontsize=7.5, fontweight="bold", va="center", ha=align)
    axes.plot([left, edges[-1]], [top + 12, top + 12], color=INK, linewidth=0.8)
    for number, row in enumerate(rows):
        y = top + 20 + 12.5 * number
        if number % 2:
            axes.add_patch(
                Rectangle((left - 3, y - 6.25), sum(cells) + 6, 12.5, facecolor="#F6F6F6", linewidth=0)
            )
        texts = (row.name, row.kind, shape_text(row.output_shape))
        for edge, text, room in zip(edges, texts, cells, strict=False):
            axes.text(edge, y, shortened(text, 7.2, room - 6), fontsize=7.2, va="center")
        number_text = f"{row.parameters:,}" if row.parameters else "–"
        axes.text(edges[-1], y, number_text, fontsize=7.2, va="center", ha="right")
