"""The shell completes commands, recipes, runs, keys and values of --set, and devices."""

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from hundred.cli.bash import Bash
from hundred.cli.main import commands
from tests.runs.leaderboard.made import run


def completed(*words: str) -> list[str]:
    """What is offered for the last of `words`, as zsh and fish ask."""
    found = ShellComplete(commands, {}, "hundred", "_HUNDRED_COMPLETE").get_completions(
        list(words[:-1]), words[-1]
    )
    return [item.value for item in found if item.type == "plain"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["tr"], ["train"]),
        (["train", "scho"], ["school", "school-revisited"]),
        (["train", "--set", "training.prec"], ["training.precision="]),
        (["find-lr", "--set", "training.precision=fl"], ["training.precision=float32"]),
        (["train", "--set", "training.nesterov="], ["training.nesterov=true", "training.nesterov=false"]),
        (["train", "--set", "training.epochs="], ["training.epochs=8"]),
        (["train", "--set", "nothing="], []),
        (["train", "--device", "m"], ["mps"]),
        (["train", "--data", "s"], ["sample"]),
        (["show", "--explain", "training.mu"], ["training.muon"]),
        (["runs", "--columns", "name,test_acc"], ["name,test_accuracy"]),
    ],
)
def test_the_shell_offers(words: list[str], offered: list[str]) -> None:
    found = completed(*words)
    assert found[: len(offered)] == offered or offered[0] in found
    assert all(value.startswith(words[-1]) for value in found)


def test_runs_are_offered_by_their_path_or_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "runs" / "first", 0.5)
    run(tmp_path / "others" / "second", 0.5)
    monkeypatch.chdir(tmp_path)
    assert completed("test", "runs/f") == ["runs/first"]
    assert completed("train", "--runs", "others", "others/s") == ["others/second"]
    assert completed("runs", "--runs", "others", "tag", "") == ["second"]


@pytest.mark.parametrize(
    ("line", "arguments", "incomplete"),
    [
        ("hundred train --set training.precision = fl", ["train", "--set"], "training.precision=fl"),
        ("hundred train --set training.precision =", ["train", "--set"], "training.precision="),
        ("hundred train --set seed = 3 --dev", ["train", "--set", "seed=3"], "--dev"),
    ],
)
def test_bash_splits_words_at_equals_and_they_are_joined(
    line: str, arguments: list[str], incomplete: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - 1))
    bash = Bash(commands, {}, "hundred", "_HUNDRED_COMPLETE")
    assert bash.get_completion_args() == (arguments, incomplete)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_in_bash_itself() -> None:
    script = """
        source <("$PYTHON" -m hundred completion bash)
        compopt() { :; }
        COMP_WORDS=(hundred train --set training.precision = fl); COMP_CWORD=5
        _hundred_completion "$WRAPPER"
        echo "${COMPREPLY[*]}"
    """
    wrapper = Path(sys.executable).with_name("hundred")
    if not wrapper.exists():
        pytest.skip("hundred is not installed as a command")
    environment = {"PYTHON": sys.executable, "WRAPPER": str(wrapper), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["float32"]


def test_every_value_of_an_option_with_choices_is_offered() -> None:
    command = commands.get_command(click.Context(commands), "train")
    assert command is not None
    assert completed("train", "--protocol", "") == ["holdout", "full", "test-as-validation"]
