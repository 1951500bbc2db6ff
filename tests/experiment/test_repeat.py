"""Several seeds of one recipe: what they say together, nested in MLflow, and resumed."""

from pathlib import Path
from typing import Any

import pytest
from scipy import stats

import hundred
from hundred.errors import HundredError, UsageError
from hundred.runs.repeats import Repeats
from tests.making.killing import KillAt, Killed

from .conftest import Clock, Train, rows


def test_mean_deviation_and_interval_are_those_of_scipy(train: Train) -> None:
    repeats = train(epochs=1, repeat=3, seed=4)
    assert isinstance(repeats, Repeats)
    assert repeats.summary["seeds"] == [4, 5, 6]
    assert [run.result["seed"] for run in repeats.runs] == [4, 5, 6]
    for figure in ("test_accuracy", "test_loss"):
        values = [run.result[figure] for run in repeats.runs]
        described = stats.describe(values)
        reach = stats.t.interval(0.95, len(values) - 1, described.mean, stats.sem(values))
        summary = repeats.summary[figure]
        assert summary["n"] == 3
        assert summary["mean"] == pytest.approx(described.mean, rel=1e-12)
        assert summary["sd"] == pytest.approx(described.variance**0.5, rel=1e-9)
        reach = (max(0.0, reach[0]), reach[1])  # neither figure can be below zero
        assert (summary["low"], summary["high"]) == pytest.approx(reach, rel=1e-9)
    assert "3 seeds" in repr(repeats)


def test_each_seed_is_the_run_that_it_would_be_alone(train: Train) -> None:
    repeats = train(epochs=1, repeat=2, name="both")
    alone = train(epochs=1, seed=1)
    assert rows(repeats.runs[1]) == rows(alone)
    assert repeats.runs[1].result["total_seconds"] < repeats.runs[0].result["total_seconds"] * 20


def test_figures_that_were_not_measured_are_null(train: Train) -> None:
    assert train(epochs=1, repeat=2, protocol="full").summary["val_accuracy"] is None


@pytest.mark.parametrize("named", [True, False])
def test_repeats_go_on_where_they_were_cut_off(train: Train, named: bool) -> None:
    whole = train(epochs=2, repeat=3, name="whole")
    name = "cut" if named else None
    heard = KillAt("on_checkpoint_written", 1)
    hears = iter([False, True])

    class KillTheSecond:
        def on_run_started(self, event: Any) -> None:
            self.on = next(hears)

        def on_checkpoint_written(self, event: Any) -> None:
            if self.on:
                heard.on_checkpoint_written(event)  # type: ignore[attr-defined]

    with pytest.raises(Killed):
        train(epochs=2, repeat=3, name=name, listeners=[KillTheSecond()])
    resumed = train(epochs=2, repeat=3, name=name, resume=True)
    assert [rows(run) for run in resumed.runs] == [rows(run) for run in whole.runs]
    assert resumed.summary["test_loss"] == whole.summary["test_loss"]


def test_there_is_nothing_to_resume_where_nothing_was_begun(train: Train) -> None:
    with pytest.raises(UsageError, match="no unfinished repeats"):
        train(repeat=2, resume=True)
    with pytest.raises(UsageError, match="no repeats 'x'"):
        train(repeat=2, resume=True, name="x")


def test_a_wrong_recipe_leaves_no_folder(train: Train, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        train(repeat=2, set={"model.name": "scool"})
    assert list((tmp_path / "runs").iterdir()) == []


def test_minutes_are_shared_and_all_seeds_have_the_first_plan(train: Train, clock: Clock) -> None:
    begin, clock.step_seconds = clock.now, 0.2
    repeats = train(repeat=2, minutes=0.25)
    assert clock.now - begin < 15
    first, second = (run.result["epochs"] for run in repeats.runs)
    assert first >= second >= 1
    planned = [hundred.load_recipe(run.path / "recipe.toml").recipe.training.epochs for run in repeats.runs]
    assert planned[0] >= planned[1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's and SQLAlchemy's own
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning"
)  # MLflow leaves its SQLite connections to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_repeats_are_nested_runs_in_mlflow(train: Train, tmp_path: Path) -> None:
    repeats = train(epochs=1, repeat=2, set={"tracking.mlflow": True}, tags=["paper"], note="two seeds")
    from mlflow import MlflowClient

    from hundred.runs.trackers.mlflow.state import read_state

    parent = read_state(repeats.path)
    client = MlflowClient(tracking_uri=parent.tracking_uri)
    runs = client.search_runs([parent.experiment_id])
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.run_id]
    assert len(runs) == 3
    assert sorted(run.info.run_name for run in children) == ["seed-0", "seed-1"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.tags["tag.paper"] for run in runs} == {"true"}
    assert {run.data.tags["mlflow.note.content"] for run in runs} == {"two seeds"}
    above = client.get_run(parent.run_id)
    assert above.data.metrics["test_loss"] == pytest.approx(repeats.summary["test_loss"]["mean"])
    accuracies = {run.info.run_name: run.data.metrics["test_accuracy"] for run in children}
    assert accuracies == {run.name: run.result["test_accuracy"] for run in repeats.runs}


def test_repeats_go_on_with_one_warning_where_mlflow_cannot_be_had(
    train: Train, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise HundredError("MLflow at http://nowhere does not answer")

    monkeypatch.setattr("hundred.runs.trackers.mlflow.sync.start_parent", refuse)
    monkeypatch.setattr("hundred.experiment.run.listeners._trackers", lambda context, warn: iter([]))
    repeats = train(epochs=1, repeat=2, set={"tracking.mlflow": True})
    assert len(repeats.runs) == 2
    assert capsys.readouterr().err.count("does not answer") == 1
