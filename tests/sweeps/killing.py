"""Kill a sweep again and again: `python killing.py FOLDER KILLS SEED`, run by test_kill.py.

Importing torch takes seconds, so one process imports all of it once and forks each sweep. It must not have
threads of its own when it forks: nothing is computed in it.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import optuna
import torch
import torch._dynamo

import hundred
import hundred.sweeps.api
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class

SMALL = {
    "model.width1": 8,
    "model.width2": 8,
    "model.width3": 8,
    "training.batch_size": 100,
    "training.precision": "float32",
    "tracking.mlflow": False,
    "data.validation_per_class": 2,
}
assert torch._dynamo
assert optuna


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    data = subset_per_class(draw_sample(), 6, 2)
    begin = time.monotonic()
    assert finished(start(folder, data, "undisturbed"))
    longest = time.monotonic() - begin
    draws, killed, name = random.Random(seed), 0, "killed"
    while killed < kills:
        child = start(folder, data, name)
        time.sleep(draws.uniform(0.0, longest / 4))
        os.kill(child, signal.SIGKILL)
        if finished(child):
            name = f"killed-{killed}"
        else:
            killed += 1
    assert finished(start(folder, data, name))
    sys.stdout.write(json.dumps({"last": name}))


def start(folder: Path, data: Any, name: str) -> int:
    """The same call each time, in a process of its own; its id."""
    child = os.fork()
    if child:
        return child
    try:
        hundred.sweep(
            "sprint",
            {"training.learning_rate": "0.01..0.5:log", "augment.cutout": [0, 4]},
            trials=8,
            epochs=3,
            seeds=2,
            data=data,
            set=SMALL,
            runs=folder,
            name=name,
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
    assert os.WEXITSTATUS(status) == 0, "a sweep failed: its error is above"
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
