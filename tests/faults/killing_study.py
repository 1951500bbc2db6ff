"""Kill a study again and again: `python killing_study.py FOLDER KILLS SEED`, run by test_kill_study.py."""

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
import hundred.study.runner
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class

SETTINGS = {"training.batch_size": 100, "tracking.mlflow": False, "training.precision": "float32"}


def main(folder: Path, kills: int, seed: int) -> None:
    torch.set_num_threads(1)
    data = subset_per_class(draw_sample(), 4, 2)
    begin = time.monotonic()
    assert finished(start(folder, data, "undisturbed"))
    longest = time.monotonic() - begin
    draws, killed = random.Random(seed), 0
    while killed < kills:
        child = start(folder, data, "killed")
        time.sleep(draws.uniform(0.0, longest / 3))
        os.kill(child, signal.SIGKILL)
        if finished(child):
            break
        killed += 1
    assert finished(start(folder, data, "killed"))
    sys.stdout.write(json.dumps({"killed": killed}))


def start(folder: Path, data: object, name: str) -> int:
    """The study in a process of its own; its id."""
    child = os.fork()
    if child:
        return child
    try:
        hundred.study.runner.run_study(
            ["simple", "initial"],
            data=data,  # type: ignore[arg-type]
            epochs=2,
            repeat=2,
            set=SETTINGS,
            runs=folder,
            name=name,
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
    assert os.WEXITSTATUS(status) == 0, "a study failed: its error is above"
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
