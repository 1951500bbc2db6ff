"""`hundred sweep`: what it prints, and its exit codes."""

import json
from pathlib import Path

import pytest

from hundred.cli.main import main

SMALL = (
    "model.width1=8",
    "model.width2=8",
    "model.width3=8",
    "training.batch_size=100",
    "training.precision=float32",
    "tracking.mlflow=false",
    "data.train_per_class=4",
    "data.test_per_class=1",
    "data.validation_per_class=1",
)


def sweep(runs: Path, *arguments: str) -> int:
    settings = [argument for value in SMALL for argument in ("--set", value)]
    common = ["--data", "sample", "--epochs", "1", "--runs", str(runs), "--no-figures", "--quiet", *settings]
    with pytest.raises(SystemExit) as stop:
        main(["sweep", *arguments, *common])
    return int(str(stop.value.code))


def test_it_prints_one_json_object_or_a_table(
    tmp_path: Path, sample_at_once: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ("--vary", "training.learning_rate=0.05,0.1", "--search", "grid", "--seeds", "1", "--name", "s")
    assert sweep(tmp_path, *call, "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["path"] == str(tmp_path / "s")
    assert summary["trials"] == {"complete": 2}
    assert summary["winner"]["seeds"] == [1]
    assert sweep(tmp_path, *call) == 0  # the same again: nothing is trained
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["trial", "state", "validation", "training.learning_rate"]
    assert any(line.startswith("winner") and "training.learning_rate=" in line for line in lines)
    assert any(line.startswith("test accuracy") and "not CIFAR-100" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "needs something to vary"),
        (("--vary", "training.rate=1,2"), "is not a key"),
        (("--vary", "augment.cutout=0,4", "--gpus", "0.5"), "add --ray"),
        (("--vary", "augment.cutout=0,4", "--minutes", "0"), "above 0"),
        (("--resume",), "no unfinished sweep"),
        (("--vary", "augment.cutout=0,4", "--resume", "--name", "none"), "no sweep 'none'"),
    ],
)
def test_a_wrong_call_ends_with_two_and_a_line(
    tmp_path: Path,
    sample_at_once: None,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    assert sweep(tmp_path, *arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""
