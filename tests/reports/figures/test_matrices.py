"""Confusion matrix, reliability diagram and Pareto picture show the numbers they were given."""

import numpy as np
import pandas as pd
import pytest

from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.reports.figures.calibration import draw_reliability
from hundred.reports.figures.confusion import draw_confusion
from hundred.reports.figures.pareto import draw_pareto

from .looking import texts


def test_the_confusion_matrix_is_in_superclass_order_as_shares_of_the_row(matrix: np.ndarray) -> None:
    wrong, right = (
        image.get_array()
        for image in draw_confusion(matrix, FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE).axes[0].images
    )
    order = np.argsort(FINE_TO_COARSE, kind="stable")
    expected = (matrix / matrix.sum(axis=1, keepdims=True))[np.ix_(order, order)]
    np.testing.assert_allclose(np.ma.filled(wrong, 0) + np.ma.filled(right, 0), expected)
    np.testing.assert_allclose(right.diagonal(), expected.diagonal())


def test_the_commonest_confusion_is_named_with_its_count(matrix: np.ndarray) -> None:
    shown = texts(draw_confusion(matrix, FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE))
    place = shown.index("bear → seal")
    assert int(shown[place - 1]) == matrix[FINE_NAMES.index("bear"), FINE_NAMES.index("seal")]


def test_a_perfect_network_has_no_confusions() -> None:
    shown = texts(draw_confusion(100 * np.eye(100, dtype=int), FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE))
    assert not [text for text in shown if "→" in text]


def test_superclasses_are_outlined_on_the_diagonal(matrix: np.ndarray) -> None:
    axes = draw_confusion(matrix, FINE_NAMES, COARSE_NAMES, FINE_TO_COARSE).axes[0]
    boxes = [(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in axes.patches]
    assert boxes == [(5 * n - 0.5, 5 * n - 0.5, 5, 5) for n in range(20)]


def test_reliability_bars_are_the_accuracies_and_counts(reliability: pd.DataFrame) -> None:
    upper, lower = draw_reliability(reliability, 0.04).axes
    filled = reliability[reliability["count"] > 0]
    np.testing.assert_allclose([bar.get_height() for bar in upper.patches[: len(filled)]], filled["accuracy"])
    np.testing.assert_allclose([bar.get_height() for bar in lower.patches], reliability["count"])


def test_the_calibration_error_is_printed(reliability: pd.DataFrame) -> None:
    assert "900 images · expected calibration error 4.0%" in texts(draw_reliability(reliability, 0.04))


def _runs(seconds: list[float | None]) -> pd.DataFrame:
    names = [f"run {number}" for number in range(len(seconds))]
    front = [value is not None for value in seconds]
    return pd.DataFrame(
        {"name": names, "accuracy": 0.5, "train_seconds": pd.array(seconds, dtype="Float64"), "pareto": front}
    )


def test_runs_of_unknown_time_are_left_out_and_counted() -> None:
    shown = texts(draw_pareto(_runs([10.0, None])))
    assert "run 0" in shown
    assert "run 1" not in shown
    assert any("1 without a measured time left out" in text for text in shown)


@pytest.mark.parametrize("seconds", [[], [0.0, 5.0], [3.0], [1.0, 1e6]])
def test_few_and_extreme_times_are_drawn(seconds: list[float | None]) -> None:
    assert {f"run {number}" for number in range(len(seconds))} <= set(texts(draw_pareto(_runs(seconds))))
