"""Curves over epochs: accuracy, loss and learning rate of one history, or of several on shared axes."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from hundred.formatting import plural
from hundred.reports.figures.style import (
    INK,
    MUTED,
    REAL,
    TRAINING,
    VALIDATION,
    Provenance,
    add_axes,
    lighter,
    new_figure,
    run_colour,
    shortened,
    styled,
)
from hundred.reports.milestones import STOP_REASONS, Milestones, column, milestones, rates_of

WIDTH = 520
_PANELS = (("accuracy", "Accuracy", 150), ("loss", "Loss", 150), ("learning_rate", "Learning rate", 70))
_BELOW_TOP = sum(height for _, _, height in _PANELS) + 2 * 14 + 36


@styled
def draw_curves(
    history: pd.DataFrame,
    marks: Milestones | None = None,
    *,
    rates: pd.DataFrame | None = None,
    title: str = "Training curves",
    provenance: Provenance = REAL,
) -> Figure:
    """Accuracy, loss and learning rate over epochs (epoch e ends at e) with cuts, best epoch and stop.

    history: columns of history.csv (epoch, accuracy, loss, val_accuracy, val_loss, learning_rate); accuracies
    are fractions, `val_*` may be absent or NaN. marks: found in the history where not given. rates: columns
    epoch and learning_rate, the learning rate in every step; those of the history where not given.
    """
    marks = marks or milestones(history)
    figure = new_figure(WIDTH, 60 + _BELOW_TOP, title, provenance, _summary(history, marks))
    panels = _panels(figure, top=60)
    epochs = history["epoch"].to_numpy()
    for (name, _, _), axes in zip(_PANELS, panels, strict=True):
        if name == "learning_rate":
            axes.plot(*rates_of(history, rates), color=INK)
        else:
            _line(axes, epochs, column(history, name), TRAINING)
            _line(axes, epochs, column(history, f"val_{name}"), VALIDATION)
        _mark(axes, marks, name, history)
    _legend(panels[0], _handles(history, marks))
    _scales(panels, [history])
    return figure


@styled
def compare_curves(
    histories: Mapping[str, pd.DataFrame],
    marks: Mapping[str, Milestones] | None = None,
    *,
    title: str = "Training curves compared",
    provenance: Provenance = REAL,
) -> Figure:
    """The curves of several runs on shared axes: a colour each, validation solid, training dashed.

    histories: run name to history, as for `draw_curves`; a dot marks each run's best epoch.
    """
    rows = (len(histories) + 1) // 2
    note = "solid: validation · dashed: training · dot: best epoch"
    top = 46 + 12.5 * rows
    figure = new_figure(WIDTH, top + _BELOW_TOP, title, provenance, note)
    panels = _panels(figure, top)
    handles = []
    for index, (run, history) in enumerate(histories.items()):
        colour = run_colour(index)
        run_marks = (marks or {}).get(run) or milestones(history)
        handles.append(Line2D([], [], color=colour, label=shortened(run, 8, 200)))
        _compared_run(panels, history, run_marks, colour)
    panels[0].legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, borderaxespad=0.2
    )
    _scales(panels, list(histories.values()))
    return figure


def _compared_run(panels: list[Axes], history: pd.DataFrame, marks: Milestones, colour: str) -> None:
    epochs = history["epoch"].to_numpy()
    for (name, _, _), axes in zip(_PANELS, panels, strict=True):
        values, validated = column(history, name), column(history, f"val_{name}")
        if name == "learning_rate":
            axes.plot(*rates_of(history), color=colour)
            continue
        if not np.isfinite(validated).any():
            _line(axes, epochs, values, colour)
            continue
        axes.plot(epochs, values, color=lighter(colour, 0.35), linewidth=1, linestyle=(0, (3, 2)))
        _line(axes, epochs, validated, colour)
        best = epochs == marks.best_epoch
        axes.plot(epochs[best], validated[best], "o", color=colour, markersize=5, markeredgecolor="white")


def _panels(figure: Figure, top: float) -> list[Axes]:
    panels: list[Axes] = []
    for name, label, height in _PANELS:
        axes = add_axes(figure, 62, top, WIDTH - 62 - 20, height, sharex=panels[0] if panels else None)
        axes.set_ylabel(label)
        axes.yaxis.set_label_coords(-0.095, 0.5)
        axes.tick_params(labelbottom=name == "learning_rate")
        panels.append(axes)
        top += height + 14
    panels[-1].set_xlabel("Epoch")
    return panels


def _line(axes: Axes, epochs: np.ndarray, values: np.ndarray, colour: str) -> None:
    # One or two epochs make no line to see: show the points themselves.
    axes.plot(epochs, values, color=colour, marker="o" if len(epochs) < 3 else None, markersize=4)


def _mark(axes: Axes, marks: Milestones, name: str, history: pd.DataFrame) -> None:
    for cut in marks.cuts:
        axes.axvline(cut, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    if marks.stop_epoch is not None:
        axes.axvline(marks.stop_epoch, color=INK, linewidth=0.9, zorder=1)
    if marks.best_epoch is None:
        return
    axes.axvline(marks.best_epoch, color=VALIDATION, linewidth=0.9, linestyle=(0, (5, 3)), zorder=1)
    here = history["epoch"].to_numpy() == marks.best_epoch
    values = column(history, f"val_{name}")[here]
    axes.plot(
        history["epoch"].to_numpy()[here][: len(values)],
        values,
        "o",
        color=VALIDATION,
        markersize=5.5,
        markeredgecolor="white",
    )


def _handles(history: pd.DataFrame, marks: Milestones) -> list[Line2D]:
    handles = [Line2D([], [], color=TRAINING, label="training")]
    if np.isfinite(column(history, "val_accuracy")).any():
        handles.append(Line2D([], [], color=VALIDATION, label="validation"))
    if marks.best_epoch is not None:
        best = Line2D(
            [], [], color=VALIDATION, linewidth=0.9, linestyle=(0, (5, 3)), marker="o", markersize=5
        )
        best.set_label(f"best epoch ({marks.best_epoch})")
        handles.append(best)
    if marks.cuts:
        cut = Line2D([], [], color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), label="learning-rate cut")
        handles.append(cut)
    if marks.stop_epoch is not None:
        label = f"{STOP_REASONS.get(marks.stop_reason, marks.stop_reason)} ({marks.stop_epoch})"
        handles.append(Line2D([], [], color=INK, linewidth=0.9, label=label))
    return handles


def _legend(axes: Axes, handles: list[Line2D]) -> None:
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=len(handles),
        borderaxespad=0.2,
        columnspacing=1.4,
    )


def _scales(panels: list[Axes], histories: list[pd.DataFrame]) -> None:
    accuracy, loss, rate = panels
    values = np.concatenate([column(h, name) for h in histories for name in ("accuracy", "val_accuracy")])
    highest = values[np.isfinite(values)].max(initial=0.0)
    # A dot at the highest value stays whole, after a single epoch as well.
    accuracy.set_ylim(0, 1.06 * highest or 1.0)
    # Accuracies near chance need a digit more, or neighbouring ticks read the same.
    digits = 0 if accuracy.get_ylim()[1] > 0.08 else 1
    accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=digits))
    last = max((int(history["epoch"].max()) for history in histories if len(history)), default=1)
    rate.set_xlim(0, last + max(0.1, last * 0.02))
    rate.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    losses = np.concatenate([column(h, name) for h in histories for name in ("loss", "val_loss")])
    losses = losses[np.isfinite(losses)]
    if len(losses):
        # One exploding epoch must not flatten all the others.
        loss.set_ylim(0, min(losses.max(), 3 * np.percentile(losses, 90)) * 1.05 + 1e-9)
    rate.set_ylim(0, None)
    rate.yaxis.set_major_locator(MaxNLocator(3))
    rate.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def _summary(history: pd.DataFrame, marks: Milestones) -> str:
    accuracy = column(history, "val_accuracy")
    if marks.best_epoch is None or not len(history):
        return f"{plural(len(history), 'epoch')}, not validated"
    best = accuracy[history["epoch"].to_numpy() == marks.best_epoch]
    reached = f"{best[0]:.1%} validation accuracy at epoch {marks.best_epoch}" if len(best) else ""
    return f"{reached} of {int(history['epoch'].max())}"
