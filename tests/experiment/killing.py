"""Kill a training process again and again: `python killing.py FOLDER KILLS SEED`, run by test_kill.py.

Importing torch takes seconds, so one process imports it and draws the images once, and forks each training.
It must not have threads of its own when it forks: nothing is computed in it.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
import torch._dynamo  # imported by the first optimizer; here, so that not each training does it

import hundred.experiment.train  # and with it all that a training needs
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class

RECIPE = {
    "model.width1": 8,
    "model.width2": 8,
    "model.width3": 8,
    "tracking.mlflow": False,
    "training.batch_size": 128,
    "training.optimizer": "adam",
    "training.learning_rate": 0.01,
    "training.ema": 0.9,
    "training.precision": "float32",
    "augment.mixup": 0.2,
    "callbacks.reduce_on_plateau": {"patience": 2, "factor": 0.5},
    "callbacks.early_stopping": {"patience": 30, "restore_best_weights": True},
    "callbacks.checkpoint": {"monitor": "val_accuracy"},
}
EPOCHS = 10


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    data = subset_per_class(draw_sample(), 6, 2)
    undisturbed = time.monotonic()
    assert finished(start(folder, data, "undisturbed", resume=False))
    longest = time.monotonic() - undisturbed
    draws, killed, runs = random.Random(seed), [], ["killed-1"]
    while len(killed) < kills:
        child = start(folder, data, runs[-1], resume=(folder / runs[-1]).is_dir())
        time.sleep(draws.uniform(0.0, longest / 3))
        os.kill(child, signal.SIGKILL)
        if finished(child):
            runs.append(f"killed-{len(runs) + 1}")
        else:
            killed.append(stage(folder / runs[-1]))
    assert finished(start(folder, data, runs[-1], resume=(folder / runs[-1]).is_dir()))
    sys.stdout.write(json.dumps({"runs": runs, "killed": killed}))


def start(folder: Path, data: object, name: str, *, resume: bool) -> int:
    """Train in a process of its own; its id."""
    child = os.fork()
    if child:
        return child
    try:
        hundred.train(
            "sprint",
            data=data,  # type: ignore[arg-type]
            epochs=EPOCHS,
            set=RECIPE,
            runs=folder,
            name=name,
            resume=resume,
            figures=False,
            quiet=True,
        )
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def finished(child: int) -> bool:
    """Wait for a child; whether it came to its end, rather than being killed."""
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "a training failed: its error is above"
    return True


def stage(run: Path) -> str:
    """How far a killed run had come."""
    if not (run / "recipe.toml").exists():
        return "claiming"
    epochs = len((run / "history.csv").read_text().splitlines()) - 1 if (run / "history.csv").exists() else 0
    if epochs <= 0:
        return "starting"
    return "finishing" if epochs == EPOCHS else "training"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
