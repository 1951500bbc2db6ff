"""Whether recipes differ beyond their seeds: judged on made-up recipes whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from hundred.evaluation.compare.spread import Difference, difference
from tests.making.logits import Recipe

LABELS = np.arange(4000) % 100

# How seeds of one recipe differ: hardly beyond single images, as after a full training; by about half a point
# or by a point of accuracy; by whole classes, as after a short training with a high learning rate.
SEEDS = {
    "images alone": {},
    "half a point": {"seed_spread": 0.045},
    "a point": {"seed_spread": 0.08},
    "classes": {"seed_spread": 0.045, "class_spread": 0.8},
}


def judged(first: Recipe, second: Recipe, runs: tuple[int, int], times: int) -> list[Difference]:
    rng = np.random.default_rng(7)
    return [difference(first.runs(runs[0], rng), second.runs(runs[1], rng), LABELS) for _ in range(times)]


@pytest.mark.parametrize("seeds", SEEDS.values(), ids=SEEDS.keys())
@pytest.mark.parametrize(("runs", "times"), [((1, 1), 500), ((1, 4), 300), ((2, 2), 300), ((2, 8), 200)])
def test_seeds_of_one_recipe_pass_for_a_difference_in_at_most_5_percent(
    seeds: dict[str, float], runs: tuple[int, int], times: int
) -> None:
    recipe = Recipe(LABELS, **seeds)
    found = [one.p_value < 0.05 for one in judged(recipe, recipe, runs, times)]
    assert np.mean(found) <= 0.05


@pytest.mark.parametrize("seeds", SEEDS.values(), ids=SEEDS.keys())
@pytest.mark.parametrize("runs", [(1, 1), (3, 3)])
def test_a_difference_of_several_points_is_found(seeds: dict[str, float], runs: tuple[int, int]) -> None:
    # 6.5 points of accuracy
    poor, good = Recipe(LABELS, **seeds), Recipe(LABELS, gain=0.6, **seeds)
    found = [one.p_value < 0.05 and one.difference > 0 for one in judged(good, poor, runs, 100)]
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize("seeds", SEEDS.values(), ids=SEEDS.keys())
@pytest.mark.parametrize("runs", [(1, 1), (4, 4)])
def test_the_interval_holds_the_true_difference_19_times_in_20(
    seeds: dict[str, float], runs: tuple[int, int]
) -> None:
    poor, good = Recipe(LABELS, **seeds), Recipe(LABELS, gain=0.3, **seeds)
    rng = np.random.default_rng(3)
    truth = good.accuracy(rng) - poor.accuracy(rng)
    intervals = [one.interval() for one in judged(good, poor, runs, 300)]
    share = np.mean([low <= truth <= high for low, high in intervals])
    # A standard error of the share itself is 0.013.
    assert share >= 0.925


def test_equal_numbers_of_repeats_are_judged_by_scipys_welch_test() -> None:
    rng = np.random.default_rng(0)
    first, second = Recipe(LABELS, seed_spread=0.05).runs(4, rng), Recipe(LABELS, gain=0.1).runs(4, rng)
    found = difference(first, second, LABELS)
    theirs = stats.ttest_ind(first.mean(1), second.mean(1), equal_var=False)
    assert found.method == "welch"
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.interval(0.9) == pytest.approx(tuple(theirs.confidence_interval(0.9)), rel=1e-9)


def test_unequal_numbers_of_repeats_have_to_pass_students_test_too() -> None:
    rng = np.random.default_rng(0)
    recipe = Recipe(LABELS, seed_spread=0.05)
    for _ in range(20):
        first, second = recipe.runs(2, rng), recipe.runs(6, rng)
        found = difference(first, second, LABELS)
        both = [
            stats.ttest_ind(first.mean(1), second.mean(1), equal_var=equal).pvalue for equal in (True, False)
        ]
        assert found.p_value == pytest.approx(max(both), rel=1e-9)
        low, high = found.interval()
        assert (low <= 0 <= high) == (found.p_value >= 0.05)


def test_images_that_change_class_by_class_count_as_fewer_than_scattered_ones() -> None:
    # Both others lose 400 images and win 400: whole classes, or spread evenly over the classes.
    right = np.tile(np.arange(4000) < 2000, (1, 1))
    place = np.arange(4000) // 100  # 0..39 within each class; right where below 20
    whole = right.copy()
    whole[0, (LABELS < 20) & (place < 20)] = False
    whole[0, (LABELS >= 20) & (LABELS < 40) & (place >= 20)] = True
    scattered = right.copy()
    scattered[0, place < 4] = False
    scattered[0, place >= 36] = True
    assert (whole != right).sum() == (scattered != right).sum() == 800
    assert whole.sum() == scattered.sum() == right.sum()
    ends = [difference(right, other, LABELS).interval()[1] for other in (whole, scattered)]
    assert ends[0] > 1.5 * ends[1]


def shifted(accuracy: float, runs: int = 1) -> NDArray[np.bool_]:
    """Runs that all get the same first images right."""
    return np.tile(np.arange(4000) < 4000 * accuracy, (runs, 1))


@pytest.mark.parametrize("runs", [1, 2, 5])
def test_repeats_that_are_all_equal_do_not_make_a_small_difference_certain(runs: int) -> None:
    found = difference(shifted(0.5, runs), shifted(0.501, runs), LABELS)
    assert found.method == "assumed"
    assert found.p_value > 0.5


def test_the_same_run_twice_differs_by_nothing() -> None:
    found = difference(shifted(0.5), shifted(0.5), LABELS)
    assert found.difference == 0
    assert found.p_value == 1.0
    low, high = found.interval()
    assert low < 0 < high


def test_repeats_of_one_side_narrow_the_interval() -> None:
    rng = np.random.default_rng(0)
    recipe = Recipe(LABELS)
    one = recipe.runs(1, rng)

    def width(other: NDArray[np.bool_]) -> float:
        low, high = difference(one, other, LABELS).interval()
        return high - low

    assert width(recipe.runs(8, rng)) < width(recipe.runs(1, rng))


@pytest.mark.parametrize("runs", [(1, 1), (3, 3), (1, 4), (2, 5)])
def test_naming_the_sides_the_other_way_round_mirrors_the_answer(runs: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    recipe = Recipe(LABELS, seed_spread=0.05)
    first, second = recipe.runs(runs[0], rng), recipe.runs(runs[1], rng)
    here, there = difference(first, second, LABELS), difference(second, first, LABELS)
    assert here.difference == pytest.approx(-there.difference)
    assert here.p_value == pytest.approx(there.p_value)
    assert here.interval() == pytest.approx(tuple(-bound for bound in reversed(there.interval())))


@pytest.mark.parametrize("runs", [(1, 1), (3, 3)])
def test_the_order_of_images_does_not_matter(runs: tuple[int, int]) -> None:
    rng = np.random.default_rng(5)
    recipe = Recipe(LABELS)
    first, second = recipe.runs(runs[0], rng), recipe.runs(runs[1], rng)
    order = rng.permutation(len(LABELS))
    here = difference(first, second, LABELS)
    there = difference(first[:, order], second[:, order], LABELS[order])
    assert here.p_value == pytest.approx(there.p_value)
