"""Intervals, against SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hundred.errors import HundredError
from hundred.evaluation.intervals import summarize, wilson_interval


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_over_repeats_is_scipys_t_interval(values: list[float], confidence: float) -> None:
    summary = summarize(values, confidence, bounds=(-math.inf, math.inf))
    assert summary.n == len(values)
    assert summary.mean == pytest.approx(np.mean(values))
    assert summary.sd == pytest.approx(np.std(values, ddof=1))
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    if error > 1e-9:
        low, high = stats.t.interval(confidence, len(values) - 1, loc=np.mean(values), scale=error)
        assert summary.low == pytest.approx(low, abs=1e-9)
        assert summary.high == pytest.approx(high, abs=1e-9)


def test_one_run_has_no_interval() -> None:
    assert summarize([0.57]).as_dict() == {"mean": 0.57, "sd": None, "low": None, "high": None, "n": 1}


@pytest.mark.parametrize("values", [[], [0.5, float("nan")], [float("inf")]])
def test_nothing_and_what_is_not_finite_cannot_be_summarized(values: list[float]) -> None:
    with pytest.raises(HundredError, match="summarize"):
        summarize(values)


@given(st.integers(1, 20_000), st.floats(0, 1))
def test_wilsons_interval_is_scipys(images: int, share: float) -> None:
    correct = round(share * images)
    theirs = stats.binomtest(correct, images).proportion_ci(method="wilson")
    low, high = wilson_interval(correct, images)
    assert low == pytest.approx(theirs.low, abs=1e-12)
    assert high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= low <= correct / images <= high <= 1


@pytest.mark.parametrize(("correct", "images"), [(0, 0), (3, 2), (-1, 5)])
def test_an_impossible_count_is_refused(correct: int, images: int) -> None:
    with pytest.raises(HundredError, match="is not an accuracy"):
        wilson_interval(correct, images)


def test_an_interval_stays_within_what_the_figure_can_be() -> None:
    near_zero = summarize([0.0, 0.02], bounds=(0.0, 1.0))
    assert (near_zero.low, near_zero.mean) == (0.0, 0.01)
    assert summarize([0.9, 1.0], bounds=(0.0, 1.0)).high == 1.0
    assert summarize([1.0, 9.0]).low == 0.0
