"""An MLflow server killed in the middle of a run: nothing is lost, and `hundred sync` sends the rest."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class

from .test_surroundings import SMALL


@pytest.fixture(scope="module")
def few() -> Dataset:
    return subset_per_class(draw_sample(), 4, 2)


@contextmanager
def server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A real MLflow server on `port`, up when this begins; killed at the end."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/store.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the server did not start"
                time.sleep(0.5)
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_a_server_killed_in_the_middle_of_a_run_costs_one_warning(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    (tmp_path / "server").mkdir()

    with server(tmp_path / "server", port) as process:

        class Kill:
            """After the second epoch, once the run has reached the server."""

            def on_epoch_ended(self, event: Any) -> None:
                if event.epoch == 2:
                    for _ in range(120):
                        if (tmp_path / "runs" / "one" / "mlflow.json").exists():
                            break
                        time.sleep(0.5)
                    kill(process)

        settings = {**SMALL, "tracking.mlflow": True}
        call = {"data": few, "runs": tmp_path / "runs", "figures": False, "quiet": True, "set": settings}
        run = hundred.train("sprint", epochs=4, name="one", listeners=[Kill()], **call)
    assert run.finished
    assert run.history["epoch"].tolist() == [1, 2, 3, 4]
    warned = [event["message"] for event in run.events if event["kind"] == "warned"]
    assert len(warned) <= 1

    with server(tmp_path / "server", port):
        from hundred.cli.main import main

        with pytest.raises(SystemExit) as ended:
            main(["sync", str(run.path)])
        assert ended.value.code == 0
        import mlflow

        client = mlflow.MlflowClient(f"http://127.0.0.1:{port}")
        runs = client.search_runs([each.experiment_id for each in client.search_experiments()])
        assert len(runs) == 1
        points = client.get_metric_history(runs[0].info.run_id, "loss")
        assert sorted(point.step for point in points) == [1, 2, 3, 4]
