"""Fixtures of the data room: a small made-up CIFAR-100, and leave to open it as if it were whole."""

import pytest

from data.making import made
from hundred.data import check
from hundred.data.raw import Raw


@pytest.fixture(scope="session")
def small() -> Raw:
    """Two training images and one test image of each class."""
    return made()


@pytest.fixture
def small_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the counts of `small` pass for CIFAR-100's."""
    monkeypatch.setattr(check, "TRAIN_PER_CLASS", 2)
    monkeypatch.setattr(check, "TEST_PER_CLASS", 1)
