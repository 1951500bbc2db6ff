"""Tests and intervals, against SciPy and published values."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hundred.evaluation.compare.significance import (
    benjamini_hochberg,
    holm,
    mcnemar,
    paired_bootstrap,
    seeds_to_settle,
    t_test_power,
)


def pair(both: int, only_first: int, only_second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.repeat([True, True, False, False], [both, only_first, only_second, neither])
    second = np.repeat([True, False, True, False], [both, only_first, only_second, neither])
    return first, second


def test_mcnemar_of_a_worked_example() -> None:
    # Fagerland, Lydersen and Laake (2013), airway hyper-responsiveness: 1 against 7 discordant pairs, exact
    # p 0.070, mid-p 0.039.
    found = mcnemar(*pair(1, 1, 7, 12))
    assert (found.only_first, found.only_second) == (1, 7)
    assert found.p_exact == pytest.approx(0.0703, abs=5e-5)
    assert found.p_mid == pytest.approx(0.0391, abs=5e-5)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mid_p_is_the_mean_of_the_test_with_and_without_the_observed_count(b: int, c: int) -> None:
    found = mcnemar(*pair(3, b, c, 2))
    mirrored = mcnemar(*pair(3, c, b, 2))
    assert found.p_mid == pytest.approx(mirrored.p_mid)
    assert 0 <= found.p_mid <= found.p_exact <= 1
    if b + c:
        counts = np.arange(b + c + 1)
        chances = stats.binom.pmf(counts, b + c, 0.5)
        extreme = np.abs(counts - (b + c) / 2)
        observed = abs(b - (b + c) / 2)
        expected = chances[extreme > observed].sum() + chances[extreme == observed].sum() / 2
        assert found.p_mid == pytest.approx(expected, abs=1e-9)


def test_networks_that_agree_everywhere_do_not_differ() -> None:
    assert mcnemar(*pair(5, 0, 0, 5)).p_exact == 1.0


def test_the_bootstrap_agrees_with_scipys() -> None:
    first, second = pair(500, 90, 60, 350)
    differences = first.astype(float) - second
    low, high = paired_bootstrap(differences)
    theirs = stats.bootstrap(
        (differences,), np.mean, method="percentile", n_resamples=4000, rng=np.random.default_rng(1)
    ).confidence_interval
    assert low == pytest.approx(theirs.low, abs=0.002)
    assert high == pytest.approx(theirs.high, abs=0.002)
    assert low < differences.mean() < high


def test_the_bootstrap_takes_differences_of_mean_accuracy() -> None:
    rng = np.random.default_rng(0)
    differences = rng.integers(-3, 4, 3000) / 3
    low, high = paired_bootstrap(differences, 0.9)
    reach = stats.norm.ppf(0.95) * differences.std() / math.sqrt(3000)
    assert high - low == pytest.approx(2 * reach, rel=0.05)
    assert paired_bootstrap(differences, 0.9) == (low, high)


def test_holm_of_a_known_example() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02]), [0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_plain_p_and_bonferronis(values: list[float]) -> None:
    p = np.array(values)
    corrected = holm(values)
    assert (corrected >= p).all()
    assert (corrected <= np.minimum(p * len(p), 1) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(p, kind="stable")]) >= 0).all()


@pytest.mark.parametrize(("effect", "runs"), [(0.2, 394), (0.5, 64), (0.8, 26)])
def test_runs_needed_equal_cohens_table(effect: float, runs: int) -> None:
    # J. Cohen, "A power primer" (1992), table 2: two means, power 0.8, level 0.05; his 393 is 393.4.
    assert seeds_to_settle(effect * 0.01, 0.01) == runs


def test_power_agrees_with_simulation() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (4, 20_000)), rng.normal(1.5, 1, (4, 20_000))
    found = np.mean(stats.ttest_ind(first, second).pvalue < 0.05)
    assert t_test_power(1.5, 1.0, 4) == pytest.approx(found, abs=0.015)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0005, 0.2), st.floats(0.0005, 0.02))
def test_the_runs_named_are_just_enough(difference: float, sd: float) -> None:
    runs = seeds_to_settle(difference, sd)
    if runs is None:
        assert t_test_power(difference, sd, 1000) < 0.8
    else:
        assert t_test_power(difference, sd, runs) >= 0.8
        assert runs == 2 or t_test_power(difference, sd, runs - 1) < 0.8


def test_no_number_of_runs_settles_no_difference() -> None:
    assert seeds_to_settle(0.0, 0.01) is None
    assert seeds_to_settle(0.00001, 0.01) is None
    assert seeds_to_settle(0.01, 0.0) == 2
    assert seeds_to_settle(0.5, 0.0001) == 2


@pytest.mark.parametrize("difference", [0.0005, 0.004, 0.02, 0.2])
@pytest.mark.parametrize("runs", [2, 3, 7, 40, 1000])
def test_power_is_that_of_scipys_noncentral_t(difference: float, runs: int) -> None:
    degrees, shift = 2 * (runs - 1), difference / (0.01 * math.sqrt(2 / runs))
    critical = stats.t.ppf(0.975, degrees)
    expected = stats.nct.sf(critical, degrees, shift)
    if shift < 3:
        expected += stats.nct.cdf(-critical, degrees, shift)
    assert t_test_power(difference, 0.01, runs) == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_false_discoveries_are_corrected_as_scipy_does(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))


@given(st.integers(0, 400), st.integers(1, 400))
def test_mcnemar_is_scipys_exact_binomial_test(b: int, c: int) -> None:
    expected = stats.binomtest(b, b + c, 0.5).pvalue
    assert mcnemar(*pair(3, b, c, 2)).p_exact == pytest.approx(expected, rel=1e-6, abs=1e-12)
