"""The curves of one run or several as plots of the page."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hundred.formatting import percent
from hundred.reports.milestones import STOP_REASONS, Milestones, column, rates_of
from hundred.reports.page.plots import Dot, Line, Mark, Plot, Scale, Tick, svg_path

_QUANTITIES = (
    ("accuracy", "Accuracy", "percent"),
    ("loss", "Loss", "decimal"),
    ("learning_rate", "Learning rate", "rate"),
)
_COLOURS = 8


@dataclass(frozen=True)
class RunCurves:
    """What the curves of a run are drawn from. rates: the learning rate in every step, as in `RunReport`.

    findings: name and first epoch of what the doctor found, marked on the curves.
    """

    name: str
    history: pd.DataFrame
    marks: Milestones
    rates: pd.DataFrame | None = None
    findings: Sequence[tuple[str, float]] = ()


def curve_plots(runs: Sequence[RunCurves]) -> list[Plot]:
    """Accuracy, loss and learning rate over epochs; epoch e ends at e.

    One run: training and validation, with its milestones. Several: a colour each, a dot at the best epoch.
    """
    last = max((int(run.history["epoch"].max()) for run in runs if len(run.history)), default=1)
    return [_plot(runs, quantity, Scale(0, last)) for quantity in _QUANTITIES]


@dataclass(frozen=True)
class _Series:
    """One curve before it is placed.

    xs, ys: [epochs]. best: gets a dot at the run's best epoch. drawn: points (xs, ys) of the line, if others.
    """

    name: str
    css: str
    xs: np.ndarray
    ys: np.ndarray
    marks: Milestones
    best: bool = False
    drawn: tuple[np.ndarray, np.ndarray] | None = None


def _plot(runs: Sequence[RunCurves], quantity: tuple[str, str, str], across: Scale) -> Plot:
    key, title, form = quantity
    several = len(runs) > 1
    series = [
        curve
        for number, run in enumerate(runs)
        for curve in (_of_several(run, key, number) if several else _of_one(run, key))
    ]
    up = _upwards(key, [curve.drawn[1] if curve.drawn else curve.ys for curve in series])
    longest = max((run.history["epoch"].tolist() for run in runs), key=len, default=[])
    x_ticks = [x for x in across.ticks(6) if x >= 1 and float(x).is_integer()]
    return Plot(
        key=key,
        title=title,
        form=form,
        lines=tuple(_line(curve, across, up) for curve in series),
        x_ticks=tuple(Tick(100 * across.place(x), f"{x:g}") for x in x_ticks),
        y_ticks=tuple(Tick(100 - 100 * up.place(y), _printed(y, form)) for y in up.ticks(_most_ticks(key))),
        marks=() if several or not runs else (*_marks(runs[0].marks, across), *_found(runs[0], across)),
        dots=tuple(dot for curve in series if curve.best for dot in _best(curve, across, up)),
        xs=tuple(float(x) for x in longest),
        x_places=tuple(round(100 * across.place(x), 3) for x in longest),
    )


def _of_one(run: RunCurves, key: str) -> list[_Series]:
    history, marks = run.history, run.marks
    epochs = history["epoch"].to_numpy(dtype=float)
    if key == "learning_rate":
        drawn = rates_of(history, run.rates)
        return [_Series("learning rate", "rate", epochs, column(history, key), marks, drawn=drawn)]
    found = [_Series("training", "train", epochs, column(history, key), marks)]
    validated = column(history, f"val_{key}")
    if np.isfinite(validated).any():
        found.append(_Series("validation", "val", epochs, validated, marks, best=True))
    return found


def _of_several(run: RunCurves, key: str, number: int) -> list[_Series]:
    name, history, marks = run.name, run.history, run.marks
    css = f"run-{number % _COLOURS}"
    epochs = history["epoch"].to_numpy(dtype=float)
    validated = column(history, f"val_{key}")
    if key == "learning_rate":
        drawn = rates_of(history, run.rates)
        return [_Series(name, css, epochs, column(history, key), marks, drawn=drawn)]
    if not np.isfinite(validated).any():
        return [_Series(name, css, epochs, column(history, key), marks)]
    return [
        _Series(f"{name}, training", f"{css} dashed", epochs, column(history, key), marks),
        _Series(name, css, epochs, validated, marks, best=True),
    ]


def _most_ticks(key: str) -> int:
    return 3 if key == "learning_rate" else 5


def _upwards(key: str, columns: Iterable[np.ndarray]) -> Scale:
    values = np.concatenate([np.zeros(0), *columns])
    values = values[np.isfinite(values)]
    if not len(values):
        return Scale(0, 1)
    if key == "learning_rate":
        return Scale(0, float(values.max()) * 1.1 or 1)
    if key == "accuracy":
        return Scale(0, min(1.0, float(values.max()) * 1.08) or 1)
    # One exploding epoch must not flatten all the others.
    return Scale(0, min(float(values.max()), 3 * float(np.percentile(values, 90))) * 1.05 or 1)


def _line(curve: _Series, across: Scale, up: Scale) -> Line:
    xs, ys = curve.drawn or (curve.xs, curve.ys)
    pairs = zip(xs.tolist(), ys.tolist(), strict=True)
    places = [(across.place(x), up.place(y)) if math.isfinite(y) else None for x, y in pairs]
    values = tuple(y if math.isfinite(y) else None for y in curve.ys.tolist())
    return Line(curve.name, svg_path(places), curve.css, values)


def _best(curve: _Series, across: Scale, up: Scale) -> list[Dot]:
    here = np.flatnonzero(curve.xs == curve.marks.best_epoch)
    if not len(here) or not math.isfinite(curve.ys[here[0]]):
        return []
    left, top = across.place(curve.xs[here[0]]), up.place(curve.ys[here[0]])
    return [Dot(100 * left, 100 - 100 * top, curve.css)]


def _marks(marks: Milestones, across: Scale) -> list[Mark]:
    found = [
        Mark(100 * across.place(cut), "cut", f"learning-rate cut after epoch {cut}") for cut in marks.cuts
    ]
    if marks.stop_epoch is not None:
        reason = STOP_REASONS.get(marks.stop_reason, marks.stop_reason)
        text = f"{reason} (epoch {marks.stop_epoch})"
        found.append(Mark(100 * across.place(marks.stop_epoch), "stop", text))
    if marks.best_epoch is not None:
        found.append(Mark(100 * across.place(marks.best_epoch), "best", f"best epoch {marks.best_epoch}"))
    return found


def _found(run: RunCurves, across: Scale) -> list[Mark]:
    """A mark where each finding of the doctor begins."""
    return [
        Mark(100 * across.place(since), "finding", f"{name.replace('-', ' ')}, since epoch {since:g}")
        for name, since in run.findings
    ]


def _printed(value: float, form: str) -> str:
    if form == "percent":
        return percent(value, 0)
    return f"{value:.3g}" if form == "rate" else f"{value:g}"
