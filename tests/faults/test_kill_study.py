"""kill -9 at any point of a study: the same call goes on, and its runs are those of the undisturbed one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hundred.runs.run import Run
from hundred.study.result import open_study

KILLS = 12


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_study_killed_at_random_ends_as_the_undisturbed_one(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killing_study.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path), str(KILLS), "20261123"]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)["killed"] > 0
    for system in ("simple", "initial"):
        for seed in ("seed-0", "seed-1"):
            expected = Run(tmp_path / "study-undisturbed" / system / seed)
            run = Run(tmp_path / "study-killed" / system / seed)
            columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
            assert run.history[columns].equals(expected.history[columns])
            assert run.result["test_loss"] == expected.result["test_loss"]
    killed, undisturbed = (open_study(tmp_path / f"study-{name}") for name in ("killed", "undisturbed"))
    assert killed.page.is_file()
    assert killed.table[["recipe", "runs", "seeds"]].equals(undisturbed.table[["recipe", "runs", "seeds"]])
