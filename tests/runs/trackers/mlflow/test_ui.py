"""MLflow's page is bound to the loopback address, and one line says why it does not come up."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.runs.trackers.mlflow.state import SyncState, write_state
from hundred.runs.trackers.mlflow.store import local_uri
from hundred.runs.trackers.mlflow.ui import launch_ui, store_of, ui_command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unexpected(line: str) -> None:
    raise AssertionError(line)


def test_the_command_shows_the_local_store_to_this_machine_only(tmp_path: Path) -> None:
    command = ui_command(local_uri(tmp_path / "runs"), port=5003)
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert options["--backend-store-uri"] == f"sqlite:///{tmp_path}/runs/mlflow.db"
    assert options["--host"] == "127.0.0.1"
    assert options["--port"] == "5003"


def test_a_page_that_is_up_is_announced_with_its_address_and_ends_with_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow.db").touch()
    monkeypatch.setattr(
        "hundred.runs.trackers.mlflow.ui.ui_command",
        lambda uri, port: [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
    )
    announced: list[str] = []

    def visit(line: str) -> None:
        announced.append(line)
        with urllib.request.urlopen(line.split(" at ")[1].split()[0]) as page:
            assert page.status == 200
        os.kill(os.getpid(), signal.SIGINT)

    port = free_port()
    launch_ui(tmp_path, port=port, announce=visit)
    address = f"http://127.0.0.1:{port}/#/experiments?workflowType=machine_learning"
    assert announced == [f"MLflow shows the runs of {tmp_path} at {address} (Ctrl-C ends it)"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_folder_without_a_store_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match=r"no mlflow\.db in .*: train a run first"):
        launch_ui(tmp_path, announce=unexpected)


def sent(run: Path, uri: str, experiment: str) -> None:
    run.mkdir(parents=True)
    write_state(run, SyncState(key="k", tracking_uri=uri, experiment_id=experiment, run_id="r"))


def test_the_page_is_that_of_the_store_and_experiment_of_the_newest_run(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    sent(tmp_path / "a", local_uri(tmp_path), "1")
    assert store_of(tmp_path) == (local_uri(tmp_path), "1")
    elsewhere = tmp_path / "other" / "mlflow.db"
    elsewhere.parent.mkdir()
    elsewhere.touch()
    sent(tmp_path / "runs" / "b", local_uri(elsewhere.parent), "7")
    assert store_of(tmp_path / "runs") == (local_uri(elsewhere.parent), "7")


def test_a_server_named_in_the_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@example.org/mlflow/")
    sent(tmp_path / "a", "https://example.org/mlflow/", "3")
    announced: list[str] = []
    launch_ui(tmp_path, announce=announced.append)
    assert announced == [
        f"MLflow shows the runs of {tmp_path} at https://example.org/mlflow/#/experiments/3/runs"
        "?workflowType=machine_learning&orderByKey=metrics.%60test_accuracy%60&orderByAsc=false"
    ]


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(HundredError, match="is taken on this machine: choose another with --port"):
            launch_ui(tmp_path, port=taken.getsockname()[1], announce=unexpected)


def test_a_page_that_ends_at_once_is_reported_with_its_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow.db").touch()
    monkeypatch.setattr(
        "hundred.runs.trackers.mlflow.ui.ui_command",
        lambda uri, port: [sys.executable, "-c", "raise SystemExit('no such table')"],
    )
    with pytest.raises(HundredError, match="could not be started: no such table"):
        launch_ui(tmp_path, port=free_port(), announce=unexpected)


PAGE = """
import sys
from hundred.runs.trackers.mlflow import ui
ui.ui_command = lambda uri, port: [
    sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])",
    sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)
]
ui.launch_ui(sys.argv[1], port=int(sys.argv[2]), announce=lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_page_ends_with_the_command_that_started_it(tmp_path: Path, number: int) -> None:
    """Like MLflow's, the server here is a grandchild, which ending its parent alone would leave behind."""
    (tmp_path / "mlflow.db").touch()
    port = free_port()
    command = [sys.executable, "-c", PAGE, str(tmp_path), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"at http://127.0.0.1" in process.stdout.readline()
        process.send_signal(number)
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        assert time.monotonic() < deadline, "the server is still there"
        time.sleep(0.2)
