"""The experiment that separates what the revisited recipe changed together."""

import pytest
from scipy import stats

from benchmarks.separation import ARMS, TODAY, welch
from hundred.recipe.load import leaves, load_recipe


def test_all_changes_together_are_the_revisited_recipe() -> None:
    apart = leaves(load_recipe("school", ARMS["all"]).recipe)
    revisited = leaves(load_recipe("school-revisited").recipe)
    assert {key for key in apart if apart[key] != revisited[key]} == {"name", "summary", "based_on"}
    for recipe, overrides in TODAY.values():
        load_recipe(recipe, overrides)  # raises for a key or value that it does not take


def test_intervals_of_differences_are_those_of_scipy() -> None:
    first, second = [0.50, 0.52, 0.53], [0.40, 0.45, 0.41, 0.44]
    difference, reach = welch(first, second)
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    assert (difference - reach, difference + reach) == pytest.approx((expected.low, expected.high))
