"""The figures of a test, against scikit-learn and by known answers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    top_k_accuracy_score,
)

from hundred.errors import HundredError
from hundred.evaluation.arrays import as_logits, probabilities
from hundred.evaluation.metrics import evaluate, reliability_table
from tests.making.logits import FINE_TO_COARSE, random_logits

FIGURES = (
    "accuracy",
    "top5_accuracy",
    "loss",
    "coarse_accuracy",
    "coarse_accuracy_summed",
    "calibration_error",
)


@pytest.mark.parametrize("seed", range(3))
def test_figures_equal_those_of_scikit_learn(seed: int) -> None:
    logits, labels = random_logits(2000, 100, seed)
    metrics = evaluate(logits, labels, FINE_TO_COARSE)
    p = torch.softmax(torch.tensor(logits, dtype=torch.float64), dim=1).numpy()
    assert metrics.accuracy == accuracy_score(labels, logits.argmax(1))
    assert metrics.top5_accuracy == pytest.approx(top_k_accuracy_score(labels, logits, k=5), abs=1e-12)
    assert metrics.loss == pytest.approx(log_loss(labels, p), rel=1e-9)


def test_figures_of_unequal_classes_equal_those_of_scikit_learn() -> None:
    logits, labels = random_logits(500, 10, 5)
    labels = np.where(labels < 3, 0, labels)  # classes 1 and 2 have no images
    metrics = evaluate(logits, labels, np.zeros(10, dtype=int))
    predicted = logits.argmax(1)
    present = np.unique(labels)
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        assert metrics.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, predicted))
    expected = f1_score(labels, predicted, labels=present, average="macro")
    assert metrics.macro_f1 == pytest.approx(expected)
    assert metrics.as_dict("test_")["test_macro_f1"] == metrics.macro_f1


def test_equal_classes_have_no_averages_of_their_own() -> None:
    logits, _ = random_logits(200, 10, 5)
    metrics = evaluate(logits, np.arange(200) % 10, np.zeros(10, dtype=int), train_counts=[50] * 10)
    assert metrics.balanced_accuracy is None
    assert metrics.macro_f1 is None
    assert metrics.shot_accuracies == {}
    assert not {"balanced_accuracy", "macro_f1"} & set(metrics.as_dict())


def test_classes_with_many_medium_and_few_training_images_have_their_own_accuracies() -> None:
    # Of three images each, the classes with 101, 100, 20 and 19 training images get 3, 2, 1 and 0 right.
    labels = np.repeat(np.arange(4), 3)
    logits = np.zeros((12, 4))
    predicted = np.array([0, 0, 0, 1, 1, 0, 2, 0, 0, 0, 0, 0])
    logits[np.arange(12), predicted] = 1.0
    metrics = evaluate(logits, labels, [0, 0, 1, 1], train_counts=[101, 100, 20, 19])
    assert metrics.shot_accuracies == {"many": 1.0, "medium": 0.5, "few": 0.0}
    assert metrics.as_dict()["few_shot_accuracy"] == 0.0
    assert (
        "few" not in evaluate(logits, labels, [0, 0, 1, 1], train_counts=[101, 100, 20, 25]).shot_accuracies
    )


def test_without_superclasses_there_is_no_superclass_accuracy_and_of_five_classes_no_top_5() -> None:
    logits, labels = random_logits(100, 5, 1)
    metrics = evaluate(logits, labels, [0] * 5)
    assert metrics.coarse_accuracy is None
    assert metrics.coarse_accuracy_summed is None
    assert metrics.top5_accuracy is None
    assert evaluate(*random_logits(100, 6, 1), [0] * 6).top5_accuracy is not None


def test_coarse_accuracies_count_superclasses() -> None:
    # Classes 0 and 1 are superclass 0, class 2 is superclass 1. In the first row class 2 is the likeliest,
    # but 0 and 1 together are likelier.
    logits = np.log([[0.3, 0.3, 0.4], [0.5, 0.1, 0.4]])
    metrics = evaluate(logits, [0, 1], [0, 0, 1])
    assert metrics.accuracy == 0.0
    assert metrics.coarse_accuracy == 0.5
    assert metrics.coarse_accuracy_summed == 1.0


def test_calibration_error_equals_a_plain_loop_over_bins() -> None:
    logits, labels = random_logits(3000, 100, 3, signal=4.0)
    metrics = evaluate(logits, labels, FINE_TO_COARSE)
    p = probabilities(as_logits(logits))
    confidence, right = p.max(1), p.argmax(1) == labels
    total = 0.0
    for low in range(15):
        inside = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
            row = metrics.reliability.iloc[low]
            assert row["count"] == inside.sum()
            assert row["gap"] == pytest.approx(right[inside].mean() - confidence[inside].mean())
    assert metrics.calibration_error == pytest.approx(total)
    assert metrics.reliability["count"].sum() == 3000


def test_a_confidence_on_the_edge_of_a_bin_belongs_below_it() -> None:
    table = reliability_table(np.array([0.5, 0.5, 0.6, 1.0]), np.array([True, False, True, True]), bins=2)
    assert table["count"].tolist() == [2, 2]
    assert table["gap"].tolist() == pytest.approx([0.0, 0.2])


def test_a_network_sure_of_everything_and_right_half_of_the_time_is_off_by_half() -> None:
    logits = np.array([[100.0, 0.0], [100.0, 0.0]])
    metrics = evaluate(logits, [0, 1], [0, 1])
    assert metrics.calibration_error == pytest.approx(0.5)
    assert metrics.loss == pytest.approx(50.0)


def test_perfect_predictions_score_perfectly() -> None:
    labels = np.arange(100).repeat(3)
    logits = 80.0 * np.eye(100)[labels]
    metrics = evaluate(logits, labels, FINE_TO_COARSE)
    assert [getattr(metrics, name) for name in FIGURES] == pytest.approx([1, 1, 0, 1, 1, 0], abs=1e-9)


def test_a_network_that_always_answers_the_same_is_at_chance() -> None:
    labels = np.arange(100).repeat(2)
    metrics = evaluate(np.zeros((200, 100)), labels, FINE_TO_COARSE)
    assert metrics.accuracy == pytest.approx(0.01)
    assert metrics.top5_accuracy == pytest.approx(0.05)
    assert metrics.coarse_accuracy == pytest.approx(0.05)
    assert metrics.loss == pytest.approx(np.log(100))
    assert metrics.calibration_error == pytest.approx(0.0)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), images=st.integers(100, 140))
def test_the_order_of_images_does_not_matter(seed: int, images: int) -> None:
    logits, labels = random_logits(images, 100, seed)
    order = np.random.default_rng(seed).permutation(images)
    here = evaluate(logits, labels, FINE_TO_COARSE)
    there = evaluate(logits[order], labels[order], FINE_TO_COARSE)
    for name in FIGURES:
        assert getattr(here, name) == pytest.approx(getattr(there, name), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-50, 50))
def test_a_constant_added_to_all_logits_changes_nothing(seed: int, shift: float) -> None:
    logits, labels = random_logits(120, 100, seed)
    here = evaluate(logits.astype(np.float64), labels, FINE_TO_COARSE)
    there = evaluate(logits.astype(np.float64) + shift, labels, FINE_TO_COARSE)
    for name in FIGURES:
        assert getattr(here, name) == pytest.approx(getattr(there, name), abs=1e-9)


def test_tensors_of_any_float_type_are_taken() -> None:
    logits, labels = random_logits(200, 100)
    tensor = torch.tensor(logits).bfloat16().requires_grad_()
    here = evaluate(tensor, torch.tensor(labels), torch.tensor(FINE_TO_COARSE))
    there = evaluate(tensor.detach().float().numpy(), labels, FINE_TO_COARSE)
    assert here == there


def test_huge_logits_overflow_nothing() -> None:
    metrics = evaluate(np.array([[1e30, 0.0], [0.0, -1e30]]), [0, 0], [0, 1])
    assert metrics.accuracy == 1.0
    assert metrics.loss == 0.0


def test_the_interval_of_the_accuracy_is_wilsons() -> None:
    logits, labels = random_logits(500, 100)
    metrics = evaluate(logits, labels, FINE_TO_COARSE)
    low, high = metrics.accuracy_interval
    assert 0 < low < metrics.accuracy < high < 1


def test_as_dict_names_the_figures_with_a_prefix() -> None:
    logits, _ = random_logits(200, 100)
    found = evaluate(logits, np.arange(200) % 100, FINE_TO_COARSE).as_dict("test_")
    assert set(found) == {"test_" + name for name in FIGURES}
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_are_named(bad: float) -> None:
    logits, labels = random_logits(300, 100)
    logits[17, 3] = bad
    with pytest.raises(HundredError, match=r"1 of 300 images are not finite numbers \(first: image 17\)"):
        evaluate(logits, labels, FINE_TO_COARSE)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], "3 rows of logits but labels of shape"),
        ([0, 1, 4], "label 4 of image 2 names no class"),
        ([0, -1, 0], "label -1 of image 1 names no class"),
        ([0.0, 1.0, 2.0], "not class numbers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: list[float], message: str) -> None:
    with pytest.raises(HundredError, match=message):
        evaluate(np.zeros((3, 4)), labels, [0, 0, 1, 1])


@pytest.mark.parametrize("shape", [(0, 100), (5,), (5, 1), (2, 3, 4)])
def test_logits_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(HundredError, match="cannot be evaluated"):
        evaluate(np.zeros(shape), np.zeros(shape[0], dtype=int), FINE_TO_COARSE)


def test_superclasses_for_another_number_of_classes_are_refused() -> None:
    with pytest.raises(HundredError, match="fine_to_coarse has shape"):
        evaluate(np.zeros((3, 4)), [0, 1, 2], FINE_TO_COARSE)
