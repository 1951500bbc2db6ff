"""Fixtures of the data room: a small made-up CIFAR-100, and leave to open it as if it were whole."""

from pathlib import Path

import pytest

from hundred.data.formats import validate
from hundred.data.formats.raw import Raw
from tests.making.archives import made


@pytest.fixture(scope="session")
def small() -> Raw:
    """Two training images and one test image of each class."""
    return made()


@pytest.fixture
def real_official(real_data: Path) -> Path:
    """The real `cifar-100-python` folder; the test is skipped where HUNDRED_DATA has another form."""
    for folder in (real_data, real_data / "cifar-100-python"):
        if (folder / "train").is_file():
            return folder
    pytest.skip("HUNDRED_DATA holds no cifar-100-python folder")


@pytest.fixture
def small_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the counts of `small` pass for CIFAR-100's."""
    monkeypatch.setattr(validate, "TRAIN_PER_CLASS", 2)
    monkeypatch.setattr(validate, "TEST_PER_CLASS", 1)
