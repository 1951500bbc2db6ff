"""The picture of all comparisons: how many times as fast Hundred is as each rival."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

from hundred.reports.figures.style import BLUE, INK, MUTED, save, styled


def log_scale(axes: Axes) -> None:
    """A logarithmic x axis with plain numbers."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.xaxis.set_minor_locator(NullLocator())


@styled
def ratios_figure(comparisons: dict[str, Any]) -> Figure:
    """A row for each rival: the median ratio as a dot, its range over the rounds as a line, log scale."""
    rows = [
        (title, rival, ratio)
        for title, kept in comparisons.items()
        for rival, ratio in kept["ratios"].items()
    ]
    figure = Figure(figsize=(7.5, 0.9 + 0.42 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    for place, (_, _, ratio) in enumerate(rows):
        axes.plot([ratio["low"], ratio["high"]], [place, place], color=BLUE, linewidth=2.5, alpha=0.5)
        axes.plot(ratio["median"], place, "o", color=BLUE)
        axes.annotate(
            f"{ratio['median']:.2g} times",
            (ratio["high"], place),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=INK,
        )
    axes.axvline(1.0, color=MUTED, linewidth=1)
    log_scale(axes)
    axes.set_yticks(
        range(len(rows)), [f"{title.split(' (')[0]}\nagainst {rival}" for title, rival, _ in rows]
    )
    axes.invert_yaxis()
    axes.set_xlabel("speed of Hundred over that of the other: median and range over the rounds")
    return figure


def draw(comparisons: dict[str, Any], path: Path) -> None:
    """Write the picture to `path`."""
    save(ratios_figure(comparisons), path)
