"""A dry run says what would be trained, from measured steps, and leaves nothing behind."""

from pathlib import Path

import pytest

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.dry_run import dry_run
from tests.experiment.conftest import Clock
from tests.making.recipes import SMALL


def test_it_has_the_figures_of_the_run_and_makes_none(
    small_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = dry_run("sprint", data=small_data, epochs=3, set={**SMALL, "training.batch_size": 50}, quiet=True)
    assert (found.epochs, found.steps_per_epoch, found.batch_size) == (3, 6, 50)
    assert found.images == {"training": 300, "validation": 100, "test": 200}
    assert set(found.step_seconds) == {20, 24, 32}
    assert 0 < found.train_seconds < found.seconds
    assert found.memory_bytes is None or found.memory_bytes > 10_000_000
    assert found.as_dict()["step_seconds"].keys() == {"20", "24", "32"}
    assert list(tmp_path.iterdir()) == []


def test_its_time_is_that_of_the_measured_steps(small_data: Dataset, clock: Clock) -> None:
    clock.step_seconds = 0.5
    values = {**SMALL, "training.batch_size": 50, "training.resolutions": []}
    found = dry_run("sprint", data=small_data, epochs=4, set=values, quiet=True, figures=False)
    assert found.step_seconds == {0: 0.5}
    assert found.train_seconds == pytest.approx(4 * 6 * 0.5)


def test_a_wrong_recipe_is_refused_as_in_training(small_data: Dataset) -> None:
    with pytest.raises(UsageError, match="learning_rate"):
        dry_run("sprint", data=small_data, set=["lr=3"])
