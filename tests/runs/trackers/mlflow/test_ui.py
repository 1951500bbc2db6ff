"""MLflow's page is bound to the loopback address, and what keeps it from coming up is told in one line."""

import os
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.runs.trackers.mlflow.ui import launch_ui, ui_command


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nobody(line: str) -> None:
    raise AssertionError(line)


def test_the_command_shows_the_local_store_to_this_machine_only(tmp_path: Path) -> None:
    command = ui_command(tmp_path / "runs", port=5003)
    options = dict(zip(command[5::2], command[6::2], strict=True))
    assert options["--backend-store-uri"] == f"sqlite:///{tmp_path}/runs/mlflow.db"
    assert options["--host"] == "127.0.0.1"
    assert options["--port"] == "5003"


def test_a_page_that_is_up_is_told_with_its_address_and_ends_with_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow.db").touch()
    monkeypatch.setattr(
        "hundred.runs.trackers.mlflow.ui.ui_command",
        lambda root, port: [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
    )
    said: list[str] = []

    def visit(line: str) -> None:
        said.append(line)
        with urllib.request.urlopen(line.split(" at ")[1].split()[0]) as page:
            assert page.status == 200
        os.kill(os.getpid(), signal.SIGINT)

    port = free_port()
    launch_ui(tmp_path, port=port, say=visit)
    assert said == [f"MLflow shows the runs of {tmp_path} at http://127.0.0.1:{port} (Ctrl-C ends it)"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_folder_without_a_store_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(HundredError, match=r"no mlflow\.db in .*: train a run first"):
        launch_ui(tmp_path, say=nobody)


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(HundredError, match="is taken on this machine: choose another with --port"):
            launch_ui(tmp_path, port=taken.getsockname()[1], say=nobody)


def test_a_page_that_ends_at_once_is_told_with_its_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mlflow.db").touch()
    monkeypatch.setattr(
        "hundred.runs.trackers.mlflow.ui.ui_command",
        lambda root, port: [sys.executable, "-c", "raise SystemExit('no such table')"],
    )
    with pytest.raises(HundredError, match="could not be started: no such table"):
        launch_ui(tmp_path, port=free_port(), say=nobody)
