"""The TensorBoard listener writes each measured figure once, and names the extra where it is absent."""

import importlib.util
import math
import sys
from pathlib import Path

import pytest

from hundred.errors import MissingExtra
from hundred.runs.trackers.tensorboard import TensorBoard
from hundred.training.events import EpochEnded, Finding, Warned, notify
from tests.making.training_events import epoch_ended, started, training


class Writer:
    def __init__(self, folder: str, first: int) -> None:
        self.folder, self.first = folder, first
        self.points: list[tuple[str, float, int]] = []
        self.notes: list[tuple[str, str, int]] = []
        self.closed = 0

    def add_scalar(self, tag: str, value: float, step: int) -> None:
        self.points.append((tag, value, step))

    def add_text(self, tag: str, text: str, step: int) -> None:
        self.notes.append((tag, text, step))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1


def test_every_figure_of_every_epoch_is_a_point(tmp_path: Path) -> None:
    listener = TensorBoard(tmp_path, Writer)
    for event in training(2):
        notify([listener], event)
    writer = listener.writer
    assert isinstance(writer, Writer)
    first = epoch_ended(1)
    assert writer.points[:6] == [
        ("loss/training", first.loss, 1),
        ("loss/validation", first.val_loss, 1),
        ("accuracy/training", first.accuracy, 1),
        ("accuracy/validation", first.val_accuracy, 1),
        ("learning_rate", first.learning_rate, 1),
        ("images_per_second", first.images_per_second, 1),
    ]
    assert len(writer.points) == 12
    assert writer.notes == [("learning_rate_cut", "0.001 -> 0.0002: val_loss did not improve", 2)]


def test_a_resume_purges_from_its_first_epoch_on(tmp_path: Path) -> None:
    listener = TensorBoard(tmp_path, Writer)
    notify([listener], started(first_epoch=3))
    notify([listener], Warned("x"))
    notify([listener], Finding(3, "overfitting", 0.8, "evidence", []))
    writer = listener.writer
    assert isinstance(writer, Writer)
    assert writer.first == 3
    assert writer.notes == [("warning", "x", 2), ("finding/overfitting", "evidence", 2)]
    listener.close()
    listener.close()
    assert writer.closed == 1


def test_what_was_not_measured_is_no_point(tmp_path: Path) -> None:
    listener = TensorBoard(tmp_path, Writer)
    notify([listener], started())
    notify([listener], EpochEnded(1, 0.5, math.nan, None, None, 0.1, 1.0, 9.0))
    assert isinstance(listener.writer, Writer)
    assert [tag for tag, _, _ in listener.writer.points] == [
        "accuracy/training", "learning_rate", "images_per_second",
    ]  # fmt: skip


def test_where_tensorboard_is_absent_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingExtra, match=r"pip install 'hundred\[tensorboard\]'"):
        TensorBoard(tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # tensorboard's own
def test_tensorboard_reads_the_curves_back(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    listener = TensorBoard(tmp_path)
    for event in training():
        notify([listener], event)
    listener.close()
    read = EventAccumulator(str(tmp_path)).Reload()
    losses = [(point.step, point.value) for point in read.Scalars("loss/training")]
    assert [step for step, _ in losses] == [1, 2, 3]
    assert [value for _, value in losses] == pytest.approx([4.6, 2.3, 4.6 / 3])
