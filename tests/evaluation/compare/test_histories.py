"""Two histories: which is better by validation, how sure, and what differs."""

import pandas as pd
import pytest

import hundred
from hundred.errors import UsageError
from hundred.evaluation.compare.histories import compare_histories
from tests.making.histories import curves


def test_the_better_by_validation_is_named_with_what_differs_and_what_is_missing() -> None:
    good, bad = curves(24, val_floor=1.5), curves(30, val_floor=2.2, seed=1)
    found = hundred.compare_histories(bad, good)
    assert [side.name for side in found.sides] == ["history 2", "history 1"]
    assert found.confidence > 0.95
    answer = found.as_dict()
    assert answer["better"] == "history 2"
    assert answer["figure"] == "val_accuracy"
    assert "epochs: 24, 30" in answer["differs"]
    assert "test figures" in answer["missing"]
    assert "Test figures are missing" in found.verdict


def test_two_runs_of_the_same_are_not_told_apart() -> None:
    found = compare_histories(curves(24, seed=3), curves(24, seed=4))
    assert found.as_dict()["better"] is None
    assert found.verdict.startswith("Neither is better for sure")


def test_without_accuracies_the_lower_validation_loss_is_better(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("histories")
    for name, floor in (("a", 1.6), ("b", 2.4)):
        frame = pd.DataFrame(curves(24, val_floor=floor))[["epoch", "loss", "val_loss"]]
        frame.to_csv(folder / f"{name}.csv", index=False)
    found = compare_histories(folder / "b.csv", folder / "a.csv")
    assert found.figure == "val_loss"
    assert found.sides[0].name == "a.csv"


def test_few_validation_samples_make_a_difference_less_sure() -> None:
    def rounded(images: int, floor: float) -> dict[str, list[float]]:
        columns = curves(24, val_floor=floor, noise=0.0)
        return {**columns, "val_accuracy": [round(x * images) / images for x in columns["val_accuracy"]]}

    few = compare_histories(rounded(123, 1.9), rounded(123, 2.0)).confidence
    assert few < compare_histories(rounded(100_003, 1.9), rounded(100_003, 2.0)).confidence


def test_what_cannot_be_compared_is_refused_in_a_line() -> None:
    with pytest.raises(UsageError, match="two histories"):
        compare_histories(curves(10))
    with pytest.raises(UsageError, match="no validation figure in common"):
        compare_histories({"loss": [2.0, 1.0]}, {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5]})
