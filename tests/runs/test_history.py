"""history.csv keeps every digit, survives being cut off anywhere, and is cut back exactly."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hundred.errors import HundredError
from hundred.runs.history import HEADER, HistoryCsv, cut_history, read_history, read_rows
from hundred.training.events import EpochEnded
from tests.making.training_events import epoch_ended, started

FLOATS = st.floats(allow_infinity=True, allow_nan=True)


def written(folder: Path, epochs: int) -> Path:
    listener = HistoryCsv(folder / "history.csv")
    listener.on_run_started(started(epochs))
    for epoch in range(1, epochs + 1):
        listener.on_epoch_ended(epoch_ended(epoch))
    return listener.path


def test_header_is_the_contract_and_is_there_before_the_first_epoch(tmp_path: Path) -> None:
    path = written(tmp_path, 0)
    assert path.read_text() == (
        "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate,seconds,images_per_second\n"
    )
    assert len(read_history(path)) == 0
    assert list(read_history(path).columns) == HEADER.split(",")


@settings(max_examples=50)
@given(values=st.lists(FLOATS, min_size=7, max_size=7))
def test_every_float_reads_back_as_the_same_number(
    values: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    listener = HistoryCsv(tmp_path_factory.mktemp("h") / "history.csv")
    listener.on_epoch_ended(EpochEnded(1, *values))
    row = read_history(listener.path).iloc[0]
    for wrote, read in zip(values, row.tolist()[1:], strict=True):
        assert wrote == read or (math.isnan(wrote) and math.isnan(read))


def test_what_was_not_measured_is_an_empty_field_and_reads_as_nan(tmp_path: Path) -> None:
    listener = HistoryCsv(tmp_path / "history.csv")
    listener.on_epoch_ended(EpochEnded(1, 0.5, 2.0, None, None, 0.001, 1.5, 100.0))
    assert listener.path.read_text().splitlines()[1] == "1,0.5,2.0,,,0.001,1.5,100.0"
    assert read_history(listener.path)["val_loss"].isna().all()


def test_pandas_reads_the_file_to_the_same_frame(tmp_path: Path) -> None:
    path = written(tmp_path, 4)
    pd.testing.assert_frame_equal(read_history(path), pd.read_csv(path))


def test_cut_at_any_byte_loses_only_the_row_that_was_being_written(tmp_path: Path) -> None:
    path = written(tmp_path, 3)
    whole = path.read_bytes()
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        lines = whole[:size].count(b"\n")
        assert len(read_rows(path)) == max(0, lines - 1)


@pytest.mark.parametrize("epoch", [0, 1, 2, 3])
def test_cutting_back_leaves_what_stood_there_after_that_epoch(tmp_path: Path, epoch: int) -> None:
    path = written(tmp_path, 3)
    cut_history(path, epoch)
    (tmp_path / "other").mkdir()
    assert path.read_bytes() == written(tmp_path / "other", epoch).read_bytes()


def test_resume_after_a_torn_row_gives_the_undisturbed_file(tmp_path: Path) -> None:
    path = written(tmp_path, 3)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    cut_history(path, 2)
    HistoryCsv(path).on_epoch_ended(epoch_ended(3))
    assert path.read_bytes() == whole


def test_cutting_to_an_epoch_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 2)
    with pytest.raises(HundredError, match=r"ends at epoch 2, but the checkpoint beside it is at epoch 5"):
        cut_history(path, 5)


def test_cutting_a_missing_history_to_nothing_makes_an_empty_one(tmp_path: Path) -> None:
    cut_history(tmp_path / "history.csv", 0)
    assert (tmp_path / "history.csv").read_text() == HEADER + "\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("3,a,1,1,1,1,1,1", "damaged at line 3: '3,a,1"),
        ("2,1,1,1,1,1,1,x", "damaged at line 3"),
        ("2,1,1", "damaged at line 3"),
        ("1,1,1,1,1,1,1,1", "is not epoch 2"),
        ("\x00\x00\x00", "damaged at line 3"),
    ],
)
def test_damage_is_reported_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path, 1)
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(HundredError, match=message):
        read_history(path)


def test_a_foreign_csv_is_refused_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("a,b\n1,2\n")
    with pytest.raises(HundredError, match=r"is not a history"):
        read_history(tmp_path / "history.csv")


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_one_line(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "history.csv"
    path.write_bytes(HEADER.encode() + b"\n" + data)
    try:
        epochs = len(read_history(path))
    except HundredError as error:
        message = str(error)
    else:
        message = f"{epochs} epochs"
    assert "\n" not in message


def test_a_missing_history_gives_one_line(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match=r"cannot read .*history.csv: No such file"):
        read_history(tmp_path / "history.csv")


def test_a_full_disk_gives_one_line(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.symlink_to("/dev/full")
    with pytest.raises(HundredError, match=r"history.csv: the disk is full"):
        HistoryCsv(path).on_epoch_ended(epoch_ended(1))
