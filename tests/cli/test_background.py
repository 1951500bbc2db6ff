"""`--background` and `hundred stop`: a training that outlives its command, and ends when asked to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hundred.cli.background import _resuming, trained_folder

TINY = ["--set", "model.width1=8", "--set", "model.width2=8", "--set", "model.width3=8"]
FAST = ["--set", "data.train_per_class=4", "--set", "data.test_per_class=2", "--set", "tracking.mlflow=false"]


def hundred(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "ignore", "-m", "hundred", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="needs Linux")
def test_a_training_in_the_background_is_idle_logged_stopped_and_resumed(tmp_path: Path) -> None:
    started = hundred(
        "train", "sprint", "--data", "sample", "--epochs", "100000", "--name", "far", "--background",
        *TINY, *FAST, cwd=tmp_path,
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    run = tmp_path / "runs" / "far"
    pid = json.loads((run / "sittings.json").read_text())["sittings"][-1]["pid"]
    assert trained_folder(tmp_path / "runs", pid) == run
    assert "hundred stop runs/far" in started.stdout
    for _ in range(600):
        if os.sched_getscheduler(pid) == os.SCHED_IDLE:
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert os.sched_getscheduler(pid) == os.SCHED_IDLE
    stopped = hundred("stop", "runs/far", cwd=tmp_path)
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stdout == "stopped  runs/far\n"
    assert "go on with it" in (run / "background.log").read_text()
    assert hundred("stop", "runs/far", cwd=tmp_path).returncode == 2


def test_a_wrong_call_is_answered_at_once(tmp_path: Path) -> None:
    done = hundred("train", "sprnt", "--background", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'sprint'" in done.stderr
    assert not list(tmp_path.glob("runs/*"))


def test_the_command_to_resume_is_that_of_the_run_repeats_sweep_or_study(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").touch()
    train = ["train", "sprint", "--epochs", "3"]
    assert _resuming(train, tmp_path) == ["train", str(tmp_path), "--resume", "--background"]
    repeats = tmp_path / "sprint-x3"
    assert _resuming([*train, "--repeat", "3"], repeats) == [
        *train, "--repeat", "3", "--name", "sprint-x3", "--resume", "--background",
    ]  # fmt: skip
    study = tmp_path / "study-full"
    assert _resuming(["study", "--only", "school"], study) == [
        "study",
        str(study),
        "--resume",
        "--background",
    ]
