"""Batches whole against batches on two threads: `python -m benchmarks.batch_threads --data PATH [--busy 1]`.

Images per second of training steps of the sprint network on images as stored. `--busy` starts so many other
programs that keep a core each at work.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from benchmarks.alternate import middle_and_ends, per_second
from hundred.data.dataset import Dataset
from hundred.data.opening.open import open_dataset
from hundred.experiment.build.trainer import build_run_parts
from hundred.recipe.load import load_recipe

STEPS = 5


def main() -> None:
    """Print the speed of both in each round, the medians and the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA", "sample"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    options = parser.parse_args()
    dataset = open_dataset(options.data)
    whole = measurement([*options.overrides, "training.batch_threads=1"], dataset)
    in_parts = measurement([*options.overrides, "training.batch_threads=2"], dataset)
    found = []
    with busy(options.busy):
        for number in range(options.rounds):
            found.append((whole(), in_parts()))
            print(f"round {number + 1}: whole {found[-1][0]:.0f} images/s, in two parts {found[-1][1]:.0f}")
    ratio, low, high = middle_and_ends(b / a for a, b in found)
    medians = [statistics.median(speeds) for speeds in zip(*found, strict=True)]
    print(
        f"medians {medians[0]:.0f} and {medians[1]:.0f} images/s; ratio {ratio:.2f} "
        f"({low:.2f} to {high:.2f}); {torch.get_num_threads()} threads, {options.busy} busy"
    )


def measurement(overrides: list[str], dataset: Dataset) -> Callable[[], float]:
    """What measures the images per second of a few steps of the recipe `sprint` with `overrides`."""
    recipe = load_recipe("sprint", overrides).recipe
    _, trainer = build_run_parts(recipe, dataset, torch.device("cpu"))
    trainer.network.train()
    sizes = [0] * len(trainer.batches)
    batches = (batch for epoch in itertools.count(1) for batch in trainer.batches.epoch(epoch, sizes))

    def step() -> None:
        trainer.step(*next(batches))

    return lambda: per_second(step, recipe.training.batch_size, STEPS)


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """So many other programs that multiply matrices, a core each."""
    work = "import torch; torch.set_num_threads(1); a = torch.ones(1000, 1000)\nwhile True: a @ a"
    running = [subprocess.Popen([sys.executable, "-c", work]) for _ in range(programs)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


if __name__ == "__main__":
    main()
