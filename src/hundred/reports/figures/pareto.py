"""Accuracy against time, with the Pareto front: runs that no other run beats in both."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from hundred.formatting import duration
from hundred.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    REAL,
    RULE,
    Provenance,
    add_axes,
    new_figure,
    shortened,
    styled,
    text_width,
)

_WIDTH, _HEIGHT, _LABEL = 450.0, 290.0, 7.5
_TICKS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 18000, 43200, 86400, 172800, 432000)


@styled
def draw_pareto(
    table: pd.DataFrame,
    *,
    title: str = "Accuracy against training time",
    provenance: Provenance = REAL,
) -> Figure:
    """A point for each run; those on the front are joined and filled.

    table: columns name, accuracy (fraction), train_seconds, and pareto (bool); low and high, where
    present, are the ends of an interval of the accuracy. Runs whose time is unknown are left out.
    """
    known = table.dropna(subset=["train_seconds", "accuracy"])
    known = known.assign(train_seconds=known["train_seconds"].astype(float)).sort_values("train_seconds")
    left_out = len(table) - len(known)
    note = "joined: no other run is both quicker and better"
    if left_out:
        note += f" · {left_out} without a measured time left out"
    figure = new_figure(_WIDTH + 90, _HEIGHT + 92, title, provenance, note)
    axes = add_axes(figure, 62, 46, _WIDTH, _HEIGHT)
    front = known["pareto"].to_numpy(dtype=bool)
    seconds, accuracy = known["train_seconds"].to_numpy(), known["accuracy"].to_numpy(dtype=float)
    if {"low", "high"} <= set(known.columns):
        axes.vlines(
            seconds, known["low"].astype(float), known["high"].astype(float), color=RULE, linewidth=1.2
        )
    axes.step(seconds[front], accuracy[front], where="post", color=BLUE, linewidth=1.2, zorder=2)
    axes.plot(seconds[~front], accuracy[~front], "o", color="white", markeredgecolor=ORANGE, markersize=6)
    axes.plot(seconds[front], accuracy[front], "o", color=BLUE, markersize=7, markeredgecolor="white")
    _scales(axes, seconds)
    _labels(axes, [str(name) for name in known["name"]], np.column_stack([seconds, accuracy]), front)
    return figure


def _scales(axes: Axes, seconds: np.ndarray) -> None:
    axes.margins(y=0.16)
    # Where all are within some points of each other, ticks need a digit to have different labels.
    low, high = axes.get_ylim()
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if high - low > 0.06 else 1))
    axes.set(ylabel="Test accuracy", xlabel="Training time")
    if not len(seconds):
        return
    low, high = max(float(seconds.min()), 0.1), max(float(seconds.max()), 0.2)
    axes.set_xscale("log")
    axes.set_xlim(low / 1.5, high * 1.9)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(round_times(low / 1.5, high * 1.9, 44 / _WIDTH)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))


def round_times(low: float, high: float, apart: float) -> list[float]:
    """Round times from `low` to `high` seconds on a logarithmic axis.

    apart: the least distance between two, as a share of the axis. Never empty: at worst `low` itself.
    """
    step = math.log(high / low) * apart
    kept: list[float] = []
    for tick in _TICKS:
        if low <= tick <= high and (not kept or math.log(tick / kept[-1]) >= step):
            kept.append(float(tick))
    return kept or [low]


def _labels(axes: Axes, names: Sequence[str], points: np.ndarray, front: np.ndarray) -> None:
    """A name beside each point, where it covers no other name, point or line."""
    spots = axes.transData.transform(points) / (axes.figure.dpi / 72)  # points of the figure
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in spots]
    corners = spots[front]
    for (x, y), (next_x, next_y) in itertools.pairwise(corners):
        taken += [(x, y - 2, next_x, y + 2), (next_x - 2, min(y, next_y), next_x + 2, max(y, next_y))]
    for place in np.argsort(~front, kind="stable"):
        text = shortened(names[place], _LABEL, 150)
        offset = _free_place(spots[place], text_width(text, _LABEL), taken)
        axes.annotate(
            text,
            points[place],
            xytext=offset,
            textcoords="offset points",
            fontsize=_LABEL,
            va="center",
            color=INK if front[place] else MUTED,
            fontweight="bold" if front[place] else "normal",
            arrowprops={"arrowstyle": "-", "color": RULE, "linewidth": 0.6} if abs(offset[1]) > 14 else None,
        )


def _free_place(
    spot: np.ndarray, width: float, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float]:
    x, y = spot
    right_edge = 62 + _WIDTH + 26
    heights = [0, 8, -8, 12, -12, *(sign * step for step in range(18, 90, 8) for sign in (1, -1))]
    choices = [(side, height) for height in heights for side in (8, -8 - width)]
    for across, up in choices:
        box = (x + across, y + up - 5, x + across + width, y + up + 5)
        if box[2] > right_edge or box[0] < 62:
            continue
        if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            taken.append(box)
            return across, up
    return 8, 0
