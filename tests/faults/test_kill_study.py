"""kill -9 at any point of a study: the same call goes on, and its runs are those of the undisturbed one."""

import os
from pathlib import Path

import pytest

from hundred.study.result import open_study
from tests.making.killing import kill_repeatedly

KILLS = 12


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_study_killed_at_random_ends_as_the_undisturbed_one(tmp_path: Path) -> None:
    names = kill_repeatedly("study", tmp_path, KILLS)["names"]
    undisturbed = open_study(tmp_path / "study-undisturbed")
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    for name in names:
        study = open_study(tmp_path / f"study-{name}")
        assert study.page.is_file()
        assert study.table[["recipe", "runs", "seeds"]].equals(undisturbed.table[["recipe", "runs", "seeds"]])
        for system in ("simple", "initial"):
            for run, expected in zip(study.runs[system], undisturbed.runs[system], strict=True):
                assert run.history[columns].equals(expected.history[columns])
                assert run.result["test_loss"] == expected.result["test_loss"]
