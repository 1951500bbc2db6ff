"""Sides of a comparison: runs, repeats and files become contenders with the figures of their directories."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

import hundred
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError, UsageError
from hundred.experiment.compare import Entry, compare_entries, draw_comparison, entry_of, names_of
from hundred.interchange.write.save import save_h5
from hundred.runs.directory import lock_run
from hundred.runs.repeats import Repeats
from hundred.runs.run import Run
from tests.making.finished import Finished


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Path:
    """A copy of run `a`, to be changed."""
    shutil.copytree(finished.a, tmp_path / "copied")
    return tmp_path / "copied"


def test_runs_are_compared_with_the_figures_of_their_results(finished: Finished) -> None:
    found = hundred.compare(Run(finished.a), str(finished.b))
    table = found.table.set_index("name")
    for name, path in (("a", finished.a), ("b", finished.b)):
        result = Run(path).result
        assert table.loc[name, "accuracy"] == result["test_accuracy"]
        assert table.loc[name, "train_seconds"] == result["train_seconds"]
        assert table.loc[name, "parameters"] == result["parameters"]
        assert table.loc[name, "file_bytes"] == (path / "model.h5").stat().st_size
    assert found.verdict.startswith("Undecided: ")
    assert set(found.per_class["class"]) == set(finished.data.fine_names)


def test_the_dictionary_for_json_has_what_a_script_needs(finished: Finished) -> None:
    found = json.loads(json.dumps(hundred.compare(finished.a, finished.b).as_dict(), allow_nan=False))
    assert {"better", "difference", "interval", "p_value", "verdict"} <= set(found)
    assert found["better"] is None


def test_repeats_are_one_side_with_several_runs(finished: Finished) -> None:
    for side in (finished.pair, Repeats(finished.pair)):
        found = hundred.compare(side, finished.a)
        table = found.table.set_index("name")
        accuracies = [run.result["test_accuracy"] for run in Repeats(finished.pair).runs]
        assert table.loc["pair", "runs"] == 2
        assert table.loc["pair", "accuracy"] == pytest.approx(np.mean(accuracies))
        assert table.loc["pair", "sd"] == pytest.approx(np.std(accuracies, ddof=1))


def test_a_file_is_tested_on_the_runs_images(
    finished: Finished, tmp_path: Path, sample_at_once: None
) -> None:
    file = shutil.copy(finished.b / "model.h5", tmp_path / "theirs.h5")
    found = hundred.compare(finished.a, file).table.set_index("name")
    assert found.loc["theirs.h5", "accuracy"] == Run(finished.b).result["test_accuracy"]
    assert found.loc["theirs.h5", "parameters"] == Run(finished.b).result["parameters"]
    assert found.loc["theirs.h5", "train_seconds"] is not found.loc["a", "train_seconds"]
    assert str(found.loc["theirs.h5", "train_seconds"]) == "<NA>"


def test_two_files_are_tested_on_the_data_that_is_given(finished: Finished) -> None:
    data = subset_per_class(finished.data, 0, 2)
    found = hundred.compare(finished.a / "model.h5", finished.b / "model.h5", data=data)
    table = found.table.set_index("name")
    assert table.loc["a/model.h5", "accuracy"] == Run(finished.a).result["test_accuracy"]
    assert table.loc["b/model.h5", "accuracy"] == Run(finished.b).result["test_accuracy"]


def test_runs_of_other_data_are_tested_again_on_what_is_given(finished: Finished) -> None:
    halved = replace(finished.data, test=finished.data.test.take(finished.data.test.fine.argsort()[::2]))
    found = hundred.compare(finished.a, finished.b, data=replace(halved, digest="another"))
    part = subset_per_class(halved, 4, 2)
    logits = hundred.load(finished.a / "model.h5").logits_of_images(part.test.images)
    expected = (logits.argmax(1) == part.test.fine.numpy()).mean()
    assert found.table.set_index("name").loc["a", "accuracy"] == pytest.approx(expected)


def test_names_are_as_long_as_it_takes_to_tell_them_apart(tmp_path: Path) -> None:
    entries = [Entry(tmp_path / path) for path in ("x/seed-0", "y/seed-0", "z/alone")]
    assert names_of(entries) == ["x/seed-0", "y/seed-0", "alone"]


def test_a_bare_name_is_looked_for_in_the_folder_of_runs(
    finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished.runs.parent)
    assert hundred.compare("a", "pair").table["name"].tolist() != []
    assert len(entry_of("pair").runs) == 2


def test_one_side_or_the_same_side_twice_is_refused(finished: Finished) -> None:
    with pytest.raises(UsageError, match="at least two runs or files, not 1"):
        hundred.compare(finished.a)
    with pytest.raises(UsageError, match="is named twice"):
        hundred.compare(finished.a, finished.runs / "." / "a")


def test_a_folder_of_runs_is_told_from_a_run(finished: Finished) -> None:
    with pytest.raises(UsageError, match="a folder of 2 runs, not one of them"):
        hundred.compare(finished.a, finished.runs)


def test_a_run_that_has_not_finished_is_refused_with_the_way_to_finish_it(
    finished: Finished, copied: Path
) -> None:
    (copied / "result.json").unlink()
    with pytest.raises(UsageError, match=r"has not finished(.|\n)*hundred train .*copied --resume"):
        hundred.compare(finished.a, copied)
    with lock_run(copied), pytest.raises(UsageError, match=r"has not finished(.|\n)*wait until it has"):
        compare_entries([entry_of(copied), entry_of(finished.b)])


@pytest.mark.parametrize("damage", ["no arrays", "without labels"])
def test_damaged_predictions_are_one_line(finished: Finished, copied: Path, damage: str) -> None:
    if damage == "no arrays":
        (copied / "predictions.npz").write_bytes(b"nothing that NumPy reads")
    else:
        np.savez(copied / "predictions.npz", test_logits=np.zeros((4, 100)))
    with pytest.raises(HundredError, match=r"damaged") as error:
        hundred.compare(finished.a, copied)
    assert "\n" not in str(error.value)


def test_a_file_with_other_classes_is_refused(
    finished: Finished, tmp_path: Path, sample_at_once: None
) -> None:
    network = nn.Sequential(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(48, 10))
    save_h5(tmp_path / "ten.h5", network, mean=(0.5,) * 3, std=(0.25,) * 3, class_names=None)
    with pytest.raises(HundredError, match="has 10 classes, and the data 100"):
        hundred.compare(finished.a, tmp_path / "ten.h5")


def test_accuracy_against_time_is_drawn_where_times_are_known(finished: Finished, tmp_path: Path) -> None:
    entries = [entry_of(finished.a), entry_of(finished.b)]
    found = compare_entries(entries)
    assert draw_comparison(found, entries, tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"ends in \.png or \.svg"):
        draw_comparison(found, entries, tmp_path / "p.jpg")
    timeless = replace(found, table=found.table.assign(train_seconds=None))
    with pytest.raises(HundredError, match="fewer than two of these have a known training time"):
        draw_comparison(timeless, entries, tmp_path / "q.png")
