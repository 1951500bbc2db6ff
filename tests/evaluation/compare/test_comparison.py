"""`compare_contenders` from logits to the sentence that people quote."""

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hundred.errors import HundredError, UsageError
from hundred.evaluation.compare.comparison import Comparison, compare_contenders
from hundred.evaluation.compare.contender import Contender
from hundred.evaluation.compare.significance import holm, mcnemar, paired_bootstrap
from hundred.evaluation.intervals import wilson_interval
from tests.making.logits import FINE, Recipe, logits_for

LABELS = np.arange(2000) % 100


def contender(name: str, right: NDArray[np.bool_], **more: Any) -> Contender:
    return Contender(name, [logits_for(run, LABELS) for run in right], LABELS, **more)


def poor_and_good(runs: int, gain: float = 0.9) -> tuple[Contender, Contender]:
    rng = np.random.default_rng(1)
    poor = Recipe(LABELS, seed_spread=0.04).runs(runs, rng)
    good = Recipe(LABELS, gain=gain, seed_spread=0.04).runs(runs, rng)
    return contender("poor", poor), contender("good", good)


@pytest.mark.parametrize("runs", [1, 3])
def test_the_better_recipe_is_named_with_its_lead(runs: int) -> None:
    poor, good = poor_and_good(runs)
    for found in (compare_contenders([poor, good]), compare_contenders([good, poor])):
        assert found.better == found.leader == "good"
        assert found.other == "poor"
        assert found.difference == pytest.approx(good.accuracy - poor.accuracy)
        assert 0 < found.interval[0] < found.difference < found.interval[1]
        assert found.p_value < 0.05
        assert found.seeds_to_settle is None
        assert found.verdict.startswith("good is better than poor by ")
        assert found.verdict.endswith("a real difference.")


@pytest.mark.parametrize(
    ("runs", "basis"),
    [(1, "one run each, assuming that seeds spread by"), (3, "3 runs each, Welch's t test")],
)
def test_what_other_seeds_could_change_is_undecided(runs: int, basis: str) -> None:
    rng = np.random.default_rng(4)
    recipe = Recipe(LABELS)
    found = compare_contenders(
        [contender("a", recipe.runs(runs, rng)), contender("b", recipe.runs(runs, rng))]
    )
    assert found.better is None
    assert found.p_value >= 0.05
    assert found.interval[0] <= 0 <= found.interval[1]
    assert found.verdict.startswith("Undecided: ")
    assert basis in found.verdict
    assert " real" not in found.verdict
    assert "runs of each would" in found.verdict


def test_runs_that_differ_by_seed_only_pass_for_different_in_at_most_5_percent() -> None:
    rng = np.random.default_rng(11)
    labels = np.arange(500) % 100
    verdicts = []
    for trial in range(120):
        recipe = Recipe(labels, seed_spread=0.06, class_spread=0.4 * (trial % 3))
        sides = [
            Contender(name, [logits_for(run, labels) for run in recipe.runs(1 + trial % 2, rng)], labels)
            for name in "ab"
        ]
        verdicts.append(compare_contenders(sides).verdict)
    assert sum("real difference" in verdict for verdict in verdicts) <= 0.05 * len(verdicts)


def test_the_seeds_named_for_a_small_difference_are_told() -> None:
    poor, good = poor_and_good(2, gain=0.08)
    found = compare_contenders([poor, good])
    assert found.better is None
    assert found.seeds_to_settle is not None
    assert found.seeds_to_settle > 2
    assert f"about {found.seeds_to_settle} runs of each would settle" in found.verdict


def test_equal_accuracies_are_said_to_be_equal() -> None:
    right = Recipe(LABELS).runs(1, np.random.default_rng(0))
    found = compare_contenders([contender("a", right), contender("b", right)])
    assert (found.better, found.difference, found.p_value) == (None, 0.0, 1.0)
    assert found.verdict.startswith("Undecided: a and b are equally accurate")


def test_single_runs_come_with_mcnemar_and_the_bootstrap() -> None:
    poor, good = poor_and_good(1)
    row = compare_contenders([poor, good]).pairs.iloc[0]
    test = mcnemar(good.right[0], poor.right[0])
    assert [row["only_first"], row["only_second"]] == [test.only_first, test.only_second]
    assert row["mcnemar_exact"] == test.p_exact
    assert row["mcnemar_mid"] == test.p_mid
    bootstrap = paired_bootstrap(good.right[0].astype(float) - poor.right[0])
    assert (row["bootstrap_low"], row["bootstrap_high"]) == bootstrap


def three(gains: tuple[float, float, float]) -> Comparison:
    rng = np.random.default_rng(2)
    sides = [
        contender(name, Recipe(LABELS, gain=gain, seed_spread=0.02).runs(3, rng))
        for name, gain in zip("abc", gains, strict=True)
    ]
    return compare_contenders(sides)


