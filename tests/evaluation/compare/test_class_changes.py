"""Which classes changed between two recipes: found where one did, silent where only seeds differ."""

import numpy as np
import pytest
from sklearn.metrics import recall_score

from hundred.evaluation.compare.class_changes import class_changes
from tests.making.logits import FINE, Recipe

LABELS = np.arange(10_000) % 100


@pytest.mark.parametrize("runs", [(1, 1), (1, 3), (2, 2), (4, 3)])
@pytest.mark.parametrize("class_spread", [0.0, 0.6])
def test_seeds_alone_change_no_class_in_19_of_20_comparisons(
    runs: tuple[int, int], class_spread: float
) -> None:
    rng = np.random.default_rng(0)
    recipe = Recipe(LABELS, seed_spread=0.04, class_spread=class_spread)
    alarms = [
        (
            class_changes(recipe.runs(runs[0], rng), recipe.runs(runs[1], rng), LABELS, FINE)["change"] != ""
        ).any()
        for _ in range(60)
    ]
    assert np.mean(alarms) <= 0.05


@pytest.mark.parametrize("runs", [1, 3])
def test_classes_that_changed_are_found_and_others_left_alone(runs: int) -> None:
    rng = np.random.default_rng(0)
    before, after = Recipe(LABELS, seed_spread=0.03), Recipe(LABELS, seed_spread=0.03)
    after.ease = after.ease + np.where(LABELS == 72, 3.0, 0.0) - np.where(LABELS == 55, 3.0, 0.0)
    found = class_changes(after.runs(runs, rng), before.runs(runs, rng), LABELS, FINE)
    assert found.loc[72, "change"] == "better"
    assert found.loc[55, "change"] == "worse"
    assert (found["change"] != "").sum() == 2
    assert found.index[0] == 72
    assert found.loc[72, "class"] == FINE[72]
    assert found.loc[72, "low"] > 0


def test_accuracies_are_the_recalls_of_each_class() -> None:
    rng = np.random.default_rng(0)
    right = Recipe(LABELS).runs(1, rng)
    found = class_changes(right, ~right, LABELS, FINE).sort_index()
    answers = np.where(right[0], LABELS, (LABELS + 1) % 100)
    np.testing.assert_allclose(found["first"], recall_score(LABELS, answers, average=None))
    np.testing.assert_allclose(found["difference"], found["first"] - found["second"])
    assert (found["corrected"] >= found["p_value"]).all()


@pytest.mark.parametrize("runs", [1, 2])
def test_identical_runs_changed_nothing(runs: int) -> None:
    right = np.tile(Recipe(LABELS).runs(1, np.random.default_rng(0)), (runs, 1))
    found = class_changes(right, right, LABELS, FINE)
    assert (found["p_value"] == 1).all()
    assert (found["change"] == "").all()


def test_classes_without_images_are_left_out() -> None:
    labels = np.repeat([3, 8], 50)
    right = np.random.default_rng(0).random((1, 100)) < 0.5
    assert sorted(class_changes(right, ~right, labels, FINE).index) == [3, 8]


@pytest.mark.parametrize("runs", [1, 3])
def test_what_all_classes_gained_together_is_a_gain_of_classes(runs: int) -> None:
    rng = np.random.default_rng(0)
    before, after = Recipe(LABELS, seed_spread=0.03), Recipe(LABELS, seed_spread=0.03)
    after.ease = after.ease + 2.0
    found = class_changes(after.runs(runs, rng), before.runs(runs, rng), LABELS, FINE)
    assert (found["change"] == "better").sum() > 70
    assert (found["change"] != "worse").all()
