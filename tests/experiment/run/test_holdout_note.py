"""Fewer validation images than asked for are said, not taken in silence."""

from typing import Any

import pytest

from tests.experiment.conftest import Train


def warnings(run: Any) -> list[str]:
    return [event["message"] for event in run.events if event["kind"] == "warned"]


@pytest.fixture(autouse=True)
def nothing_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.experiment.run.holdout_note._said", set())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, ""),
        ({"data.train_per_class": 4}, "1 image of each class for validation"),
        ({"data.validation_per_class": 3}, "data.validation_per_class is 3"),
        ({"data.train_per_class": 4, "data.validation_per_class": 1}, ""),
        ({"data.train_per_class": 4, "data.protocol": "full"}, ""),
    ],
)
def test_fewer_validation_images_than_asked_for_are_a_warning(
    train: Train, values: dict[str, Any], message: str
) -> None:
    found = warnings(train(epochs=1, set=values))
    assert found == [] if not message else any(message in text for text in found)


def test_quiet_runs_of_one_process_say_it_once(train: Train) -> None:
    runs = [train(epochs=1, set={"data.train_per_class": 4}, quiet=True) for _ in range(2)]
    assert [len(warnings(run)) for run in runs] == [1, 0]
