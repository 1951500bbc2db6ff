"""Pictures of a sweep: every trial is a line, and shares are bars."""

import numpy as np
import pandas as pd
from matplotlib.collections import LineCollection

from hundred.reports.figures.style import BLUE, VERMILLION, Provenance, as_bytes
from hundred.reports.figures.sweeps import draw_importance, draw_parallel

TABLE = pd.DataFrame(
    {
        "state": ["complete", "pruned", "complete", "complete"],
        "val_accuracy": [0.2, 0.1, 0.4, 0.4],
        "rate": [1e-3, 1e-1, 1e-2, 1e-1],
        "flip": ["none", "random", "none", "random"],
        "on": [True, False, True, False],
    }
)


def test_each_trial_crosses_each_axis_where_its_value_is() -> None:
    figure = draw_parallel(
        TABLE, ["rate", "flip", "on"], logarithmic={"rate"}, provenance=Provenance("sample")
    )
    (plot,) = figure.axes
    lines = [path for each in plot.collections for path in each.get_paths()]
    assert len(lines) == 4
    assert sum(isinstance(each, LineCollection) for each in plot.collections) == 2
    heights = np.array([path.vertices[:, 1] for path in lines])  # [trials, axes], downwards
    rates = sorted(set(heights[:, 0].round(3)))
    assert len(rates) == 3
    assert np.isclose(rates[1] - rates[0], rates[2] - rates[1])
    (best,) = [line for line in plot.lines if line.get_color() == VERMILLION]
    assert np.allclose(
        best.get_ydata(), heights[[tuple(row) in {tuple(best.get_ydata())} for row in heights]][0]
    )
    assert "sample set" in {text.get_text() for text in figure.texts}
    assert as_bytes(figure, "png").startswith(b"\x89PNG")


def test_one_trial_and_equal_values_can_be_drawn() -> None:
    figure = draw_parallel(TABLE.head(1), ["rate", "flip"], logarithmic={"rate"})
    assert as_bytes(figure, "svg")


def test_shares_are_bars_from_the_largest() -> None:
    figure = draw_importance({"augment.flip": 0.1, "training.learning_rate": 0.9}, 12)
    (plot,) = figure.axes
    assert [bar.get_width() for bar in plot.patches] == [0.9, 0.1]
    assert [label.get_text() for label in plot.get_yticklabels()] == [
        "training.learning_rate",
        "augment.flip",
    ]
    assert all(
        bar.get_facecolor()[:3] == tuple(int(BLUE[i : i + 2], 16) / 255 for i in (1, 3, 5))
        for bar in plot.patches
    )
