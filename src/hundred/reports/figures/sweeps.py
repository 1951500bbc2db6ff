"""Figures of a sweep: trials as lines across parallel axes, the importance of each key, trial curves."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from hundred.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    REAL,
    RULE,
    VERMILLION,
    Provenance,
    add_axes,
    board,
    lighter,
    new_figure,
    shortened,
    styled,
    text_width,
)

_LEFT, _TOP, _HEIGHT, _APART = 74.0, 78.0, 230.0, 132.0
_SMALL = 7.5
ACCURACY = "val_accuracy"
# Of one hue from faint to full, so that the order shows without colour as well, on light and dark pages.
_FAINTEST = 0.25


@dataclass(frozen=True)
class _Axis:
    """One upright axis: where each trial crosses it (0 at the bottom, 1 at the top), and its labels."""

    title: str
    places: np.ndarray
    ticks: tuple[tuple[float, str], ...]


@styled
def draw_parallel(
    table: pd.DataFrame,
    keys: Sequence[str],
    *,
    logarithmic: Collection[str] = (),
    title: str = "Settings and accuracy of the trials",
    provenance: Provenance = REAL,
) -> Figure:
    """A line for each trial through an axis for each of `keys` to its validation accuracy; darker is better.

    table: columns val_accuracy (fraction) and state, and one for each key: numbers, or else names.
    Pruned trials are dashed; the best complete one stands out. logarithmic: keys with such a scale.
    """
    table = table.sort_values(ACCURACY, kind="stable")
    axes = [_axis(table[key], key, log=key in logarithmic) for key in keys]
    axes.append(_axis(table[ACCURACY], "validation accuracy", log=False, percent=True))
    width = _LEFT + _APART * (len(axes) - 1) + 74
    complete = (table["state"] == "complete").to_numpy()
    pruned = int((table["state"] == "pruned").sum())
    note = f"{len(table)} trials" + (f", {pruned} of them cut short (dashed)" if pruned else "")
    if complete.any():
        note += " · the best in orange"
    figure = new_figure(max(width, 360.0), _TOP + _HEIGHT + 34, title, provenance, note)
    plot = board(figure)
    xs = _LEFT + _APART * np.arange(len(axes))
    heights = np.column_stack([axis.places for axis in axes])  # [trials, axes]
    lines = [np.column_stack([xs, _TOP + _HEIGHT * (1 - row)]) for row in heights]
    _lines(plot, lines, heights[:, -1], complete)
    for x, axis in zip(xs, axes, strict=True):
        _upright(plot, x, axis)
    return figure


@styled
def draw_importance(
    importance: Mapping[str, float],
    trials: int,
    *,
    title: str = "Which setting mattered",
    provenance: Provenance = REAL,
) -> Figure:
    """A bar for each key: its share of the variance of validation accuracy over `trials` complete trials."""
    ranked = sorted(importance.items(), key=lambda item: (-item[1], item[0]))
    label_width = min(200.0, max(text_width(key, 8.5) for key, _ in ranked) + 12)
    width, height = label_width + 330.0, 22.0 * len(ranked)
    note = f"share of the variance of validation accuracy, by functional ANOVA over {trials} trials"
    figure = new_figure(max(width, text_width(note, 8) + 40), height + 84, title, provenance, note)
    plot = add_axes(figure, label_width + 14, 48, 280, height)
    places = np.arange(len(ranked))
    plot.barh(places, [share for _, share in ranked], height=0.62, color=BLUE)
    plot.set_yticks(places, [shortened(key, 8.5, label_width) for key, _ in ranked])
    plot.set(ylim=(len(ranked) - 0.5, -0.5), xlim=(0, 1.0))
    plot.set_xticks([0, 0.5, 1.0], ["0 %", "50 %", "100 %"])
    plot.grid(visible=False, axis="y")
    for place, (_, share) in enumerate(ranked):
        inside = share > 0.85
        plot.annotate(
            f"{share:.0%}",
            (share, place),
            xytext=(-4 if inside else 4, 0),
            textcoords="offset points",
            ha="right" if inside else "left",
            va="center",
            fontsize=_SMALL,
            color="white" if inside else INK,
        )
    return figure


def _lines(plot: Axes, lines: Sequence[np.ndarray], accuracy: np.ndarray, complete: np.ndarray) -> None:
    """All trials, the better ones over the worse, and the best one over all."""
    spread = float(np.ptp(accuracy)) or 1.0
    ranks = (accuracy - accuracy.min()) / spread
    shades = np.array([to_rgba(BLUE, _FAINTEST + (1 - _FAINTEST) * rank) for rank in ranks])
    for chosen, style in ((complete, "solid"), (~complete, (0, (3, 2)))):
        if chosen.any():
            some = [line for line, wanted in zip(lines, chosen, strict=True) if wanted]
            plot.add_collection(
                LineCollection(some, colors=shades[chosen], linewidths=1.1, linestyles=[style], zorder=2)
            )
    if complete.any():
        # Of equal accuracies the table has the earliest trial first, and that is the best one.
        best = int(np.flatnonzero(complete & (accuracy == accuracy[complete].max()))[0])
        plot.plot(*lines[best].T, color=VERMILLION, linewidth=2.2, zorder=3)


def _upright(plot: Axes, x: float, axis: _Axis) -> None:
    plot.plot([x, x], [_TOP, _TOP + _HEIGHT], color=RULE, linewidth=1, zorder=1)
    plot.text(x, _TOP - 12, shortened(axis.title, 8.5, _APART - 10), ha="center", va="bottom", fontsize=8.5)
    for place, label in axis.ticks:
        y = _TOP + _HEIGHT * (1 - place)
        plot.plot([x - 3, x + 3], [y, y], color=MUTED, linewidth=0.8, zorder=4)
        plot.text(
            x + 6,
            y,
            shortened(label, _SMALL, _APART / 2),
            fontsize=_SMALL,
            color=MUTED,
            va="center",
            zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
        )


def _axis(values: pd.Series, title: str, *, log: bool, percent: bool = False) -> _Axis:
    """Numbers on a scale from the least to the largest; anything else at even distances."""
    if values.map(_is_number).all():
        numbers = values.astype(float).to_numpy()
        return _scale(numbers, title, log=log, percent=percent)
    texts = [str(value) for value in values]
    names = sorted(set(texts))
    places = {name: (number + 0.5) / len(names) for number, name in enumerate(names)}
    return _Axis(title, np.array([places[text] for text in texts]), tuple((places[n], n) for n in names))


def _scale(numbers: np.ndarray, title: str, *, log: bool, percent: bool) -> _Axis:
    if len(np.unique(numbers)) <= 6 and not percent:
        marks = np.unique(numbers)
    elif log:
        marks = np.geomspace(numbers.min(), numbers.max(), 5)
    else:
        marks = np.linspace(numbers.min(), numbers.max(), 5)
    low, high = float(numbers.min()), float(numbers.max())

    def place(value: np.ndarray) -> np.ndarray:
        if low == high:
            return np.full_like(value, 0.5, dtype=float)
        if log:
            return np.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)

    labels = [f"{mark:.1%}" if percent else f"{mark:.3g}" for mark in marks]
    return _Axis(title, place(numbers), tuple(zip(place(marks).tolist(), labels, strict=True)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)


@styled
def draw_trial_curves(
    curves: Mapping[str, Sequence[float | None]],
    best: str = "",
    *,
    title: str = "Validation accuracy by epoch",
    provenance: Provenance = REAL,
) -> Figure:
    """A line for each trial: its validation accuracy (a fraction, None where there is none) after each epoch.

    best: the trial that is drawn in orange, over the others.
    """
    figure = new_figure(
        520, 270, title, provenance, f"{len(curves)} trials" + (" · the best in orange" if best else "")
    )
    axes = add_axes(figure, 62, 46, 438, 180)
    longest = max(len(curve) for curve in curves.values())
    for name in sorted(curves, key=lambda name: name == best):
        values = np.array([np.nan if value is None else value for value in curves[name]], dtype=float)
        colour, width = (VERMILLION, 2.2) if name == best else (lighter(BLUE, 0.5), 1.0)
        marker = "o" if len(values) == 1 else None
        axes.plot(
            np.arange(1, len(values) + 1), values, color=colour, linewidth=width, marker=marker, markersize=4
        )
    axes.set_xlim(0.5, longest + 0.5)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if axes.get_ylim()[1] > 0.08 else 1))
    axes.set_xlabel("Epoch")
    return figure
