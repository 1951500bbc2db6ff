"""kill -9 loses at most the epoch under way: a run that is killed again and again is the undisturbed one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hundred.runs.run import Run

from .conftest import file_weights, rows

KILLS = 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_killed_twenty_times_at_random_is_the_undisturbed_one(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killing.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path), str(KILLS), "20261123"]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert len(told["killed"]) == KILLS
    expected = Run(tmp_path / "undisturbed")
    for name in told["runs"]:
        run = Run(tmp_path / name)
        assert rows(run) == rows(expected)
        assert file_weights(run.model_path) == file_weights(expected.model_path)
        for key, array in expected.predictions().items():
            assert np.array_equal(run.predictions()[key], array)
        assert [path.name for path in run.path.iterdir() if path.name.startswith(".")] == [".lock"]
        assert not (run.path / "checkpoint.pt").exists()
        different = ("name", "train_seconds", "total_seconds", "images_per_second")
        assert {k: v for k, v in run.result.items() if k not in different} == {
            k: v for k, v in expected.result.items() if k not in different
        }
