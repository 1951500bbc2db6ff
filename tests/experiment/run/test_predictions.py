"""A run that is trained while its maker is still choosing reads no test image."""

from pathlib import Path

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from tests.experiment.conftest import Train, rows


def test_a_run_without_a_test_holds_no_test_figure_and_the_same_training(train: Train) -> None:
    tested, untested = train(name="tested", epochs=1), train(name="untested", epochs=1, test=False)
    assert rows(untested) == rows(tested)
    assert untested.finished
    assert untested.result["val_accuracy"] == tested.result["val_accuracy"]
    figures = {key: value for key, value in untested.result.items() if key.startswith("test_")}
    assert set(figures.values()) == {None}
    assert untested.result["calibration_error"] is None
    assert set(untested.predictions()) == {"val_logits", "val_labels", "val_indices"}
    assert repr(untested)


def test_a_run_without_a_test_has_pictures_of_all_else(train: Train) -> None:
    run = train(name="untested", epochs=1, test=False, figures=True)
    assert {"curves", "samples", "balance", "architecture"} <= set(run.figures)
    assert not {"classes", "confusions", "mistakes"} & set(run.figures)
    assert (run.path / "report.html").is_file()
    assert [event for event in run.events if event["kind"] == "warned"] == []


def test_comparing_tests_a_run_that_was_trained_without_a_test(train: Train, small_data: Dataset) -> None:
    one, other = train(name="tested", epochs=1), train(name="untested", epochs=1, test=False)
    table = hundred.compare(one, other, data=small_data).table
    assert table["accuracy"].tolist() == [one.result["test_accuracy"]] * 2


def test_a_run_that_validates_on_the_test_set_cannot_leave_it_out(train: Train, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="reads the test set"):
        train(name="both", epochs=1, test=False, protocol="test-as-validation")
    assert not (tmp_path / "runs" / "both").exists()


def test_repeats_without_a_test_tell_their_validation_accuracy(train: Train) -> None:
    repeats = train(name="pair", epochs=1, test=False, repeat=2)
    assert repeats.summary["test_accuracy"] is None
    assert repeats.summary["val_accuracy"]["n"] == 2
    assert "validation accuracy" in repr(repeats)
