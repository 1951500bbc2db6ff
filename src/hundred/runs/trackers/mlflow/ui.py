"""MLflow's page on the local store, for this machine's own browser only."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from hundred import guard
from hundred.errors import HundredError
from hundred.runs.trackers.mlflow.store import ARTIFACTS, DATABASE, local_uri, settings

HOST = "127.0.0.1"
PORT = 5000
_PORTS_TRIED = 20
_START_SECONDS = 120.0


def ui_command(root: Path | str, port: int = PORT) -> list[str]:
    """The command that shows the runs in the folder `root`, bound to the loopback address: MLflow asks for
    no password, so no other machine may reach it."""
    root = Path(root).resolve()
    return [
        *(sys.executable, "-P", "-m", "mlflow", "server"),
        *("--backend-store-uri", local_uri(root)),
        *("--default-artifact-root", (root / ARTIFACTS).as_uri()),
        *("--host", HOST, "--port", str(port), "--workers", "1"),
    ]


def launch_ui(root: Path | str, *, port: int | None = None, announce: Callable[[str], object]) -> None:
    """Show the runs in `root` until Ctrl-C; `announce` is called with one line, the address, when the page is
    up. The server ends with this process, also where that is killed.

    Without a `port` the first free one from 5000 on is taken. Raises HundredError where no run was sent
    to a local store yet, the port is taken or the page does not come up.
    """
    root = Path(root)
    if not (root / DATABASE).exists():
        raise HundredError(
            f"there is no {DATABASE} in {root}: train a run first, or send one with hundred sync"
        )
    port = _free_port() if port is None else port
    if not _is_free(port):
        raise HundredError(f"port {port} is taken on this machine: choose another with --port")
    # UVICORN_LOG_LEVEL: a line for every request would bury the one that matters.
    environment = {**os.environ, **settings(), "UVICORN_LOG_LEVEL": "warning"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    with tempfile.TemporaryFile() as output:
        server = guard.start(ui_command(root, port), env=environment, stdout=output, stderr=output)
        try:
            _wait_until_up(server, port, output)
            announce(f"MLflow shows the runs of {root} at http://{HOST}:{port} (Ctrl-C ends it)")
            server.wait()
        except KeyboardInterrupt:
            pass
        finally:
            guard.end(server)


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
