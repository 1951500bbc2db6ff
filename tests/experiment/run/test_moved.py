"""A run directory that is moved or deleted during training is noticed, and not made again at the old
place."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from hundred.errors import HundredError
from tests.experiment.conftest import Train, rows


@pytest.mark.parametrize("method", ["on_steps_done", "on_checkpoint_written"])
def test_a_moved_run_stops_with_one_line_and_goes_on_at_its_new_place(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr("hundred.training.trainer.SECONDS_BETWEEN_REPORTS", -1.0)  # after each step
    runs = tmp_path / "runs"

    class Move:
        def move(self, event: Any) -> None:
            if event.epoch == 2 and (runs / "one").exists():
                (runs / "one").rename(tmp_path / "elsewhere")

    setattr(Move, method, Move.move)
    with pytest.raises(HundredError, match="one was moved or deleted while it was trained in"):
        train(epochs=3, name="one", listeners=[Move()])
    assert list(runs.iterdir()) == []
    resumed = train(tmp_path / "elsewhere", resume=True)
    assert rows(resumed) == rows(train(epochs=3, name="whole"))


def test_a_deleted_run_stops_with_one_line(train: Train, tmp_path: Path) -> None:
    class Delete:
        def on_epoch_ended(self, event: Any) -> None:
            shutil.rmtree(tmp_path / "runs" / "one")

    with pytest.raises(HundredError, match=r"was moved or deleted|No such file"):
        train(epochs=3, name="one", listeners=[Delete()])
