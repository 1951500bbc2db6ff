"""A run directory is put into MLflow's terms without losing or inventing a figure."""

import json
from pathlib import Path

import pytest

from hundred.runs.events import EventLog
from hundred.runs.history import HistoryCsv
from hundred.runs.trackers.content import artifacts, epochs, final_metrics, parameters, status, tags
from hundred.runs.trackers.mlflow.state import SyncState, read_state, write_state
from hundred.runs.trackers.mlflow.store import tracking_uri, without_password
from hundred.training.events import EpochEnded, Finding, Stopped, notify
from tests.making.training_events import finished_run, started


def test_recipes_become_dotted_parameters(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(
        'a = 1\nwords = ["x", "y"]\nflag = true\n[b.c]\nd = 1e-7\n[[e]]\nf = 1\n[[e]]\nf = 2\n"g:h" = "i"\n'
    )
    assert parameters(tmp_path) == {
        "a": "1", "words": '["x", "y"]', "flag": "true", "b.c.d": "1e-07",
        "e.0.f": "1", "e.1.f": "2", "e.1.g_h": "i",
    }  # fmt: skip


def test_long_values_are_cut_to_what_mlflow_takes(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(f'a = "{"x" * 9000}"\n')
    (tmp_path / "environment.json").write_text(json.dumps({"command": "y" * 9000}))
    assert len(parameters(tmp_path)["a"]) == 500
    assert len(tags(tmp_path)["environment.command"]) == 5000


def test_figures_that_are_not_finite_or_not_there_are_not_sent(tmp_path: Path) -> None:
    recorders = (HistoryCsv(tmp_path / "history.csv"), EventLog(tmp_path / "events.jsonl"))
    notify(recorders, EpochEnded(1, 0.5, float("nan"), None, float("inf"), 0.1, 1.0, 9.0))
    (row,) = epochs(tmp_path, ended=False)
    assert row.figures == {"accuracy": 0.5, "learning_rate": 0.1, "seconds": 1.0, "images_per_second": 9.0}


def test_an_epochs_time_is_that_of_its_event(tmp_path: Path) -> None:
    notify([HistoryCsv(tmp_path / "history.csv")], EpochEnded(1, 0.5, 1.0, None, None, 0.1, 1.0, 9.0))
    (tmp_path / "events.jsonl").write_text(
        '{"kind": "epoch-ended", "epoch": 1, "time": "1970-01-01T00:00:01.500Z"}\n'
    )
    assert [row.time for row in epochs(tmp_path, ended=False)] == [1500]


def test_a_result_is_not_taken_for_one_more_epoch(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(
        '{"val_accuracy": 0.5, "test_accuracy": 0.6, "interval": [1, 2], "epochs": 3, "f": true, "x": null}'
    )
    assert final_metrics(tmp_path) == {
        "final_val_accuracy": 0.5, "test_accuracy": 0.6, "interval_low": 1.0,
        "interval_high": 2.0, "epochs": 3.0,
    }  # fmt: skip


def test_findings_and_the_stop_become_tags_until_the_run_goes_on(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    notify([log], Finding(3, "overfitting", 0.8, "0.9 against 0.5", []))
    notify([log], Stopped(3, "interrupted", "Ctrl-C"))
    assert tags(tmp_path)["finding.overfitting"] == "0.9 against 0.5"
    assert tags(tmp_path)["stopped"] == "interrupted"
    assert status(tmp_path) == "KILLED"
    notify([log], started(first_epoch=4))
    assert "stopped" not in tags(tmp_path)
    assert status(tmp_path) == "FAILED"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("early-stopping", "FINISHED"), ("not-finite", "FAILED"), ("interrupted", "KILLED")],
)
def test_how_a_run_with_figures_has_ended_follows_from_why_it_stopped(
    tmp_path: Path, reason: str, expected: str
) -> None:
    run = finished_run(tmp_path)
    notify([EventLog(run / "events.jsonl")], Stopped(3, reason))
    assert status(run) == expected


def test_growing_files_are_kept_for_the_end(tmp_path: Path) -> None:
    run = finished_run(tmp_path)
    assert set(artifacts(run, ended=False)) == {"recipe.toml", "environment.json"}
    assert {"model.h5", "history.csv", "figures/curves.png"} <= set(artifacts(run, ended=True))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"key": 1}', '{"key": "a", "epochs_sent": "3"}', '{"k": 1}']
)
def test_a_damaged_state_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "mlflow.json").write_text(text)
    state = read_state(tmp_path)
    assert state == SyncState(key=state.key)
    assert len(state.key) == 32


def test_the_state_reads_back_and_says_whether_all_is_sent(tmp_path: Path) -> None:
    state = SyncState(key="k", tracking_uri="u", epochs_sent=3, tags={"a": "b"}, status="FINISHED")
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert json.loads((tmp_path / "mlflow.json").read_text())["finished"] is True


def test_passwords_are_never_kept() -> None:
    assert without_password("https://me:secret@host:5000/x") == "https://host:5000/x"
    assert without_password("sqlite:////a/b@c.db") == "sqlite:////a/b@c.db"


def test_the_store_is_the_variables_the_callers_the_last_ones_or_the_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "runs" / "a"
    run.mkdir(parents=True)
    assert tracking_uri(run) == f"sqlite:///{tmp_path}/runs/mlflow.db"
    write_state(run.parent, SyncState(key="k", tracking_uri="http://parent"))
    assert tracking_uri(run) == "http://parent"
    write_state(run, SyncState(key="k", tracking_uri="http://own"))
    assert tracking_uri(run) == "http://own"
    assert tracking_uri(run, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://named")
    assert tracking_uri(run, tmp_path) == "http://named"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mine.db")
    assert tracking_uri(run) == f"sqlite:///{Path.cwd()}/mine.db"


def test_a_store_left_on_another_machine_is_not_made_again(tmp_path: Path) -> None:
    run = tmp_path / "a"
    run.mkdir()
    write_state(run, SyncState(key="k", tracking_uri=f"sqlite:///{tmp_path}/elsewhere/mlflow.db"))
    assert tracking_uri(run) == f"sqlite:///{tmp_path}/mlflow.db"
