"""What the machine refuses is said in a line or two: full disks, read-only folders, too little memory."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from hundred.errors import HundredError
from tests.experiment.conftest import Train


@pytest.fixture
def few_megabytes(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    place = tmp_path / "full"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(place)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int) -> None:
    """Leave about so many bytes free on the file system of `place`."""
    free = os.statvfs(place)
    (place / "filler").write_bytes(b"x" * max(free.f_bavail * free.f_frsize - leave, 0))


@pytest.mark.parametrize("leave", [0, 12_000, 40_000, 100_000, 180_000, 260_000])
def test_a_disk_that_fills_up_is_said_in_one_line_and_the_run_goes_on_later(
    train: Train, few_megabytes: Path, leave: int
) -> None:
    fill(few_megabytes, leave)
    with pytest.raises(HundredError) as caught:
        train(epochs=2, runs=few_megabytes, name="one")
    said = str(caught.value)
    assert "disk is full" in said or "No space left" in said
    assert len(said.splitlines()) == 1
    (few_megabytes / "filler").unlink()
    if (few_megabytes / "one").exists():
        (few_megabytes / "one" / "predictions.npz").unlink(missing_ok=True)
        undisturbed = train(epochs=2)
        resumed = train(runs=few_megabytes, name="one", resume=True, epochs=2)
        assert resumed.result["test_loss"] == undisturbed.result["test_loss"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_said_in_one_line(train: Train, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(HundredError, match="no permission"):
        train(epochs=1, runs=tmp_path / "locked")


def test_a_read_only_file_system_is_said_in_one_line(train: Train, few_megabytes: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(few_megabytes)], check=True)
    with pytest.raises(HundredError, match="read-only; choose another place with --runs") as caught:
        train(epochs=1, runs=few_megabytes)
    assert len(str(caught.value).splitlines()) == 1


def test_a_runs_folder_that_is_a_file_is_said_in_one_line(train: Train, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HundredError, match="file"):
        train(epochs=1, runs=tmp_path / "file")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
            "the GPU has too little memory",
        ),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: not enough"), "this machine has"),
        (MemoryError(), "this machine has too little memory"),
    ],
)
def test_too_little_memory_names_the_batch_size(
    train: Train, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*_: object) -> Any:
        raise error

    monkeypatch.setattr("hundred.training.trainer.Trainer.step", fail)
    with pytest.raises(HundredError, match=said) as caught:
        train(epochs=1)
    assert "training.batch_size=50" in str(caught.value)


def test_another_fault_of_torch_is_not_taken_for_too_little_memory(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Any:
        raise RuntimeError("something else")

    monkeypatch.setattr("hundred.training.trainer.Trainer.step", fail)
    with pytest.raises(RuntimeError, match="something else"):
        train(epochs=1)


def test_a_picture_that_cannot_be_drawn_costs_a_warning_and_no_other(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise TypeError("no such axis")

    monkeypatch.setattr("hundred.experiment.report.figures.draw_confusion", fail)
    # Slow to draw, and not what this is about.
    monkeypatch.setattr("hundred.experiment.report.figures._data_figures", lambda *_: iter(()))
    run = train(epochs=1, figures=True)
    assert "confusions" not in run.figures
    assert "curves" in run.figures
    assert [e["message"] for e in run.events if e["kind"] == "warned"] == [
        "a figure could not be drawn: confusions (TypeError: no such axis)"
    ]


def test_a_model_that_cannot_be_read_back_is_tested_as_it_is(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise HundredError("no such layer")

    monkeypatch.setattr("hundred.experiment.run.predictions.load", fail)
    run = train(epochs=1)
    assert run.result["test_accuracy"] is not None
    assert any("could not be read back" in e["message"] for e in run.events if e["kind"] == "warned")
