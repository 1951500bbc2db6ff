"""A run directory opens as an object, under way or finished, and says in one line what is wrong with it."""

import gc
import pickle
import warnings
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from hundred.errors import HundredError, UsageError
from hundred.runs.run import Run, list_runs, open_run
from tests.making.training_events import finished_run, record


def test_a_finished_run_gives_everything_in_it(tmp_path: Path) -> None:
    run = open_run(finished_run(tmp_path))
    assert run.finished
    assert run.name == "school-1"
    assert run.result["test_accuracy"] == 0.571
    assert run.history["epoch"].tolist() == [1, 2, 3]
    assert run.history["accuracy"].tolist() == [1 / 7, 2 / 7, 3 / 7]
    assert run.events[-1]["reason"] == "epochs"
    assert "batch_size = 64" in run.recipe_text
    assert run.environment["device"] == "cpu"
    assert run.figures == {"curves": run.path / "figures" / "curves.png"}
    assert run.model_path.read_bytes() == b"model bytes"


def test_a_run_under_way_can_be_followed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "recipe.toml").write_text("")
    run = open_run(path)
    assert not run.finished
    assert (run.result, run.environment, run.events, run.figures) == ({}, {}, [], {})
    assert len(run.history) == 0
    record(path, 2)
    assert len(run.history) == 2
    assert "not finished" in repr(run)


def test_its_text_says_what_matters(tmp_path: Path) -> None:
    run = Run(finished_run(tmp_path))
    assert repr(run) == f"Run('{run.path}': school, sample data, 3 epochs, test accuracy 57.10%)"


def test_predictions_are_the_arrays_of_the_file(tmp_path: Path) -> None:
    run = Run(finished_run(tmp_path))
    logits = np.random.default_rng(1).normal(size=(4, 100)).astype("float32")
    np.savez(run.path / "predictions.npz", test_logits=logits, test_labels=np.arange(4))
    read = run.predictions()
    np.testing.assert_array_equal(read["test_logits"], logits)
    assert read["test_labels"].tolist() == [0, 1, 2, 3]


def test_predictions_never_unpickle(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "hit",)  # type: ignore[return-value]

    run = Run(finished_run(tmp_path))
    np.savez(run.path / "predictions.npz", test_logits=np.array([Bomb()], dtype=object))
    with pytest.raises(HundredError, match=r"predictions.npz is damaged"):
        run.predictions()
    (run.path / "predictions.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(HundredError, match=r"predictions.npz is damaged"):
        run.predictions()
    assert not (tmp_path / "hit").exists()


def test_predictions_cut_short_are_refused_and_leave_no_file_open(tmp_path: Path) -> None:
    run = Run(finished_run(tmp_path))
    path = run.path / "predictions.npz"
    np.savez(path, test_logits=np.zeros((50, 100), np.float32), test_labels=np.arange(50))
    path.write_bytes(path.read_bytes()[:5000])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(HundredError, match=r"predictions.npz is damaged"):
            run.predictions()
        gc.collect()
    assert [each for each in seen if each.category is ResourceWarning] == []


def test_missing_predictions_give_one_line(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match=r"cannot read .*predictions.npz: No such file"):
        Run(finished_run(tmp_path)).predictions()


def test_a_bare_name_is_looked_up_in_the_runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished_run(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    assert open_run("school-1").path == Path("runs/school-1")
    assert open_run("runs/school-1").name == "school-1"


@pytest.mark.parametrize("name", ["runs/school-l", "school-l"])
def test_a_mistyped_run_names_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    finished_run(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=rf"no run '{name}'; did you mean 'school-1'\?"):
        open_run(name)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a run: no recipe.toml"):
        open_run(tmp_path)


@pytest.mark.parametrize(("file", "content"), [("result.json", "{"), ("history.csv", "a\n1\n")])
def test_a_damaged_run_gives_one_line(tmp_path: Path, file: str, content: str) -> None:
    path = finished_run(tmp_path)
    (path / file).write_text(content)
    with pytest.raises(HundredError, match=rf"{file} is (damaged|not a history)[^\n]*$"):
        open_run(path)
    assert "damaged" in repr(Run(path))
    assert file in Run(path)._repr_html_()


def test_runs_of_a_folder_are_listed_by_name_without_what_is_no_run(tmp_path: Path) -> None:
    for name in ("b", "a"):
        finished_run(tmp_path, name)
    (tmp_path / "papers").mkdir()
    (tmp_path / "mlflow.db").write_text("")
    assert [run.name for run in list_runs(tmp_path)] == ["a", "b"]
    assert list_runs(tmp_path / "nowhere") == []


def test_the_notebook_card_is_well_formed_and_escapes_every_name(tmp_path: Path) -> None:
    path = finished_run(tmp_path)
    text = (path / "result.json").read_text().replace('"recipe": "school"', '"recipe": "<script>&"')
    (path / "result.json").write_text(text)
    path = path.rename(tmp_path / "<img src=x>")
    card = Run(path)._repr_html_()
    root = ElementTree.fromstring(card)
    tags = {element.tag for element in root.iter()}
    assert not tags & {"script", "img"}
    assert "57.10%" in card
    assert len(list(root.iter("polyline"))) == 4