def test_one_that_beats_every_other_is_better() -> None:
    found = three((0.0, 1.8, 0.9))
    assert found.better == "b"
    assert found.other == "c"
    assert "the next of 2," in found.verdict
    assert "corrected for all pairs" in found.verdict
    assert found.table["name"].tolist() == ["b", "c", "a"]


def test_one_that_beats_only_some_is_undecided() -> None:
    found = three((0.0, 1.8, 1.79))
    assert found.better is None
    assert found.verdict.startswith("Undecided: ")


def test_pairs_are_corrected_and_their_intervals_agree_with_the_corrected_p() -> None:
    for gains in ((0.0, 0.1, 0.2), (0.0, 0.3, 0.6), (0.0, 0.05, 0.9)):
        pairs = three(gains).pairs
        assert len(pairs) == 3
        np.testing.assert_allclose(pairs["corrected"], holm(pairs["p_value"]))
        excluded = (pairs["low"] > 0) | (pairs["high"] < 0)
        assert (excluded == (pairs["corrected"] < 0.05)).all()


def test_the_table_shows_spread_and_cost() -> None:
    poor, good = poor_and_good(3)
    single = contender("single", poor.right[:1], parameters=1000)
    good = contender(
        "good", good.right, train_seconds=[60, 120, None], parameters=4_899_044, file_bytes=19_000_000
    )
    table = compare_contenders([poor, good, single]).table.set_index("name")
    assert table.loc["good", "runs"] == 3
    assert table.loc["good", "sd"] == pytest.approx(np.std(good.accuracies, ddof=1))
    assert table.loc["good", "train_seconds"] == 90
    assert table.loc["good", "accuracy_per_minute"] == pytest.approx(good.accuracy / 1.5)
    assert table["pareto"].to_dict() == {"good": True, "poor": False, "single": False}
    assert math.isnan(table.loc["single", "sd"])
    assert table.loc["single", "interval"] == "images"
    low, high = wilson_interval(int(single.right.sum()), len(LABELS))
    assert table.loc["single", ["low", "high"]].tolist() == [low, high]


def test_as_dict_is_json_with_the_five_keys() -> None:
    poor, good = poor_and_good(1)
    found = compare_contenders([poor, good], fine_names=FINE)
    read = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert read["better"] == "good"
    assert read["difference"] == found.difference
    assert read["interval"] == list(found.interval)
    assert read["p_value"] == found.p_value
    assert read["verdict"] == found.verdict
    assert read["contenders"][0]["train_seconds"] is None
    assert read["contenders"][0]["sd"] is None
    assert len(read["classes"]) == 100
    assert read["classes"][0]["class"].startswith("class ")


def test_other_protocols_and_data_are_warned_of() -> None:
    right = Recipe(LABELS).runs(1, np.random.default_rng(0))
    a = contender("a", right, protocol="holdout", data="1234567890abcdef")
    b = contender("b", right, protocol="test-as-validation", data="fedcba0987654321")
    flattered, protocol, data = compare_contenders([a, b]).warnings
    assert flattered.startswith("b chose the best epoch by the test set")
    assert "a by holdout, b by test-as-validation" in protocol
    assert "a on 1234567890ab, b on fedcba098765" in data
    assert compare_contenders([a, contender("b", right, protocol="holdout")]).warnings == ()


def test_the_same_seed_twice_is_warned_of() -> None:
    right = Recipe(LABELS).runs(2, np.random.default_rng(0))
    found = compare_contenders([contender("a", right[[0, 1, 0]]), contender("b", right)])
    (warning,) = found.warnings
    assert "1 of the 3 runs of a give the same answers as another of its runs" in warning


def test_calls_that_make_no_comparison_are_refused() -> None:
    right = Recipe(LABELS).runs(1, np.random.default_rng(0))
    a = contender("a", right)
    with pytest.raises(UsageError, match="at least two runs, not 1"):
        compare_contenders([a])
    with pytest.raises(UsageError, match="'a' is named twice"):
        compare_contenders([a, a])
    with pytest.raises(UsageError, match="b has no finished run"):
        compare_contenders([a, Contender("b", [], LABELS)])
    few = Contender("few", [logits_for(right[0], LABELS)[:100]], LABELS[:100])
    with pytest.raises(UsageError, match="a and few were not tested on the same images"):
        compare_contenders([a, few])


def test_diverged_logits_are_named() -> None:
    logits = logits_for(Recipe(LABELS).runs(1, np.random.default_rng(0))[0], LABELS)
    with pytest.raises(HundredError, match="not finite"):
        compare_contenders([Contender("a", [logits], LABELS), Contender("b", [logits * np.nan], LABELS)])
