"""kill -9 at any moment of a sweep loses no trial that has ended and doubles none."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hundred.sweeps.journal import JOURNAL
from hundred.sweeps.result import Sweep

KILLS = 15


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_sweep_killed_again_and_again_is_the_undisturbed_one(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killing.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path), str(KILLS), "20261123"]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    expected = Sweep(tmp_path / "undisturbed")
    for path in tmp_path.glob("killed*"):
        sweep = Sweep(path)
        if not sweep.summary:
            continue  # one that had not got far when the others were enough
        lines = [json.loads(line) for line in (path / JOURNAL).read_text().splitlines()]
        assert len([line["trial"] for line in lines if "state" in line]) == 8
        assert len([line["trial"] for line in lines if "state" not in line]) == 8
        assert sweep.table.drop(columns="train_seconds").equals(expected.table.drop(columns="train_seconds"))
        assert sweep.winner is not None
        assert expected.winner is not None
        assert sweep.winner.summary["test_accuracy"] == expected.winner.summary["test_accuracy"]
        assert not list(path.glob("**/checkpoint.pt"))
    assert Sweep(tmp_path / json.loads(done.stdout)["last"]).summary
