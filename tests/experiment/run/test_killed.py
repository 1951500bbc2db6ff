"""kill -9 loses at most the epoch under way: a run that is killed again and again is the undisturbed one."""

import os
from pathlib import Path

import numpy as np
import pytest

from hundred.runs.run import Run
from tests.experiment.conftest import file_weights, rows
from tests.making.killing import kill_repeatedly

KILLS = 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_killed_twenty_times_at_random_is_the_undisturbed_one(tmp_path: Path) -> None:
    killed_run = kill_repeatedly("run", tmp_path, KILLS)
    assert len(killed_run["stages"]) == KILLS
    expected = Run(tmp_path / "undisturbed")
    for name in killed_run["names"]:
        run = Run(tmp_path / name)
        assert rows(run) == rows(expected)
        assert file_weights(run.model_path) == file_weights(expected.model_path)
        for key, array in expected.predictions().items():
            assert np.array_equal(run.predictions()[key], array)
        assert [path.name for path in run.path.iterdir() if path.name.startswith(".")] == [".lock"]
        assert not (run.path / "checkpoint.pt").exists()
        different = ("name", "train_seconds", "total_seconds", "sittings", "images_per_second")
        assert {k: v for k, v in run.result.items() if k not in different} == {
            k: v for k, v in expected.result.items() if k not in different
        }
