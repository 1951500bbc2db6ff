"""Tables by class, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_fscore_support

from hundred.errors import HundredError, UsageError
from hundred.evaluation.class_tables import class_table, superclass_table
from tests.making.logits import COARSE, FINE, FINE_TO_COARSE, random_logits


@pytest.mark.parametrize("signal", [0.0, 1.5, 4.0])
def test_class_figures_equal_those_of_scikit_learn(signal: float) -> None:
    logits, labels = random_logits(1500, 100, 1, signal)
    table = class_table(logits, labels, FINE, COARSE, FINE_TO_COARSE, sort_by="label")
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, logits.argmax(1), labels=np.arange(100), zero_division=0
    )
    np.testing.assert_allclose(table["precision"], precision, atol=1e-12)
    np.testing.assert_allclose(table["recall"], recall, atol=1e-12)
    np.testing.assert_allclose(table["f1"], f1, atol=1e-12)
    np.testing.assert_allclose(table["error"], 1 - recall, atol=1e-12)
    assert table["support"].tolist() == support.tolist()
    assert table["class"].tolist() == FINE
    assert table["superclass"].tolist() == [COARSE[superclass] for superclass in FINE_TO_COARSE]


def test_a_class_without_images_or_predictions_has_no_error_and_zeros() -> None:
    logits = np.array([[5.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    table = class_table(logits, [0, 1], ["a", "b", "c"], ["s", "t"], [0, 0, 1], sort_by="label")
    assert np.isnan(table.loc[2, "error"])
    assert table.loc[2, ["precision", "recall", "f1", "support"]].tolist() == [0, 0, 0, 0]
    assert table.loc[1, ["error", "precision", "recall", "f1"]].tolist() == [1, 0, 0, 0]
    assert table.loc[0, ["error", "precision", "recall"]].tolist() == [0, 0.5, 1]
    summary = superclass_table(table)
    assert summary.loc[0, ["mean_error", "min_error", "max_error"]].tolist() == [0.5, 0.0, 1.0]
    assert summary.loc[1, ["mean_error", "easiest"]].isna().all()


def test_without_superclasses_there_is_no_column_of_them() -> None:
    logits = np.array([[5.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    for none in ([], ["only"]):
        assert "superclass" not in class_table(logits, [0, 1], ["a", "b", "c"], none, [0, 0, 0])


def test_the_worst_class_comes_first_unless_asked_otherwise() -> None:
    logits, labels = random_logits(1500, 100, 2)
    worst_first = class_table(logits, labels, FINE, COARSE, FINE_TO_COARSE)
    assert worst_first["error"].is_monotonic_decreasing
    best_first = class_table(logits, labels, FINE, COARSE, FINE_TO_COARSE, ascending=True)
    assert best_first["error"].is_monotonic_increasing
    by_name = class_table(logits, labels, FINE, COARSE, FINE_TO_COARSE, sort_by="class")
    assert by_name["class"].is_monotonic_increasing
    assert (by_name["class"] == [FINE[label] for label in by_name.index]).all()


def test_an_unknown_column_to_sort_by_is_named_with_the_nearest() -> None:
    logits, labels = random_logits(200, 100)
    with pytest.raises(UsageError, match="no column 'eror' to sort by; did you mean 'error'"):
        class_table(logits, labels, FINE, COARSE, FINE_TO_COARSE, sort_by="eror")


def test_names_for_another_number_of_classes_are_refused() -> None:
    logits, labels = random_logits(200, 100)
    with pytest.raises(HundredError, match="2 names for 100 classes"):
        class_table(logits, labels, ["a", "b"], COARSE, FINE_TO_COARSE)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_superclass_errors_are_those_of_their_classes(seed: int) -> None:
    logits, labels = random_logits(400, 100, seed)
    classes = class_table(logits, labels, FINE, COARSE, FINE_TO_COARSE)
    summary = superclass_table(classes).set_index("superclass")
    assert len(summary) == 20
    for superclass, members in classes.groupby("superclass"):
        row = summary.loc[superclass]
        assert row["mean_error"] == pytest.approx(members["error"].mean())
        assert row["min_error"] == members["error"].min()
        assert row["max_error"] == members["error"].max()
        assert row["support"] == members["support"].sum()
        errors = members.set_index("class")["error"]
        assert errors[row["easiest"]] == row["min_error"]
        assert errors[row["hardest"]] == row["max_error"]
