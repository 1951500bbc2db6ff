"""mlflow.json is believed only where this user wrote it, and belongs to one place."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.runs.trackers.mlflow.state import SyncState, read_state, write_state
from hundred.runs.trackers.mlflow.store import check_artifact_uri, local_uri, open_store, tracking_uri
from hundred.runs.trackers.mlflow.sync import sync_run
from tests.making.training_events import finished_run

SERVER = "http://127.0.0.1:9"


@pytest.mark.parametrize("field", ["tracking_uri", "place", "key"])
def test_an_edited_state_is_not_believed(tmp_path: Path, field: str) -> None:
    write_state(tmp_path, SyncState(key="k", tracking_uri=SERVER))
    assert tracking_uri(tmp_path) == SERVER
    content = json.loads((tmp_path / "mlflow.json").read_text())
    content[field] = "http://127.0.0.1:1" if field == "tracking_uri" else "x"
    (tmp_path / "mlflow.json").write_text(json.dumps(content))
    assert tracking_uri(tmp_path) == local_uri(tmp_path.parent)


def test_a_strangers_run_goes_to_the_store_beside_it_and_says_so(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address of the stranger's server is port 9, where nothing answers: contacting it would raise."""
    run = finished_run(tmp_path)
    write_state(run, SyncState(key="k", tracking_uri=SERVER, run_id="r", epochs_sent=3, status="FINISHED"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another user"))
    monkeypatch.setattr(
        "hundred.runs.trackers.mlflow.store.local_uri", lambda folder: f"sqlite:///{store}/mlflow.db"
    )
    report = sync_run(run)
    assert report.tracking_uri == f"sqlite:///{store}/mlflow.db"
    assert report.epochs == 3
    assert f"names {SERVER}, but this user has not sent the run there" in report.note
    assert sync_run(run).note == ""


def test_a_copied_directory_is_a_run_of_its_own_and_a_moved_one_is_not(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    first = sync_run(run, store=store)
    copied = sync_run(shutil.copytree(run, tmp_path / "copy"), store=store)
    assert copied.run_id != first.run_id
    assert copied.epochs == 3
    moved = sync_run(run.rename(tmp_path / "moved"), store=store)
    assert (moved.run_id, moved.epochs) == (first.run_id, 0)


def test_a_state_of_an_older_version_keeps_its_run(tmp_path: Path, store: Path) -> None:
    run = finished_run(tmp_path)
    first = sync_run(run, store=store)
    content = json.loads((run / "mlflow.json").read_text())
    del content["place"], content["signature"]
    (run / "mlflow.json").write_text(json.dumps(content))
    again = sync_run(run, store=store)
    assert (again.run_id, again.epochs) == (first.run_id, 0)


def test_without_a_folder_for_the_key_only_the_store_beside_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    write_state(tmp_path, SyncState(key="k", tracking_uri=SERVER))
    assert read_state(tmp_path).key == "k"
    assert tracking_uri(tmp_path) == local_uri(tmp_path.parent)


def test_a_database_of_another_program_is_not_written_to(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mlflow.db") as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    with pytest.raises(HundredError, match="database of another program, not an MLflow store"):
        open_store(local_uri(tmp_path))


@pytest.mark.parametrize(
    "artifacts",
    ["http://evil.example/a", "s3://bucket/a", "mlflow-artifacts://evil.example/a", "file:///etc/a"],
)
def test_a_store_that_keeps_files_elsewhere_is_used_only_where_the_user_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artifacts: str
) -> None:
    uri = local_uri(tmp_path)
    check_artifact_uri(uri, (tmp_path / "mlartifacts" / "a").as_uri())
    with pytest.raises(HundredError, match="not beside it"):
        check_artifact_uri(uri, artifacts)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    check_artifact_uri(uri, artifacts)
