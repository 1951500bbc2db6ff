"""The result of a run comes before its pictures; drawing can be stopped, and made up for, at any time."""

import os
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.cli.main import main
from hundred.data.dataset import Dataset
from hundred.experiment.report import draw, figures
from hundred.reports.figures.style import save
from hundred.runs.run import Run
from tests.experiment.conftest import Train


def drawn(run: Run) -> set[str]:
    return {path.name for path in run.path.glob("figures/*.png")} | {
        path.name for path in (*run.path.glob("tables/*.csv"), *run.path.glob("report.html"))
    }


def test_the_result_is_there_and_whole_before_anything_is_drawn(train: Train) -> None:
    seen: list[Any] = []

    def on_result(run: Run) -> None:
        seen.append((run.result["test_accuracy"], drawn(run), (run.path / "checkpoint.pt").exists()))

    run = train(epochs=1, name="a", figures=True, on_result=on_result)
    assert seen == [(run.result["test_accuracy"], set(), False)]
    assert {"report.html", "curves.png", "classes.csv"} <= drawn(run)


def test_a_run_that_diverged_shows_no_result(train: Train) -> None:
    seen: list[Run] = []
    with pytest.raises(hundred.HundredError, match="learning rate"):
        train(epochs=1, set={"training.learning_rate": 1e30}, on_result=seen.append)
    assert seen == []


def test_ctrl_c_while_drawing_keeps_the_run_and_report_draws_the_rest(
    train: Train, small_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(epochs=1, name="whole", figures=True)

    def interrupted_at_the_third(figure: Any, path: Path) -> None:
        if len(list(path.parent.glob("*.png"))) == 2:
            raise KeyboardInterrupt
        save(figure, path)

    with monkeypatch.context() as patch:
        patch.setattr(figures, "save", interrupted_at_the_third)
        with pytest.raises(KeyboardInterrupt) as stop:
            train(epochs=1, name="cut", figures=True)
    run = Run(tmp_path / "runs" / "cut")
    assert "not drawn: figures, the page\ndraw them: hundred report" in str(stop.value)
    assert str(run.path) in str(stop.value)
    assert run.result["test_accuracy"] == whole.result["test_accuracy"]
    assert not (run.path / "checkpoint.pt").exists()
    hundred.report(run, data=small_data)
    assert drawn(run) == drawn(whole)
    before = (run.path / "figures" / "curves.png").stat().st_mtime_ns
    hundred.report(run, data=small_data)  # a run that has its page is not drawn again
    assert (run.path / "figures" / "curves.png").stat().st_mtime_ns == before


def test_the_command_prints_the_result_first_and_draws_at_low_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    happened: list[str] = []

    def stop(*_: Any) -> None:
        happened.append(capsys.readouterr().out)
        raise KeyboardInterrupt("not drawn")

    def nice(step: int) -> int:
        if step:
            happened.append(f"nice {step}")
        return 3

    monkeypatch.setattr(draw, "draw_run", stop)
    monkeypatch.setattr(os, "nice", nice, raising=False)
    monkeypatch.setattr("hundred.runs.progress.announce.print_line", lambda *_: None)
    values = ["training.batch_size=500", "data.train_per_class=10", "data.test_per_class=1"]
    values += ["tracking.mlflow=false", "model.width1=4", "model.width2=4", "model.width3=4"]
    sets = [word for value in values for word in ("--set", value)]
    with pytest.raises(SystemExit) as ended:
        main(["train", "--data", "sample", "--epochs", "1", "--runs", str(tmp_path), "--name", "a", *sets])
    assert ended.value.code == 130
    assert happened[0] == "nice 7"
    assert "test accuracy" in happened[1]
    assert "not drawn" in capsys.readouterr().err
