"""kill -9 at any moment of a sweep loses no trial that has ended and doubles none."""

import json
import os
from pathlib import Path

import pytest

from hundred.sweeps.journal import JOURNAL
from hundred.sweeps.result import Sweep
from tests.making.killing import kill_repeatedly

KILLS = 15


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_sweep_killed_again_and_again_is_the_undisturbed_one(tmp_path: Path) -> None:
    names = kill_repeatedly("sweep", tmp_path, KILLS)["names"]
    expected = Sweep(tmp_path / "undisturbed")
    for path in (tmp_path / name for name in names):
        sweep = Sweep(path)
        assert sweep.summary
        lines = [json.loads(line) for line in (path / JOURNAL).read_text().splitlines()]
        assert len([line["trial"] for line in lines if "state" in line]) == 8
        assert len([line["trial"] for line in lines if "state" not in line]) == 8
        assert sweep.table.drop(columns="train_seconds").equals(expected.table.drop(columns="train_seconds"))
        assert sweep.winner is not None
        assert expected.winner is not None
        assert sweep.winner.summary["test_accuracy"] == expected.winner.summary["test_accuracy"]
        assert not list(path.glob("**/checkpoint.pt"))
