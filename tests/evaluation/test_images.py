"""Single images: the hardest, the easiest, the surest mistakes."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from hundred.evaluation.images import confident_mistakes, easiest_images, hardest_images, image_table
from tests.making.logits import FINE, random_logits


def test_losses_average_to_scikit_learns_and_names_belong_to_numbers() -> None:
    logits, labels = random_logits(600, 100)
    table = image_table(logits, labels, FINE)
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(1, keepdims=True)
    assert table["loss"].mean() == pytest.approx(log_loss(labels, p))
    np.testing.assert_allclose(table["probability"], p.max(1))
    np.testing.assert_allclose(table["true_probability"], p[np.arange(600), labels])
    assert (table["predicted_name"] == [FINE[label] for label in logits.argmax(1)]).all()
    assert (table["true_name"] == [FINE[label] for label in labels]).all()


def test_hardest_and_easiest_are_the_ends_of_the_losses() -> None:
    logits, labels = random_logits(600, 100)
    losses = image_table(logits, labels)["loss"].to_numpy()
    hardest, easiest = hardest_images(logits, labels, 7), easiest_images(logits, labels, 7)
    np.testing.assert_array_equal(hardest["loss"], np.sort(losses)[::-1][:7])
    np.testing.assert_array_equal(easiest["loss"], np.sort(losses)[:7])
    np.testing.assert_array_equal(losses[hardest["index"]], hardest["loss"])


def test_confident_mistakes_are_wrong_and_surest_first() -> None:
    logits, labels = random_logits(600, 100)
    found = confident_mistakes(logits, labels, 1000)
    assert len(found) == (logits.argmax(1) != labels).sum()
    assert found["probability"].is_monotonic_decreasing
    assert (found["true"] != found["predicted"]).all()


def test_one_class_can_be_asked_for() -> None:
    logits, labels = random_logits(600, 100)
    found = hardest_images(logits, labels, 1000, label=5)
    assert len(found) == (labels == 5).sum()
    assert (found["true"] == 5).all()
