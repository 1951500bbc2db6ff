"""Fewer validation images than asked for are said, not taken in silence."""

from typing import Any

import pytest

from tests.experiment.conftest import Train


def warnings(run: Any) -> list[str]:
    return [event["message"] for event in run.events if event["kind"] == "warned"]


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
