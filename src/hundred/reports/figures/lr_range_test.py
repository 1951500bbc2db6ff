"""The figure of a learning-rate range test: loss against rate, with the suggested rate marked."""

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from hundred.reports.figures.style import (
    INK,
    MUTED,
    REAL,
    SKY,
    TRAINING,
    VERMILLION,
    Provenance,
    add_axes,
    lighter,
    new_figure,
    styled,
    wrapped,
)

if TYPE_CHECKING:
    from hundred.evaluation.learning_rates import RateReading

WIDTH, HEIGHT, TOP = 520.0, 330.0, 62.0


@styled
def draw_range_test(
    rates: Any,
    losses: Any,
    reading: "RateReading",
    *,
    title: str = "Learning-rate range test",
    own: float | None = None,
    varied: str = "",
    provenance: Provenance = REAL,
) -> Figure:
    """Losses [steps] against `rates` [steps], smoothed and as they were, with the suggestion of `reading`.

    own: the rate that the recipe has, marked too. varied: which rates grew, in words, under the axis.
    """
    figure = new_figure(WIDTH, HEIGHT, title, provenance, _note(reading))
    axes = add_axes(figure, 58, TOP, WIDTH - 58 - 20, HEIGHT - TOP - 56)
    rates, losses = np.asarray(rates), np.asarray(losses)
    axes.plot(rates, losses, color=lighter(TRAINING, 0.6), linewidth=0.8, label="loss of each batch")
    axes.plot(rates, reading.smoothed, color=TRAINING, label="smoothed")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("Training loss")
    axes.set_xlabel("\n".join(["Learning rate (log scale)", *wrapped(varied, 8.5, WIDTH - 80)[:1]]))
    _limit(axes, reading.smoothed)
    _mark(axes, rates, reading, own)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=5, borderaxespad=0.2, columnspacing=1.2)
    return figure


def _note(reading: "RateReading") -> str:
    if reading.suggestion is None:
        return "the loss never clearly fell: no suggestion"
    return f"suggested: {reading.suggestion:g}"


def _limit(axes: Axes, smoothed: np.ndarray) -> None:
    """Leave out most of an explosion, which would flatten what led to it."""
    finite = smoothed[np.isfinite(smoothed)]
    if not len(finite):
        return
    low, start = float(finite.min()), float(finite[: max(len(finite) // 10, 1)].max())
    room = max(start - low, 0.05)
    axes.set_ylim(low - 0.25 * room, start + 0.5 * room)


def _mark(axes: Axes, rates: np.ndarray, reading: "RateReading", own: float | None) -> None:
    if reading.begins is not None and reading.lowest is not None:
        axes.axvspan(reading.begins, reading.lowest, color=SKY, alpha=0.18, linewidth=0, zorder=0)
    if own is not None:
        axes.axvline(own, color=MUTED, linewidth=1, linestyle=(0, (1, 2)), label=f"recipe: {own:g}")
    if reading.suggestion is None:
        return
    axes.axvline(
        reading.suggestion, color=VERMILLION, linewidth=1.4, label=f"suggested: {reading.suggestion:g}"
    )
    for rate, word, side in ((reading.steepest, "steepest", -6), (reading.lowest, "lowest", 6)):
        if rate is None:
            continue
        here = float(np.interp(np.log(rate), np.log(rates), reading.smoothed))
        axes.plot([rate], [here], "o", color=INK, markersize=5, markeredgecolor="white", zorder=4)
        axes.annotate(
            word,
            (rate, here),
            xytext=(side, -9),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            fontsize=7.5,
            color=INK,
        )
