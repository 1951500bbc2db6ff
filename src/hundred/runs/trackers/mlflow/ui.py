"""MLflow's page on the store that the runs were sent to, for this machine's own browser only."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO
from urllib.parse import quote

from hundred import guard
from hundred.errors import HundredError
from hundred.runs.layout import MLFLOW
from hundred.runs.trackers.mlflow.state import read_state
from hundred.runs.trackers.mlflow.store import (
    ARTIFACTS,
    DATABASE,
    local_uri,
    named_uri,
    settings,
    sqlite_path,
    tracking_uri,
    without_password,
)

HOST = "127.0.0.1"
PORT = 5000
_PORTS_TRIED = 20
_START_SECONDS = 120.0


# The table of an experiment's runs, best test accuracy first, in the part of MLflow that is for training.
_TABLE = "/#/experiments/{experiment}/runs?workflowType=machine_learning&orderByKey={key}&orderByAsc=false"


def ui_command(uri: str, port: int = PORT) -> list[str]:
    """The command that shows the store at `uri`, bound to the loopback address: MLflow asks for no password,
    so no other machine may reach it."""
    database = sqlite_path(uri)
    artifacts = (
        [] if database is None else ["--default-artifact-root", (database.parent / ARTIFACTS).as_uri()]
    )
    return [
        *(sys.executable, "-P", "-m", "mlflow", "server", "--backend-store-uri", uri, *artifacts),
        *("--host", HOST, "--port", str(port), "--workers", "1"),
    ]


def launch_ui(root: Path | str, *, port: int | None = None, announce: Callable[[str], object]) -> None:
    """Show the runs in `root` until Ctrl-C; `announce` is called with one line, the address, when the page is
    up. The server ends with this process, also where that is killed.

    The store is MLFLOW_TRACKING_URI, else where the runs in `root` were sent. Of a server only the address is
    announced: it has a page of its own. Without a `port` the first free one from 5000 on is taken.

    Raises HundredError where no run was sent to a store yet, the port is taken or the page does not come up.
    """
    root = Path(root)
    uri, experiment = store_of(root)
    if uri.startswith(("http://", "https://")):
        announce(f"MLflow shows the runs of {root} at {page_address(without_password(uri), experiment)}")
        return
    port = _free_port() if port is None else port
    if not _is_free(port):
        raise HundredError(f"port {port} is taken on this machine: choose another with --port")
    # UVICORN_LOG_LEVEL: a line for every request would bury the one that matters.
    environment = {**os.environ, **settings(), "UVICORN_LOG_LEVEL": "warning"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with tempfile.TemporaryFile() as output:
        server = guard.start(ui_command(uri, port), env=environment, stdout=output, stderr=output)
        try:
            _wait_until_up(server, port, output)
            address = page_address(f"http://{HOST}:{port}", experiment)
            announce(f"MLflow shows the runs of {root} at {address} (Ctrl-C ends it)")
            server.wait()
        except KeyboardInterrupt:
            pass
        finally:
            guard.end(server)


def store_of(root: Path) -> tuple[str, str]:
    """The store that has the runs in `root`, and the experiment there of the newest of them, '' if unknown.

    Raises HundredError where there is none.
    """
    folders = [path for path in root.iterdir() if (path / MLFLOW).is_file()] if root.is_dir() else []
    folders.sort(key=lambda path: (path / MLFLOW).stat().st_mtime, reverse=True)
    named = named_uri()
    for folder in folders:
        state = read_state(folder)
        uri = tracking_uri(folder)
        if state.tracking_uri == without_password(uri) and (not named or uri == named):
            return uri, state.experiment_id
    if named:
        return named, ""
    if not (root / DATABASE).exists():
        raise HundredError(
            f"there is no {DATABASE} in {root}: train a run first, or send one with hundred sync"
        )
    return local_uri(root), ""


def page_address(server: str, experiment: str) -> str:
    """Where a browser shows the table of an experiment's runs, or the list of experiments."""
    if not experiment:
        return f"{server.rstrip('/')}/#/experiments?workflowType=machine_learning"
    key = quote("metrics.`test_accuracy`", safe="")
    return server.rstrip("/") + _TABLE.format(experiment=experiment, key=key)


def _wait_until_up(server: "subprocess.Popen[bytes]", port: int, output: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while _is_free(port):
        if server.poll() is not None:
            output.seek(0)
            last = (output.read().decode(errors="replace").strip().splitlines() or ["no output"])[-1]
            raise HundredError(f"MLflow's page could not be started: {last[:200]}")
        if time.monotonic() > deadline:
            raise HundredError(f"MLflow's page did not come up within {_START_SECONDS:.0f} s")
        time.sleep(0.2)


def _free_port() -> int:
    for port in range(PORT, PORT + _PORTS_TRIED):
        if _is_free(port):
            return port
    raise HundredError(f"ports {PORT} to {PORT + _PORTS_TRIED - 1} are all taken: choose one with --port")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) != 0
