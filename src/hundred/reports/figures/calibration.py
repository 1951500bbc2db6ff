"""The reliability diagram (Guo et al. 2017, "On Calibration of Modern Neural Networks", figure 1)."""

import numpy as np
import pandas as pd
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
    low, width = table["low"].to_numpy(), (table["high"] - table["low"]).to_numpy()
    accuracy, confidence = table["accuracy"].to_numpy(), table["confidence"].to_numpy()
    seen = table["count"].to_numpy() > 0
    upper.bar(
        low[seen], accuracy[seen], width[seen], align="edge", color=lighter(BLUE, 0.35), edgecolor="white"
    )
    gap = np.abs(confidence - accuracy)[seen]
    base = np.minimum(confidence, accuracy)[seen]
    upper.bar(
        low[seen],
        gap,
        width[seen],
        base,
        align="edge",
        color="none",
        edgecolor=VERMILLION,
        hatch="////",
        linewidth=0,
    )
    upper.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle=(0, (4, 3)))
    upper.plot(confidence[seen], accuracy[seen], "o", color=BLUE, markersize=4, markeredgecolor="white")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="Accuracy")
    upper.tick_params(labelbottom=False)
    upper.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    upper.legend(
        handles=[
            Patch(color=lighter(BLUE, 0.35), label="accuracy"),
            Patch(facecolor="none", edgecolor=VERMILLION, hatch="////", linewidth=0, label="gap"),
            Line2D([], [], color=INK, linewidth=1, linestyle=(0, (4, 3)), label="perfect"),
        ],
        loc="upper left",
    )
    lower.bar(low, table["count"], width, align="edge", color=lighter(MUTED, 0.45), edgecolor="white")
    lower.set(xlabel="Confidence", ylabel="Images")
    lower.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    lower.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    for axes in (upper, lower):
        axes.yaxis.set_label_coords(-0.135, 0.5)
    return figure
