"""The curves of a training history from any framework, with the findings of the doctor marked on them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, PercentFormatter

from hundred.evaluation.doctor.diagnosis import Diagnosis
from hundred.evaluation.doctor.findings import Finding
from hundred.evaluation.doctor.history import History
from hundred.formatting import percent
from hundred.reports.figures.style import (
    INK,
    MUTED,
    TRAINING,
    VALIDATION,
    add_axes,
    lighter,
    new_figure,
    run_colour,
    shortened,
    styled,
)

WIDTH = 520
_LEFT, _HEIGHT, _RATE_HEIGHT = 62, 150, 60
_PANELS = (("accuracy", "Accuracy"), ("loss", "Loss"), ("learning_rate", "Learning rate"))
# Findings take the colours after those of training and validation.
_FIRST_COLOUR = 2


@styled
def draw_diagnosis(found: Diagnosis, title: str = "Training history") -> Figure:
    """Accuracy, loss and learning rate of the history, as far as it has them.

    Each finding has a number and a colour: its epochs are shaded from the first in which it shows, and the
    values that its evidence quotes are dots on the curves.
    """
    history = found.history
    panels = [] if history is None else [each for each in _PANELS if _has(history, each[0])]
    top = 50 + 13 * max(len(found.findings), 1)
    heights = [_RATE_HEIGHT if name == "learning_rate" else _HEIGHT for name, _ in panels]
    figure = new_figure(WIDTH, top + sum(heights) + 14 * len(heights) + 30, title)
    _head(figure, found)
    first: Axes | None = None
    for (name, label), height in zip(panels, heights, strict=True):
        axes = add_axes(figure, _LEFT, top, WIDTH - _LEFT - 20, height, sharex=first)
        axes.set_ylabel(label)
        axes.yaxis.set_label_coords(-0.095, 0.5)
        axes.tick_params(labelbottom=name == panels[-1][0])
        first = first or axes
        top += height + 14
        if history is not None:
            _panel(axes, history, name, found)
    if first is not None and history is not None:
        axes.set_xlabel(history.unit.capitalize())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        colours = ((TRAINING, "training"), (VALIDATION, "validation"))
        handles = [Line2D([], [], color=colour, label=label) for colour, label in colours]
        first.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderaxespad=0.2)
    return figure


def _has(history: History, name: str) -> bool:
    sides = (name,) if name == "learning_rate" else (name, f"val_{name}")
    return any(history.has(side, 1) for side in sides)


def _head(figure: Figure, found: Diagnosis) -> None:
    """The findings, or the verdict where there are none, under the title; and the legend of the curves."""
    width, height = (side * 72 for side in figure.get_size_inches())
    lines = [
        (
            f"{number}  {finding.name}, {percent(finding.confidence, 0)} sure: {finding.sentence}",
            _colour(number),
        )
        for number, finding in enumerate(found.findings, start=1)
    ] or [(found.verdict, MUTED)]
    for place, (text, colour) in enumerate(lines):
        figure.text(
            12 / width,
            1 - (26 + 13 * place) / height,
            shortened(text, 8, width - 24),
            fontsize=8,
            color=colour,
            va="top",
        )


def _colour(number: int) -> str:
    return run_colour(_FIRST_COLOUR + number - 1)


def _panel(axes: Axes, history: History, name: str, found: Diagnosis) -> None:
    sides = ((name, INK),) if name == "learning_rate" else ((name, TRAINING), (f"val_{name}", VALIDATION))
    for number, finding in enumerate(found.findings, start=1):
        _mark(axes, history, finding, number, [side for side, _ in sides])
    for side, colour in sides:
        values = getattr(history, side)
        measured = np.isfinite(values)
        if measured.any():
            axes.plot(
                history.epoch[measured],
                values[measured],
                color=colour,
                marker="." if len(history) < 30 else None,
            )
    if name == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    elif (name == "learning_rate" and np.nanmin(history.learning_rate) > 0) or (
        name == "loss" and _spans_orders(history)
    ):
        axes.set_yscale("log")


def _spans_orders(history: History) -> bool:
    """Whether losses differ so much that on a linear axis one of them would be a flat line."""
    losses = np.concatenate([history.loss, history.val_loss])
    losses = losses[np.isfinite(losses)]
    return bool(len(losses) and losses.min() > 0 and losses.max() > 30 * np.median(losses))


def _mark(axes: Axes, history: History, finding: Finding, number: int, sides: list[str]) -> None:
    """Shade the epochs of a finding, and dot the values that its evidence quotes."""
    colour = _colour(number)
    if finding.since_epoch is not None and finding.name != "healthy":
        axes.axvspan(finding.since_epoch, float(history.epoch[-1]), color=lighter(colour, 0.9), zorder=0)
        axes.axvline(finding.since_epoch, color=colour, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    for side in sides:
        quoted = finding.data.get("values", {}).get(side, {})
        if quoted:
            at = [float(epoch) for epoch in quoted]
            axes.plot(
                at, list(quoted.values()), "o", color=colour, markersize=6, markeredgecolor="white", zorder=4
            )
