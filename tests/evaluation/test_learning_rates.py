"""Reading range tests: made-up curves with a known shape, and nothing where nothing fell."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hundred.evaluation.learning_rates import read_range_test

RATES = np.geomspace(1e-6, 1.0, 150)


def curve(
    centre: float = 1e-3, bottom: float = 1e-2, noise: float = 0.03, seed: int = 0
) -> NDArray[np.float64]:
    """A loss that falls from 4.6 by 1 around `centre`, and rises steeply from `bottom` on."""
    x = np.log10(RATES)
    fall = 1 / (1 + np.exp(-4 * (x - np.log10(centre))))
    rise = np.where(x > np.log10(bottom), 3 * (x - np.log10(bottom)) ** 2, 0.0)
    return 4.6 - fall + rise + np.random.default_rng(seed).normal(0, noise, len(x))


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_the_suggestion_lies_between_the_centre_of_the_fall_and_the_lowest_loss(scale: float) -> None:
    reading = read_range_test(RATES, curve(1e-3 * scale, 1e-2 * scale))
    assert reading.suggestion is not None
    assert reading.begins is not None
    assert reading.steepest is not None
    assert reading.lowest is not None
    assert reading.begins < reading.suggestion < reading.lowest
    # The fall is symmetric around its centre on a logarithmic scale.
    assert reading.suggestion == pytest.approx(np.sqrt(1e-3 * scale * reading.lowest), rel=0.3)
    assert reading.steepest == pytest.approx(1e-3 * scale, rel=0.7)
    assert 5e-3 * scale < reading.lowest < 3e-2 * scale
    assert not reading.open_end


@given(st.integers(0, 1000))
def test_noise_without_a_fall_gives_no_suggestion(seed: int) -> None:
    losses = 4.6 + np.random.default_rng(seed).normal(0, 0.05, 150)
    assert read_range_test(RATES, losses).suggestion is None


def test_a_loss_that_only_rises_gives_no_suggestion() -> None:
    assert read_range_test(RATES, np.linspace(4.6, 9.0, 150)).suggestion is None


def test_losses_that_are_not_finite_at_the_end_change_nothing_before() -> None:
    losses = curve()
    losses[130:] = np.inf
    reading = read_range_test(RATES, losses)
    assert np.isinf(reading.smoothed[130:]).all()
    assert np.isfinite(reading.smoothed[:130]).all()
    assert reading.suggestion == read_range_test(RATES[:130], losses[:130], 150).suggestion


def test_a_loss_still_low_at_the_largest_rate_is_told() -> None:
    assert read_range_test(RATES, curve(centre=1e-3, bottom=10.0)).open_end


def test_one_step_of_infinite_loss_breaks_nothing() -> None:
    assert read_range_test(RATES[:1], np.array([np.inf])).suggestion is None


KEPT = Path(__file__).parent / "learning_rates"
NEAR = 0.8  # of the way from the loss of guessing to the best final loss


def kept(name: str) -> dict[str, pd.DataFrame]:
    """What `python -m benchmarks.learning_rates` measured, by system."""
    return dict(iter(pd.read_csv(KEPT / f"{name}.csv").groupby("system")))


@pytest.mark.parametrize("system", kept("sweep"))
def test_on_real_images_the_suggestion_trains_nearly_as_far_as_the_best_rate(system: str) -> None:
    curve, sweep = kept("curves")[system], kept("sweep")[system].sort_values("learning_rate")
    suggestion = read_range_test(*curve[["learning_rate", "loss"]].to_numpy().T, 150).suggestion
    assert suggestion is not None
    gain = (np.log(100) - sweep["loss"]) / (np.log(100) - sweep["loss"].min())
    # What a rate that was not tried would have gained is read off between its neighbours.
    assert np.interp(np.log(suggestion), np.log(sweep["learning_rate"]), gain) >= NEAR
    # Such rates are few among those that were tried: this is no test that anything passes.
    assert (gain >= NEAR).mean() <= 0.5
