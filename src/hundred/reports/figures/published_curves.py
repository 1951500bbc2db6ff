"""Measured training histories over published ones, on shared axes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from hundred.reports.figures.style import (
    INK,
    REAL,
    RULE,
    Provenance,
    add_axes,
    new_figure,
    run_colour,
    shortened,
    styled,
)
from hundred.reports.milestones import column

_WIDTH, _LEFT, _HEIGHT, _GAP = 520.0, 62.0, 150.0, 16.0
_PANELS = (
    ("val_accuracy", "Validation accuracy"),
    ("accuracy", "Training accuracy"),
    ("learning_rate", "Learning rate"),
)


@styled
def draw_published_curves(
    measured: Mapping[str, pd.DataFrame],
    published: Mapping[str, pd.DataFrame],
    *,
    highlight: str = "",
    title: str = "Measured curves over the published ones",
    provenance: Provenance = REAL,
) -> Figure:
    """Validation and training accuracy and learning rate by epoch: `measured` in colours over grey
    `published`.

    Both by name, with columns epoch, accuracy, val_accuracy (fractions) and learning_rate. highlight: the
    published history that is drawn darker and named.
    """
    rows = (len(measured) + bool(published) + 1 + bool(highlight)) // 2
    top = 46 + 12.5 * rows
    below = 3 * _HEIGHT + 2 * _GAP + 40
    note = f"grey: {len(published)} published trainings, validated on the test images" if published else ""
    figure = new_figure(_WIDTH, top + below, title, provenance, note)
    panels: list[Axes] = []
    for name, label in _PANELS:
        share = {"sharex": panels[0]} if panels else {}
        axes = add_axes(figure, _LEFT, top, _WIDTH - _LEFT - 20, _HEIGHT, **share)
        axes.set_ylabel(label)
        axes.tick_params(labelbottom=name == "learning_rate")
        _draw_panel(axes, name, measured, published, highlight)
        panels.append(axes)
        top += _HEIGHT + _GAP
    panels[-1].set_xlabel("Epoch")
    panels[-1].set_yscale("log")
    panels[-1].yaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    panels[-1].yaxis.set_minor_formatter(NullFormatter())
    panels[0].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axes in panels[:2]:
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panels[0].legend(
        handles=_handles(measured, highlight, others=len(published) > bool(highlight)),
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=2,
        borderaxespad=0.2,
    )
    return figure


def _draw_panel(
    axes: Axes,
    name: str,
    measured: Mapping[str, pd.DataFrame],
    published: Mapping[str, pd.DataFrame],
    highlight: str,
) -> None:
    for key, history in published.items():
        colour, width = (INK, 1.4) if key == highlight else (RULE, 1.0)
        _line(axes, history, name, colour, width)
    for index, history in enumerate(measured.values()):
        _line(axes, history, name, run_colour(index), 1.7)


def _line(axes: Axes, history: pd.DataFrame, name: str, colour: str, width: float) -> None:
    values, epochs = column(history, name), history["epoch"].to_numpy()
    if not np.isfinite(values).any():
        return
    # One or two epochs make no line to see: the points themselves are drawn.
    marker = "o" if len(epochs) < 3 else None
    if name == "learning_rate":
        axes.step(epochs, values, where="mid", color=colour, linewidth=width, marker=marker, markersize=3)
    else:
        axes.plot(epochs, values, color=colour, linewidth=width, marker=marker, markersize=3)


def _handles(measured: Mapping[str, pd.DataFrame], highlight: str, *, others: bool) -> list[Line2D]:
    handles = [
        Line2D([], [], color=run_colour(index), label=shortened(name, 8, 200))
        for index, name in enumerate(measured)
    ]
    if highlight:
        handles.append(Line2D([], [], color=INK, linewidth=1.4, label=f"published: {highlight}"))
    if others:
        handles.append(Line2D([], [], color=RULE, linewidth=1.0, label="published, the others"))
    return handles
