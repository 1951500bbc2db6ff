"""Ctrl-C: a real process is interrupted, and goes on later as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

import hundred
from hundred.data.dataset import Dataset
from hundred.experiment.run.interrupt import Interrupt
from tests.experiment.conftest import Train, file_weights, rows

WIDTHS = {f"model.width{place}": 8 for place in (1, 2, 3)}
OVERRIDES = {
    **WIDTHS,
    "tracking.mlflow": False,
    "training.batch_size": 20,
    "training.precision": "float32",
    "data.train_per_class": 8,
    "data.test_per_class": 2,
}


def start(runs: Path, count: int) -> subprocess.Popen[str]:
    """`hundred train` for `count` epochs, in a process of its own with as many threads as this one."""
    words = [
        word
        for key, value in OVERRIDES.items()
        for word in ("--set", f"{key}={str(value).lower() if isinstance(value, bool) else value}")
    ]
    command = [sys.executable, "-m", "hundred", "train", "sprint", "--data", "sample", "--no-figures"]
    command += [*words, "--epochs", str(count), "--runs", str(runs), "--name", "one"]
    return subprocess.Popen(
        command,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def epochs(runs: Path) -> int:
    path = runs / "one" / "history.csv"
    return len(path.read_text().splitlines()) - 1 if path.exists() else 0


def wait_for(runs: Path, count: int, process: subprocess.Popen[str]) -> None:
    while epochs(runs) < count:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def test_ctrl_c_keeps_the_epochs_and_a_model_and_the_run_goes_on_to_the_same_end(
    whole_sample: Dataset, tmp_path: Path
) -> None:
    process = start(tmp_path, 10)
    wait_for(tmp_path, 2, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    last = said.strip().splitlines()[-2:]
    assert last[0].startswith("hundred: interrupted: stopped in epoch")
    assert "--resume" in last[1]
    assert "Traceback" not in said
    run = hundred.open_run(tmp_path / "one")
    assert 2 <= len(run.history) < 10
    assert not run.finished
    assert hundred.load(run.model_path).origin == "hundred"
    assert run.events[-1]["reason"] == "interrupted"
    options = {"data": whole_sample, "figures": False, "quiet": True}
    hundred.train(run.path, resume=True, **options)
    whole = hundred.train("sprint", set=OVERRIDES, epochs=10, runs=tmp_path, **options)
    assert isinstance(whole, hundred.Run)
    assert rows(run) == rows(whole)
    assert file_weights(run.model_path) == file_weights(whole.model_path)


def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    process = start(tmp_path, 2000)
    wait_for(tmp_path, 1, process)
    process.send_signal(signal.SIGINT)
    for _ in range(20):
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_training_after_the_step_and_the_run_is_kept(
    train: Train, tmp_path: Path, number: signal.Signals
) -> None:
    class Press:
        def on_epoch_ended(self, event: object) -> None:
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt, match="stopped in epoch 2, after step 1 of"):
        train(epochs=5, name="one", listeners=[Press()])
    run = hundred.open_run(tmp_path / "runs" / "one")
    assert len(run.history) == 1
    assert run.model_path.exists()
    assert not run.finished


def test_the_first_signal_sets_a_mark_and_the_second_acts() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt() as interrupt:
        assert not interrupt.asked()
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_nothing_is_caught() -> None:
    import threading

    found = []

    def enter() -> None:
        with Interrupt():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]
