"""`torchrun -m hundred train`: one run directory, as one process would have made it.

The arithmetic of several processes is tested in tests/training/test_parallel.py.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hundred.runs.run import Run
from tests.experiment.conftest import SMALL, Train, rows

WORDS = {key: str(value).replace("False", "false") for key, value in SMALL.items()}
WORDS |= {"data.train_per_class": "4", "data.test_per_class": "2", "training.ema": "0.9"}
SET = [word for key, value in WORDS.items() for word in ("--set", f"{key}={value}")]
COMMAND = ["train", "sprint", "--data", "sample", "--no-figures", *SET]


def torchrun_command() -> list[str]:
    """PyTorch's own launcher of `hundred` in two processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"]
    return [*launcher, "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", "-m", "hundred"]


def torchrun(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What it says and how it ends."""
    command, environment = [*torchrun_command(), *arguments], {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


@pytest.mark.slow
def test_two_processes_make_the_run_that_one_makes(train: Train, tmp_path: Path) -> None:
    done = torchrun(tmp_path, *COMMAND, "--epochs", "2", "--name", "two")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("test accuracy") == 1
    assert done.stderr.count("epoch 2/2") == 1
    run = Run(tmp_path / "runs" / "two")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["two"]
    expected = train(epochs=2, set={"training.ema": 0.9})
    assert sorted(path.name for path in run.path.iterdir()) == sorted(
        path.name for path in expected.path.iterdir()
    )
    assert run.environment["processes"] == 2
    assert len(rows(run)) == 2
    for ours, theirs in zip(rows(run), rows(expected), strict=True):
        assert ours == pytest.approx(theirs, rel=0.02, abs=0.03)
    assert run.result["test_loss"] == pytest.approx(expected.result["test_loss"], rel=0.02)


@pytest.mark.slow
def test_processes_resume_repeat_and_keep_to_their_minutes_together(tmp_path: Path) -> None:
    for more in (
        ["--epochs", "2", "--name", "kept", "--keep-checkpoint"],
        ["--epochs", "1", "--repeat", "2", "--name", "pair"],
        ["--epochs", "3", "--minutes", "3", "--name", "timed"],
    ):
        done = torchrun(tmp_path, *COMMAND, *more)
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.count("test accuracy") == 1
    kept = Run(tmp_path / "runs" / "kept")
    before = kept.result
    (kept.path / "result.json").unlink()
    done = torchrun(tmp_path, "train", "runs/kept", "--resume", "--data", "sample", "--no-figures")
    assert done.returncode == 0, done.stderr[-2000:]
    assert kept.result["test_loss"] == pytest.approx(before["test_loss"], rel=1e-6)
    assert len(Run(tmp_path / "runs" / "pair" / "seed-1").history) == 1
    assert 1 <= len(Run(tmp_path / "runs" / "timed").history) <= 3


@pytest.mark.slow
def test_what_several_processes_cannot_do_is_said_once(tmp_path: Path) -> None:
    for arguments, said in (
        (["recipes"], "torchrun is for `hundred train`"),
        ([*COMMAND, "--set", "training.batch_size=1"], "batch of 1 images cannot be shared by 2 processes"),
        (["train", "sprintt"], "did you mean 'sprint'"),
        ([*COMMAND, "--device", "cuda:0"], "each process takes its own GPU"),
    ):
        done = torchrun(tmp_path, *arguments)
        assert done.returncode == 1
        assert done.stderr.count(said) == 1, done.stderr[-3000:]
        assert "hundred/" not in done.stderr.replace("hundred/cli", "")  # no traceback of ours


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds the processes in /proc")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_ends_all_and_the_run_goes_on_later(tmp_path: Path, rank: int) -> None:
    command = [*torchrun_command(), *COMMAND, "--epochs", "60", "--name", "cut", "--keep-checkpoint"]
    started = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    history = tmp_path / "runs" / "cut" / "history.csv"
    while not (history.exists() and len(history.read_text().splitlines()) > 2):
        assert started.poll() is None
        time.sleep(0.2)
    os.kill(process_of(tmp_path, rank), signal.SIGKILL)
    assert started.wait(timeout=300) == 1
    done = len(history.read_text().splitlines()) - 1
    assert done < 60
    more = ["--resume", "--data", "sample", "--no-figures", "--minutes", "1"]
    again = torchrun(tmp_path, "train", "runs/cut", *more)
    assert again.returncode == 0, again.stderr[-2000:]
    assert Run(tmp_path / "runs" / "cut").history["epoch"].tolist()[:done] == list(range(1, done + 1))


def process_of(folder: Path, rank: int) -> int:
    """The process that torchrun started as number `rank` in `folder`."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "environ").read_bytes().split(b"\0")
            here = (place / "cwd").resolve() == folder.resolve()
            if here and f"RANK={rank}".encode() in words and b"hundred" in (place / "cmdline").read_bytes():
                return int(place.name)
        except OSError:
            continue
    raise AssertionError(f"no process {rank}")
