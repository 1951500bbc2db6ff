"""Accuracy against training time as a plot of the page, with the Pareto front joined."""

import numpy as np
import pandas as pd

from hundred.formatting import duration, percent
from hundred.reports.figures.pareto import round_times
from hundred.reports.page.plots import BOX, Dot, Line, Plot, Scale, Tick


def scatter_plot(table: pd.DataFrame) -> Plot:
    """A dot for each run; those on the front are joined.

    table: columns name, accuracy, train_seconds, pareto, and, where known, low and high, the interval of the
    accuracy. Runs of unknown time are left out.
    """
    known = table.dropna(subset=["train_seconds", "accuracy"])
    measured = known["train_seconds"].astype(float).clip(lower=0.01)
    known = known.assign(train_seconds=measured).sort_values("train_seconds")
    times, accuracies = known["train_seconds"].to_numpy(), known["accuracy"].to_numpy(dtype=float)
    if not len(known):
        return Plot("pareto", "Accuracy against training time", "percent", (), (), ())
    across = Scale(float(times.min()) / 1.6, float(times.max()) * 1.6, logarithmic=True)
    intervals = _intervals(known, accuracies)
    lowest, highest = float(intervals.min()), float(intervals.max())
    spread = max(0.01, highest - lowest)
    up = Scale(max(0.0, lowest - 0.15 * spread), min(1.0, highest + 0.15 * spread))
    front = known["pareto"].to_numpy(dtype=bool)
    places = [(across.place(x), up.place(y)) for x, y in zip(times, accuracies, strict=True)]
    dots = [
        Dot(
            100 * x,
            100 - 100 * y,
            "front" if best else "other",
            str(name),
            (100 - 100 * up.place(high), 100 - 100 * up.place(low)),
        )
        for (x, y), best, name, (low, high) in zip(places, front, known["name"], intervals, strict=True)
    ]
    joined = _staircase([place for place, best in zip(places, front, strict=True) if best])
    return Plot(
        "pareto",
        "Accuracy against training time",
        "percent",
        (Line("Pareto front", joined, "val", ()),),
        tuple(Tick(100 * across.place(t), duration(t)) for t in round_times(across.low, across.high, 0.14)),
        tuple(Tick(100 - 100 * up.place(y), percent(y, 0 if spread > 0.04 else 1)) for y in up.ticks()),
        dots=tuple(dots),
    )


def _intervals(table: pd.DataFrame, accuracies: np.ndarray) -> np.ndarray:
    """Low and high of each row, [rows, 2]; the accuracy itself where the interval is not known."""
    if not {"low", "high"} <= set(table.columns):
        return np.stack([accuracies, accuracies], axis=1)
    ends = table[["low", "high"]].to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(ends), accuracies[:, None], ends)


def _staircase(places: list[tuple[float, float]]) -> str:
    """Across at the accuracy reached, then up at the next run's time."""
    corners = [(BOX * x, BOX * (1 - y)) for x, y in places]
    start = "".join(f"M{x:.1f} {y:.1f}" for x, y in corners[:1])
    return start + "".join(f"H{x:.1f}V{y:.1f}" for x, y in corners[1:])
