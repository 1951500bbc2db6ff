"""A run directory that is moved or deleted during training is noticed, and not made again at the old
place."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from hundred.errors import HundredError
from hundred.experiment import repeats
from hundred.experiment.report import draw
from hundred.experiment.run import finalize
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


@pytest.mark.parametrize("method", ["on_run_started", "on_new_best", "on_epoch_ended", "on_stopped"])
def test_nothing_is_made_again_where_a_run_was_deleted(train: Train, tmp_path: Path, method: str) -> None:
    """The model on the way, sittings and the rest are written only where the run directory is."""

    class Delete:
        def delete(self, event: Any) -> None:
            shutil.rmtree(tmp_path / "runs" / "one", ignore_errors=True)

    setattr(Delete, method, Delete.delete)
    checkpoint = {"callbacks.checkpoint": {"monitor": "val_accuracy", "every": 1}}
    with pytest.raises(HundredError, match="was moved or deleted"):
        train(epochs=2, name="one", set=checkpoint, listeners=[Delete()])
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("part", ["save_predictions", "write_tables", "draw_figures", "write_run_report"])
def test_nothing_is_made_again_where_a_run_was_deleted_while_it_is_finished(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    module = finalize if part == "save_predictions" else draw
    original = getattr(module, part)

    def delete_first(*given: Any, **options: Any) -> Any:
        shutil.rmtree(tmp_path / "runs" / "one")
        return original(*given, **options)

    monkeypatch.setattr(module, part, delete_first)
    with pytest.raises(HundredError, match="was moved or deleted"):
        train(epochs=1, name="one", figures=True)
    assert list((tmp_path / "runs").iterdir()) == []


def test_repeats_whose_folder_is_moved_between_two_seeds_stop(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = repeats.train_run

    def then_move(*given: Any, **options: Any) -> Any:
        run = original(*given, **options)
        if (tmp_path / "runs" / "r").exists():
            (tmp_path / "runs" / "r").rename(tmp_path / "elsewhere")
        return run

    monkeypatch.setattr(repeats, "train_run", then_move)
    with pytest.raises(HundredError, match="r was moved or deleted"):
        train(epochs=1, name="r", repeat=2)
    assert list((tmp_path / "runs").iterdir()) == []
    assert (tmp_path / "elsewhere" / "seed-0" / "result.json").is_file()
