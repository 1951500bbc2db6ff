"""Confusion matrix and pairs, against scikit-learn."""

import numpy as np
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from hundred.evaluation.confusion import confused_pairs, confusion_matrix, superclass_order
from tests.making.logits import FINE, FINE_TO_COARSE, random_logits


def test_the_matrix_equals_scikit_learns() -> None:
    logits, labels = random_logits(1500, 100)
    theirs = sklearn.metrics.confusion_matrix(labels, logits.argmax(1), labels=np.arange(100))
    np.testing.assert_array_equal(confusion_matrix(logits, labels), theirs)


def test_superclass_order_puts_classes_of_a_superclass_side_by_side() -> None:
    order = superclass_order(FINE_TO_COARSE)
    assert sorted(order) == list(range(100))
    assert np.all(np.diff(FINE_TO_COARSE[order]) >= 0)
    logits, labels = random_logits(800, 100)
    plain, ordered = confusion_matrix(logits, labels), confusion_matrix(logits, labels, order=order)
    assert ordered[3, 7] == plain[order[3], order[7]]
    np.testing.assert_array_equal(np.diag(ordered), np.diag(plain)[order])


def test_pairs_are_counted_from_true_to_predicted() -> None:
    # 0 is taken for 1 twice, 1 for 0 once, 2 for 0 once.
    logits = np.eye(3)[[1, 1, 0, 0, 0, 1]]
    labels = [0, 0, 0, 1, 2, 1]
    pairs = confused_pairs(logits, labels, ["a", "b", "c"])
    assert pairs.iloc[0].tolist() == ["a", "b", 2]
    assert len(pairs) == 3
    both = confused_pairs(logits, labels, ["a", "b", "c"], both_directions=True)
    assert both.iloc[0].tolist() == ["a", "b", 3, 2, 1]
    assert both.iloc[1].tolist() == ["c", "a", 1, 1, 0]
    assert len(both) == 2


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_all_pairs_together_are_all_mistakes(seed: int) -> None:
    logits, labels = random_logits(300, 100, seed)
    mistakes = (logits.argmax(1) != labels).sum()
    one_way = confused_pairs(logits, labels, FINE, None)
    both_ways = confused_pairs(logits, labels, FINE, None, both_directions=True)
    assert one_way["count"].sum() == both_ways["count"].sum() == mistakes
    assert one_way["count"].is_monotonic_decreasing
    assert (both_ways["first_as_second"] >= both_ways["second_as_first"]).all()


def test_a_perfect_network_confuses_nothing() -> None:
    labels = np.arange(100)
    assert confused_pairs(np.eye(100)[labels], labels, FINE).empty
    assert confused_pairs(np.eye(100)[labels], labels, FINE, both_directions=True).empty
