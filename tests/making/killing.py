"""Kill a run, a sweep or a study again and again: `python killing.py KIND FOLDER KILLS SEED`.

Importing torch takes seconds, so one process imports it and draws the images once, and forks each attempt.
It must not have threads of its own when it forks: nothing is computed in it.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EPOCHS = 10
SMALL = {
    "model.width1": 8,
    "model.width2": 8,
    "model.width3": 8,
    "tracking.mlflow": False,
    "training.precision": "float32",
}
RUN = {
    **SMALL,
    "training.batch_size": 128,
    "training.optimizer": "adam",
    "training.learning_rate": 0.01,
    "training.ema": 0.9,
    "augment.mixup": 0.2,
    "callbacks.reduce_on_plateau": {"patience": 2, "factor": 0.5},
    "callbacks.early_stopping": {"patience": 30, "restore_best_weights": True},
    "callbacks.checkpoint": {"monitor": "val_accuracy"},
}
SWEEP = {**SMALL, "training.batch_size": 100, "data.validation_per_class": 2}
STUDY = {"training.batch_size": 100, "tracking.mlflow": False, "training.precision": "float32"}


class Killed(BaseException):
    """In place of the end of a process: nothing in Hundred may catch it."""


class KillAt:
    """A listener that raises `Killed` at the event `method` of epoch `epoch`."""

    def __init__(self, method: str, epoch: int) -> None:
        def stop(event: Any) -> None:
            if getattr(event, "epoch", 0) == epoch:
                raise Killed

        setattr(self, method, stop)


def kill_repeatedly(kind: str, folder: Path, kills: int, seed: int = 20261123) -> dict[str, list[str]]:
    """Run this file in a process of its own; `names` of what was killed, `stages` at which each kill fell.

    kind: `run`, `sweep` or `study`. What was never killed is named `undisturbed`.
    """
    environment = {
        **os.environ,
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    command = [sys.executable, "-W", "ignore", __file__, kind, str(folder), str(kills), str(seed)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, list[str]] = json.loads(done.stdout)
    return result


def main(kind: str, folder: Path, kills: int, seed: int) -> None:
    import torch
    import torch._dynamo  # imported by the first optimizer; here, so that not each attempt does it

    from hundred.data.sample.draw import draw_sample
    from hundred.data.subset import subset_per_class

    torch.set_num_threads(1)
    assert torch._dynamo
    data = subset_per_class(draw_sample(), 6, 2)
    attempt = {"run": train_run, "sweep": train_sweep, "study": train_study}[kind]()
    begin = time.monotonic()
    assert finished(start(attempt, data, folder, "undisturbed"))
    longest = time.monotonic() - begin
    draws, names, stages = random.Random(seed), ["killed-1"], []
    while len(stages) < kills:
        child = start(attempt, data, folder, names[-1])
        time.sleep(draws.uniform(0.0, longest / 3))
        os.kill(child, signal.SIGKILL)
        if finished(child):
            names.append(f"killed-{len(names) + 1}")
        else:
            stages.append(stage(folder / names[-1]))
    assert finished(start(attempt, data, folder, names[-1]))
    sys.stdout.write(json.dumps({"names": names, "stages": stages}))


Attempt = Callable[[Any, Path, str], object]


def train_run() -> Attempt:
    import hundred.experiment.train  # and with it all that a training needs

    def attempt(data: Any, folder: Path, name: str) -> object:
        options = {"set": RUN, "runs": folder, "figures": False, "quiet": True}
        resume = (folder / name).is_dir()
        return hundred.train("sprint", data=data, epochs=EPOCHS, name=name, resume=resume, **options)

    return attempt


def train_sweep() -> Attempt:
    import optuna

    import hundred.sweeps.api

    assert optuna
    vary = {"training.learning_rate": "0.01..0.5:log", "augment.cutout": [0, 4]}

    def attempt(data: Any, folder: Path, name: str) -> object:
        options = {"set": SWEEP, "runs": folder, "figures": False, "quiet": True}
        return hundred.sweep("sprint", vary, trials=8, epochs=3, seeds=2, data=data, name=name, **options)

    return attempt


def train_study() -> Attempt:
    import hundred.study.runner

    def attempt(data: Any, folder: Path, name: str) -> object:
        options = {"set": STUDY, "runs": folder, "quiet": True}
        return hundred.run_study(["simple", "initial"], epochs=2, repeat=2, data=data, name=name, **options)

    return attempt


def start(attempt: Attempt, data: object, folder: Path, name: str) -> int:
    """The same call each time, in a process of its own; its id."""
    child = os.fork()
    if child:
        return child
    try:
        attempt(data, folder, name)
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
    assert os.WEXITSTATUS(status) == 0, "an attempt failed: its error is above"
    return True


def stage(run: Path) -> str:
    """How far a killed run had come; of a sweep or study, always `claiming`."""
    if not (run / "recipe.toml").exists():
        return "claiming"
    epochs = len((run / "history.csv").read_text().splitlines()) - 1 if (run / "history.csv").exists() else 0
    if epochs <= 0:
        return "starting"
    return "finishing" if epochs == EPOCHS else "training"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
