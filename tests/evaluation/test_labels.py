"""Suspected label errors: found where labels were spoiled on purpose."""

import numpy as np

from hundred.evaluation.labels import suspected_label_errors
from tests.making.logits import FINE, random_logits


def test_an_example_judged_by_cleanlab() -> None:
    # cleanlab 2.9, find_label_issues(filter_by="confident_learning"), names images 3, 10 and 21.
    rng = np.random.default_rng(1)
    labels = np.arange(40) % 4
    logits = np.round(rng.normal(size=(40, 4)), 1)
    logits[np.arange(40), labels] += 2.5
    labels[[3, 10, 21]] = [1, 0, 2]
    found = suspected_label_errors(logits, labels)
    assert sorted(found["index"]) == [3, 10, 21]
    assert found.set_index("index").loc[[3, 10, 21], "suggested"].tolist() == [3, 2, 1]


def test_spoiled_labels_come_first_with_the_true_class_suggested() -> None:
    logits, truth = random_logits(4000, 100, 0, signal=5.0)
    rng = np.random.default_rng(1)
    spoiled = rng.choice(np.arange(100, 4000), 60, replace=False)
    labels = truth.copy()
    labels[spoiled] = (truth[spoiled] + rng.integers(1, 100, 60)) % 100
    found = suspected_label_errors(logits, labels, n=60, fine_names=FINE)
    hits = found["index"].isin(spoiled)
    assert hits.mean() > 0.9
    assert (found.loc[hits, "suggested"] == truth[found.loc[hits, "index"]]).mean() > 0.95
    assert found["margin"].is_monotonic_increasing
    assert (found["given_name"] == [FINE[label] for label in labels[found["index"]]]).all()


def test_right_predictions_are_never_suspected() -> None:
    logits, labels = random_logits(2000, 100, 2)
    found = suspected_label_errors(logits, labels)
    assert len(found) > 0
    assert (logits.argmax(1)[found["index"]] != labels[found["index"]]).all()
    assert (found["suggested"] != found["given"]).all()
    assert suspected_label_errors(20 * np.eye(100)[labels], labels).empty


def test_a_class_without_images_is_never_suggested() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 5))
    labels = rng.integers(0, 4, 500)
    assert not (suspected_label_errors(logits, labels)["suggested"] == 4).any()


def test_the_order_of_images_does_not_matter() -> None:
    logits, labels = random_logits(1000, 100, 3)
    order = np.random.default_rng(0).permutation(1000)
    here = suspected_label_errors(logits, labels)
    there = suspected_label_errors(logits[order], labels[order])
    assert sorted(order[there["index"]]) == sorted(here["index"])
