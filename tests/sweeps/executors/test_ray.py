"""Sweeps and repeats on a real Ray cluster on this machine: the trials, winner and files of one process."""

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import HundredError, MissingExtra, UsageError
from hundred.runs.run import Run
from hundred.sweeps.executors.base import Resources
from hundred.sweeps.executors.ray import trials_that_fit
from hundred.sweeps.result import Sweep
from hundred.sweeps.retrain import repeat_on_ray
from tests.making.sweeps import SMALL

# Read when Ray is imported; without one it would leave a token in the home folder.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'hundred[scale]'")

# Ray's own files and sockets, and what it says of its future defaults, are not ours to close or to heed.
pytestmark = pytest.mark.filterwarnings("ignore")

VARY = {"training.learning_rate": "0.01..0.5:log"}
TIMES = ["train_seconds"]


@pytest.fixture
def quick_ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A death is noticed within a second or two, and nothing of Ray is left afterwards."""
    monkeypatch.setenv("RAY_health_check_period_ms", "300")
    monkeypatch.setenv("RAY_health_check_timeout_ms", "1000")
    monkeypatch.setenv("RAY_health_check_failure_threshold", "2")
    yield
    ray.shutdown()


def sweep(data: Dataset, runs: Path, **options: Any) -> Sweep:
    given = {"trials": 3, "epochs": 2, "seeds": 1, "name": "s", "figures": False, "quiet": True, **options}
    recipe_set = {**SMALL, **given.pop("set", {})}
    return hundred.sweep("sprint", given.pop("vary", VARY), data=data, runs=runs, set=recipe_set, **given)


def test_on_ray_it_has_the_trials_winner_and_whole_runs_of_one_process(
    few_images: Dataset, tmp_path: Path, quick_ray: None
) -> None:
    here = sweep(few_images, tmp_path / "here", cpus=1)
    there = sweep(few_images, tmp_path / "there", ray="local", workers=2)
    assert there.table.drop(columns=TIMES).equals(here.table.drop(columns=TIMES))
    assert there.winner is not None
    assert here.winner is not None
    assert there.winner.summary["test_accuracy"] == here.winner.summary["test_accuracy"]
    for trial in there.trials:
        files = {path.name for path in there.run_of(trial).path.iterdir()} - {".lock"}
        assert files == {path.name for path in here.run_of(trial).path.iterdir()} - {".lock"}
        assert str(there.path / trial.name) in there.run_of(trial).recipe_text
    assert not ray.is_initialized()


def test_what_cannot_run_on_a_cluster_is_said_in_a_line(few_images: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Ray's client cannot"):
        sweep(few_images, tmp_path, ray="ray://head:10001")
    with pytest.raises(UsageError, match="add --ray ADDRESS"):
        Resources(gpus=0.5)
    with pytest.raises(UsageError, match="1 to 4096"):
        Resources(ray="auto", cpus=0)
    assert trials_that_fit({"CPU": 8.0, "GPU": 2.0}, 1, 0.25) == 8
    assert trials_that_fit({"CPU": 16.0, "GPU": 2.0}, 1, 0.25) == 8
    assert trials_that_fit({"CPU": 16.0}, 3, 0.0) == 5
    assert trials_that_fit({"CPU": 16.0}, 1, 1.0) == 0
    assert trials_that_fit({"CPU": 16.0, "GPU": 2.0}, 1, 0.3) == 6
    assert trials_that_fit({"CPU": 16.0, "GPU": 4.0}, 1, 2.0) == 2
    assert trials_that_fit({}, 1, 0.0) == 0


def test_without_ray_it_says_what_to_install(
    few_images: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"hundred\[scale\]"):
        sweep(few_images, tmp_path, ray="local")


@pytest.fixture
def two_nodes(quick_ray: None) -> Iterator[Any]:
    """A cluster of three nodes on this machine: the caller's, which trains nothing, and two that train."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.mark.slow
