"""environment.json names the machine of a run, and keeps those of its earlier parts."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from hundred.runs.environment import cpu_model, git_revision, write_environment


def write(path: Path, seed: int = 1) -> dict[str, object]:
    return write_environment(
        path,
        device="cpu",
        seed=seed,
        data_name="sample",
        data_digest="00ff",
        command=["hundred", "train", "a b"],
    )


def test_it_holds_versions_machine_data_and_command(tmp_path: Path) -> None:
    content = write(tmp_path)
    assert content == json.loads((tmp_path / "environment.json").read_text())
    assert content["torch"] == torch.__version__
    assert content["numpy"] == np.__version__
    assert content["threads"] == torch.get_num_threads()
    assert content["device"] == "cpu"
    assert content["device_name"] == content["cpu"] == cpu_model() != ""
    assert (content["seed"], content["data"], content["data_digest"]) == (1, "sample", "00ff")
    assert content["command"] == "hundred train 'a b'"


def test_a_resume_keeps_what_was_there_before_oldest_first(tmp_path: Path) -> None:
    for seed in (1, 2, 3):
        content = write(tmp_path, seed)
    assert content["seed"] == 3
    earlier = content["earlier"]
    assert isinstance(earlier, list)
    assert [each["seed"] for each in earlier] == [1, 2]
    assert all("earlier" not in each for each in earlier)


def test_a_damaged_one_does_not_stop_a_resume(tmp_path: Path) -> None:
    (tmp_path / "environment.json").write_text("{")
    assert "earlier" not in write(tmp_path)


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_the_git_revision_is_that_of_the_folder_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git_revision(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert git_revision(tmp_path) is None
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    (tmp_path / "inner").mkdir()
    assert git_revision(tmp_path / "inner") == git(tmp_path, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", "")
    assert git_revision(tmp_path) is None
