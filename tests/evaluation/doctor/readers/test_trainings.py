"""Tables that hold more than one training, parts of one, or rows that are none; and columns that say
nothing."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hundred.errors import UsageError
from hundred.evaluation.doctor.diagnosis import doctor
from hundred.evaluation.doctor.readers.sources import read_anything
from tests.making.histories import Columns, curves


def stacked(*parts: Columns) -> Columns:
    """The rows of one table after those of another."""
    return {name: [x for part in parts for x in part[name]] for name in parts[0]}


def test_epochs_that_start_again_are_another_training_and_the_last_is_judged() -> None:
    long, short = curves(30), curves(10, overfit=2.0)
    history = read_anything(stacked(long, short))
    assert list(history.loss) == short["loss"]
    assert history.continued
    assert "2 trainings" in history.notes[0]
    assert list(read_anything(stacked(long, short), "1").loss) == long["loss"]
    with pytest.raises(UsageError, match="2 trainings"):
        read_anything(stacked(long, short), "3")


def test_a_start_of_two_epochs_is_not_judged_in_place_of_a_whole_training() -> None:
    long = curves(20)
    short = {name: values[:2] for name, values in curves(20, seed=1).items()}
    assert list(read_anything(stacked(short, long)).loss) == long["loss"]
    assert list(read_anything(stacked(long, short)).loss) == long["loss"]


def test_a_run_that_was_resumed_keeps_the_later_rows() -> None:
    columns = curves(12)
    again = {name: values[6:] for name, values in columns.items()}
    before = {**columns, "loss": [x + 1 for x in columns["loss"]]}
    history = read_anything(stacked(before, again))
    assert list(history.epoch) == columns["epoch"]
    assert list(history.loss) == [*before["loss"][:6], *columns["loss"][6:]]
    assert any("resumed at epoch 7" in note for note in history.notes)


def test_an_epoch_column_that_never_changes_is_replaced_by_the_rows() -> None:
    columns = {**curves(8), "epoch": [0.0] * 8}
    history = read_anything(columns)
    assert list(history.epoch) == list(range(1, 9))
    assert list(history.loss) == columns["loss"]


def test_rows_of_a_run_that_begin_late_offer_no_epochs_that_it_had(tmp_path: Path) -> None:
    columns = {name: values[15:] for name, values in curves(30, rate="constant", tau=0.9).items()}
    history = read_anything(columns)
    assert history.continued
    found = doctor(columns)
    for line in (line for each in found.findings for line in each.advice):
        assert "epochs=3" not in line.replace("epochs=30", "")


def test_several_evaluations_in_few_epochs_are_each_a_point() -> None:
    rows = {
        "epoch": [1.0] * 6 + [2.0] * 6,
        "step": [float(100 * place) for place in range(1, 13)],
        "train_loss": curves(12)["loss"],
        "val_loss": curves(12)["val_loss"],
        "val_acc": curves(12)["val_accuracy"],
    }
    history = read_anything(rows)
    assert list(history.epoch) == rows["step"]
    assert history.unit == "step"
    assert list(history.val_loss) == rows["val_loss"]


def test_a_row_of_validation_after_the_end_is_no_epoch(tmp_path: Path) -> None:
    rows = []
    for epoch in range(6):
        rows += [
            {"epoch": epoch, "step": 10 * epoch + place, "train_loss": 2 - epoch / 4} for place in range(5)
        ]
        rows.append(
            {"epoch": epoch, "step": 10 * epoch + 9, "val_loss": 2 - epoch / 5, "val_acc": epoch / 10}
        )
    frame = pd.DataFrame(rows)
    after = pd.DataFrame([{"epoch": 6, "step": 60, "val_loss": 0.1, "val_acc": 0.99}])
    expected = read_anything(frame)
    history = read_anything(pd.concat([frame, after]))
    assert list(history.epoch) == list(expected.epoch) == list(range(6))
    np.testing.assert_array_equal(history.val_loss, expected.val_loss)


def test_a_validation_loss_that_is_never_a_number_is_a_broken_column() -> None:
    columns = {**curves(12), "val_loss": [math.nan] * 12}
    history = read_anything(columns)
    assert not history.infinite.any()
    assert history.missing == ["val_loss"]
    assert history.reading is not None
    assert history.reading.broken == (
        ("val_loss", "it is not a number in any epoch, while the other figures go on"),
    )
    assert "diverged" not in doctor(columns).names


def test_a_validation_loss_that_breaks_while_accuracy_goes_on_is_no_divergence() -> None:
    columns = curves(12)
    broken = {**columns, "val_loss": [*columns["val_loss"][:6], *[math.nan] * 6]}
    assert "diverged" not in doctor(broken).names
    collapsed = {
        **broken,
        "val_accuracy": [*columns["val_accuracy"][:6], *[0.01] * 6],
        "loss": [*columns["loss"][:6], *[math.nan] * 6],
    }
    assert doctor(collapsed).names[0] == "diverged"


def test_what_was_understood_is_explained_before_it_is_judged(tmp_path: Path) -> None:
    frame = pd.DataFrame(stacked(curves(20), curves(10))).assign(seconds=1.0).drop(columns="learning_rate")
    frame.to_csv(tmp_path / "log.csv", index=False)
    reading = doctor(tmp_path / "log.csv").reading
    assert reading is not None
    assert (reading.framework, reading.unit) == ("keras", "epoch")
    assert [each.figure for each in reading.columns][:3] == ["epochs", "training accuracy", "training loss"]
    assert reading.unused == ("seconds",)
    assert reading.missing == ("learning rate",)
    assert [(each.first, each.last, each.judged) for each in reading.trainings] == [
        (1, 20, False),
        (1, 10, True),
    ]
    text = "\n".join(reading.lines())
    assert "training 2 of 2: epoch 1 to 10, 10 rows (judged here)" in text
    assert "not used: seconds" in text