def test_with_a_node_killed_on_the_way_the_winner_is_the_same(
    few_images: Dataset, tmp_path: Path, two_nodes: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    options: dict[str, Any] = {
        "trials": 20,
        "epochs": 12,
        "seeds": 2,
        "vary": {**VARY, "augment.cutout": [0, 4]},
    }
    here = sweep(few_images, tmp_path / "here", cpus=1, **options)
    folder = tmp_path / "there" / "s"
    killer = threading.Thread(target=_kill_a_node, args=(two_nodes, folder), daemon=True)
    killer.start()
    there = sweep(few_images, tmp_path / "there", ray=two_nodes.address, **{**options, "quiet": False})
    killer.join(60)
    assert sum(node["Alive"] for node in _nodes) == 2
    assert there.table.drop(columns=TIMES).equals(here.table.drop(columns=TIMES))
    assert there.winner is not None
    assert here.winner is not None
    assert there.winner.path.name == here.winner.path.name
    assert there.winner.summary["test_accuracy"] == here.winner.summary["test_accuracy"]
    lost = re.findall(r"^(trial-\d+): its worker is gone", capfd.readouterr().err, re.MULTILINE)
    assert lost
    starts = [event for event in Run(there.path / lost[0]).events if event["kind"] == "run-started"]
    assert starts[-1]["first_epoch"] > 1, "it did not go on from a checkpoint"


_nodes: list[dict[str, Any]] = []


def _kill_a_node(cluster: Any, folder: Path) -> None:
    """Once five trials have ended and two under way have handed over a checkpoint, kill a training node."""
    while True:
        time.sleep(0.05)
        done = list(folder.glob("trial-*/result.json"))
        if len(done) >= 5 and len(list(folder.glob("trial-*/checkpoint.pt"))) >= 2:
            break
    node = next(iter(cluster.worker_nodes))
    raylet = node.all_processes["raylet"][0].process.pid
    workers = Path(f"/proc/{raylet}/task/{raylet}/children").read_text().split()
    for process in (raylet, *workers):
        os.kill(int(process), signal.SIGKILL)
    cluster.remove_node(node, allow_graceful=False)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        _nodes[:] = ray.nodes()
        if sum(node["Alive"] for node in _nodes) == 2:
            return
        time.sleep(0.2)


@pytest.mark.slow
def test_with_a_worker_killed_on_the_way_the_winner_is_the_same(
    few_images: Dataset, tmp_path: Path, quick_ray: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """The process of one trial, on a node that stays."""
    options: dict[str, Any] = {"trials": 6, "epochs": 12, "seeds": 0}
    here = sweep(few_images, tmp_path / "here", cpus=1, **options)
    folder, killed = tmp_path / "there" / "s", list[str]()
    killer = threading.Thread(target=_kill_a_worker, args=(folder, killed), daemon=True)
    killer.start()
    there = sweep(few_images, tmp_path / "there", ray="local", workers=2, **{**options, "quiet": False})
    killer.join(60)
    assert killed
    assert there.table.drop(columns=TIMES).equals(here.table.drop(columns=TIMES))
    assert re.findall(r"^trial-\d+: its worker is gone", capfd.readouterr().err, re.MULTILINE)


def _kill_a_worker(folder: Path, killed: list[str]) -> None:
    """Once a trial has handed over a checkpoint, SIGKILL a process of Ray that trains one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if list(folder.glob("trial-*/checkpoint.pt")):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    title = (process / "cmdline").read_bytes().decode(errors="replace")
                    if title.startswith("ray::") and "trial-" in title:
                        os.kill(int(process.name), signal.SIGKILL)
                        killed.append(title)
                        return
        time.sleep(0.02)


DRIVER = """
import os, sys
import hundred
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
data = subset_per_class(draw_sample(), 4, 4)
hundred.sweep("sprint", {"training.learning_rate": "0.01..0.5:log"}, data=data, trials=40,
              epochs=40, seeds=0, runs=sys.argv[1], name="s", ray="local", workers=1, quiet=True,
              figures=False, set={"model.width1": 8, "model.width2": 8, "model.width3": 8,
              "training.batch_size": 100, "tracking.mlflow": False, "data.validation_per_class": 2})
"""


@pytest.mark.slow
def test_of_a_driver_that_is_killed_nothing_of_ray_is_left(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="driver-", ignore_cleanup_errors=True) as short:  # Ray's sockets need it
        environment = {**os.environ, "RAY_TMPDIR": short, "TMPDIR": short}
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", DRIVER, str(tmp_path)], env=environment
        ) as driver:
            while not list((tmp_path / "s").glob("trial-*/checkpoint.pt")):
                assert driver.poll() is None
                time.sleep(0.1)
            assert len(_processes_with(short)) > 3
            driver.kill()
        # Ray's agents first try to tell the head, which is gone too.
        deadline = time.monotonic() + 150
        while _processes_with(short) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert _processes_with(short) == {}


def _processes_with(text: str) -> dict[int, str]:
    """Processes whose environment holds `text`, by id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(process.name) != os.getpid() and text.encode() in (process / "environ").read_bytes():
                found[int(process.name)] = (process / "cmdline").read_bytes().decode(errors="replace")[:80]
    return found


@pytest.mark.slow
def test_runs_go_to_a_url_and_the_winner_comes_back(
    few_images: Dataset, tmp_path: Path, quick_ray: None
) -> None:
    store = (tmp_path / "store").as_uri()
    found = sweep(few_images, tmp_path / "runs", ray="local", workers=2, store=store)
    for trial in found.trials:
        assert (tmp_path / "store" / trial.name / "result.json").is_file()
        assert not (found.path / trial.name).exists()
    assert found.winner is not None
    assert found.winner.runs[0].predictions()["test_logits"].shape == (200, 100)


@pytest.mark.slow
def test_repeats_on_ray_are_those_of_one_process(
    few_images: Dataset, tmp_path: Path, quick_ray: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    options: dict[str, Any] = {"data": few_images, "epochs": 2, "set": SMALL, "figures": False, "quiet": True}
    here = hundred.train("sprint", repeat=2, runs=tmp_path / "here", name="r", **options)
    there = repeat_on_ray("sprint", 2, "local", runs=tmp_path / "there", name="r", **options)
    torch.set_num_threads(threads)
    assert there.summary["test_accuracy"] == here.summary["test_accuracy"]
    assert [run.result["seed"] for run in there.runs] == [0, 1]


def test_an_address_where_nobody_answers(few_images: Dataset, tmp_path: Path) -> None:
    if os.environ.get("RAY_ADDRESS"):
        pytest.skip("a cluster is named by RAY_ADDRESS")
    with pytest.raises(HundredError, match="no Ray cluster answers"):
        sweep(few_images, tmp_path, ray="auto")
