"""Measured against published accuracy: a row for each system, on one axis."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

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
    styled,
)

_LEFT, _WIDTH, _ROW, _TOP = 130.0, 300.0, 24.0, 66.0


@styled
def draw_published(
    table: pd.DataFrame,
    *,
    title: str = "Measured against published",
    note: str = "",
    provenance: Provenance = REAL,
) -> Figure:
    """A row for each system: what was published as a tick or bar, what was measured as a dot and interval.

    table: columns recipe, measured, low, high (the ends of the interval), published_low, published_high, all
    fractions, NaN where there is none, and cut_short (bool), whose rows have hollow dots.
    """
    height = _ROW * max(len(table), 1)
    figure = new_figure(_LEFT + _WIDTH + 80, _TOP + height + 44, title, provenance, note)
    axes = add_axes(figure, _LEFT, _TOP, _WIDTH, height)
    for place, (_, row) in enumerate(table.iterrows()):
        _published(axes, place, row["published_low"], row["published_high"])
        _measured(axes, place, row)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_yticks(range(len(table)), table["recipe"])
    axes.set_xlim(0, min(1.0, 1.12 * float(table[["measured", "high", "published_high"]].max().max())))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel("Accuracy")
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.grid(axis="y", visible=False)
    axes.legend(
        handles=_handles(table), loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, borderaxespad=0.2
    )
    return figure


def _published(axes: Axes, place: int, low: float, high: float) -> None:
    if pd.isna(low):
        return
    # A single figure is a tick; a range is as wide as it is.
    axes.plot([low, high], [place, place], color=ORANGE, linewidth=7, solid_capstyle="butt", alpha=0.55)
    axes.plot([low, low], [place - 0.3, place + 0.3], color=ORANGE, linewidth=2)
    axes.plot([high, high], [place - 0.3, place + 0.3], color=ORANGE, linewidth=2)


def _measured(axes: Axes, place: int, row: "pd.Series[Any]") -> None:
    if pd.isna(row["measured"]):
        return
    axes.plot([row["low"], row["high"]], [place, place], color=BLUE, linewidth=1.4)
    fill = "white" if row["cut_short"] else BLUE
    axes.plot([row["measured"]], [place], "o", color=fill, markeredgecolor=BLUE, markersize=6, zorder=3)
    axes.annotate(
        f"{row['measured']:.1%}",
        (1.0, place),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        fontsize=8,
        va="center",
        color=MUTED if row["cut_short"] else INK,
    )


def _handles(table: pd.DataFrame) -> list[Line2D]:
    handles = [
        Line2D([], [], color=BLUE, marker="o", markersize=6, linewidth=1.4, label="measured, 95 % interval")
    ]
    if table["published_low"].notna().any():
        tick = {"marker": "|", "markersize": 9, "linestyle": "none"}
        handles.insert(0, Line2D([], [], color=ORANGE, linewidth=2, label="published", **tick))  # type: ignore[arg-type]
    if table["cut_short"].any():
        hollow = {
            "color": "white",
            "markeredgecolor": BLUE,
            "marker": "o",
            "linestyle": "none",
            "markersize": 6,
        }
        handles.append(Line2D([], [], label="cut short", **hollow))  # type: ignore[arg-type]
    return handles
