"""Curves show the numbers of the history, and the milestones where they belong."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from hundred.reports.figures.curves import compare_curves, draw_curves
from hundred.reports.figures.style import as_bytes
from hundred.reports.milestones import milestones

from .looking import texts


def _curves(axes: Axes, length: int) -> list[np.ndarray]:
    return [
        np.asarray(line.get_ydata()) for line in axes.lines if len(np.asarray(line.get_ydata())) == length
    ]


def _verticals(axes: Axes) -> set[float]:
    return {
        float(line.get_xdata()[0])
        for line in axes.lines
        if len(set(np.asarray(line.get_xdata()))) == 1 and len(line.get_xdata()) == 2
    }


def test_training_and_validation_are_drawn_as_they_were_measured(history: pd.DataFrame) -> None:
    accuracy, loss, rate = draw_curves(history).axes
    for axes, name in ((accuracy, "accuracy"), (loss, "loss")):
        training, validation = _curves(axes, 20)
        np.testing.assert_array_equal(training, history[name])
        np.testing.assert_array_equal(validation, history[f"val_{name}"])
    # Epoch e ends at e, so its rate is drawn from e - 1 to e.
    np.testing.assert_array_equal(rate.lines[0].get_xdata()[:4], [0, 1, 1, 2])
    np.testing.assert_array_equal(rate.lines[0].get_ydata(), np.repeat(history["learning_rate"], 2))
    assert rate.get_yscale() == "linear"


def test_the_learning_rate_of_every_step_is_drawn_where_it_is_known(history: pd.DataFrame) -> None:
    steps = pd.DataFrame({"epoch": np.linspace(0, 20, 401), "learning_rate": np.linspace(0.1, 0, 401)})
    rate = draw_curves(history, rates=steps).axes[2]
    np.testing.assert_array_equal(rate.lines[0].get_xdata(), steps["epoch"])
    np.testing.assert_array_equal(rate.lines[0].get_ydata(), steps["learning_rate"])


def test_cuts_best_epoch_and_stop_are_marked_on_every_panel(history: pd.DataFrame) -> None:
    figure = draw_curves(history, milestones(history, stopped="early-stopping"))
    for axes in figure.axes:
        assert _verticals(axes) == {8.0, 15.0, 17.0, 20.0}
    assert {"best epoch (17)", "learning-rate cut", "stopped early (20)"} <= set(texts(figure))


def test_a_history_without_validation_says_so(history: pd.DataFrame) -> None:
    figure = draw_curves(history.drop(columns=["val_accuracy", "val_loss"]))
    assert "20 epochs, not validated" in texts(figure)
    assert "validation" not in texts(figure)


@pytest.mark.parametrize("epochs", [0, 1, 2])
def test_short_histories_are_drawn(history: pd.DataFrame, epochs: int) -> None:
    assert as_bytes(draw_curves(history[:epochs]), "png")
    assert as_bytes(compare_curves({"one": history[:epochs], "other": history}), "png")


def test_an_exploding_loss_does_not_flatten_the_other_epochs(history: pd.DataFrame) -> None:
    history = history.assign(
        val_loss=[*history["val_loss"][:10], 1e9, np.inf, np.nan, *history["val_loss"][13:]]
    )
    loss = draw_curves(history).axes[1]
    assert loss.get_ylim()[1] < 20


def test_compared_runs_share_their_axes_with_a_colour_each(history: pd.DataFrame) -> None:
    figure = compare_curves({"first": history, "second": history[:10]})
    accuracy = figure.axes[0]
    solid = [line for line in accuracy.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 1]
    assert [len(line.get_xdata()) for line in solid] == [20, 10]
    assert len({line.get_color() for line in solid}) == 2
    assert {"first", "second"} <= set(texts(figure))
