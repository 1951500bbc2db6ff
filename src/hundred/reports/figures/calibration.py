"""The reliability diagram (Guo et al. 2017, "On Calibration of Modern Neural Networks", figure 1)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from hundred.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    REAL,
    VERMILLION,
    Provenance,
    add_axes,
    lighter,
    new_figure,
    styled,
)


@styled
def draw_reliability(
    table: pd.DataFrame,
    calibration_error: float | None = None,
    *,
    title: str = "Reliability",
    provenance: Provenance = REAL,
) -> Figure:
    """Accuracy by confidence against the diagonal of a perfectly calibrated network, with counts.

    table: columns low, high, confidence, accuracy, count, one row a bin (NaN where a bin is empty).
    calibration_error: the expected calibration error, a fraction, printed where given.
    """
    images = int(table["count"].sum())
    note = f"{images:,} images"
    if calibration_error is not None:
        note += f" · expected calibration error {calibration_error:.1%}"
    figure = new_figure(360, 422, title, provenance, note)
    upper = add_axes(figure, 54, 48, 286, 240)
    lower = add_axes(figure, 54, 300, 286, 78, sharex=upper)
    _accuracy_panel(upper, table[table["count"] > 0])
    low, width = table["low"].to_numpy(), (table["high"] - table["low"]).to_numpy()
    lower.bar(low, table["count"], width, align="edge", color=lighter(MUTED, 0.45), edgecolor="white")
    lower.set(xlabel="Confidence", ylabel="Images")
    lower.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    for axes in (upper, lower):
        axes.yaxis.set_label_coords(-0.135, 0.5)
    return figure


def _accuracy_panel(axes: Axes, bins: pd.DataFrame) -> None:
    """Accuracy of the bins that have images as bars, with the gap to their confidence hatched."""
    low, width = bins["low"].to_numpy(), (bins["high"] - bins["low"]).to_numpy()
    accuracy, confidence = bins["accuracy"].to_numpy(), bins["confidence"].to_numpy()
    axes.bar(low, accuracy, width, align="edge", color=lighter(BLUE, 0.35), edgecolor="white")
    gap: dict[str, Any] = {"color": "none", "edgecolor": VERMILLION, "hatch": "////", "linewidth": 0}
    base = np.minimum(confidence, accuracy)
    axes.bar(low, np.abs(confidence - accuracy), width, base, align="edge", **gap)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(confidence, accuracy, "o", color=BLUE, markersize=4, markeredgecolor="white")
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="Accuracy")
    axes.tick_params(labelbottom=False)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.legend(
        handles=[
            Patch(color=lighter(BLUE, 0.35), label="accuracy"),
            Patch(facecolor="none", edgecolor=VERMILLION, hatch="////", linewidth=0, label="gap"),
            Line2D([], [], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="perfect"),
        ],
        loc="upper left",
    )
