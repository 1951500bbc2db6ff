"""`python -m benchmarks.learning_rates PART [--data PATH]`: what `hundred find-lr` suggests, against sweeps.

`sweep` trains each system below briefly at some rates, and keeps its final losses; `curves` makes the range
test of each. Both are written as CSV files beside the test that holds the one against the other, and go on
where they were cut off. Minutes of one core.
"""

import argparse
import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import hundred
from hundred.data.dataset import Dataset
from hundred.data.subset import subset_per_class
from hundred.experiment.build.trainer import build_run_parts
from hundred.recipe.load import load_recipe
from hundred.training.events import EpochEnded

KEPT = Path(__file__).parents[1] / "tests" / "evaluation" / "learning_rates"
# 2,000 images train and 1,000 validate.
TRAIN_PER_CLASS, VALIDATION_PER_CLASS, TEST_PER_CLASS = 30, 10, 1
COMMON = {
    "data.protocol": "holdout",
    "data.validation_per_class": VALIDATION_PER_CLASS,
    "tracking.mlflow": False,
    "training.validate_every": 0,
    "training.checkpoint_every": 0,
}
NARROW = {
    **{"model.width1": 16, "model.width2": 32, "model.width3": 32},
    **{"training.batch_size": 128, "training.epochs": 6},
}
SMALL_RESNET = {"model.width": 16, "training.epochs": 8}


def half_decades(first: int, last: int) -> tuple[float, ...]:
    """Rates from ten to the power `first` / 2 to that of `last` / 2."""
    return tuple(10 ** (step / 2) for step in range(first, last + 1))


@dataclass(frozen=True)
class System:
    """A recipe with settings that make it small; `rates` are of `training.learning_rate`.

    together: the rate of Muon's other weights as a multiple of it, 0 where there is none.
    """

    recipe: str
    rates: tuple[float, ...]
    set: dict[str, Any] = field(default_factory=dict)
    together: float = 0.0

    def settings(self, rate: float) -> dict[str, Any]:
        """Everything that is set for a training at `rate`."""
        rest = {"training.muon.rest_learning_rate": rate * self.together} if self.together else {}
        return {**COMMON, **self.set, "training.learning_rate": rate, **rest}


# The rule of the suggestion was chosen by the first four; the others were measured afterwards.
SYSTEMS = {
    "initial, adam": System("initial", half_decades(-9, -4), {"training.epochs": 4}),
    "resnet18, sgd": System("resnet18", half_decades(-5, 0), SMALL_RESNET),
    "sprint, muon": System("sprint", half_decades(-5, 0), NARROW, together=0.69 / 0.13),
    "sprint, sgd": System("sprint", half_decades(-3, 3), {**NARROW, "training.optimizer": "sgd"}),
    "sprint, adam": System("sprint", half_decades(-7, -2), {**NARROW, "training.optimizer": "adam"}),
    "sprint, sgd, batch 32": System(
        "sprint",
        half_decades(-3, 3),
        {**NARROW, "training.optimizer": "sgd", "training.batch_size": 32, "training.epochs": 4},
    ),
}


def sweep(data: Dataset) -> None:
    """Write sweep.csv: the final training and validation loss of each system at each rate."""
    path = KEPT / "sweep.csv"
    with _rows(path, ["system", "learning_rate", "loss", "val_loss", "val_accuracy"]) as (done, write):
        for name, system in SYSTEMS.items():
            for rate in system.rates:
                if (name, f"{rate:.4g}") not in done:
                    write([name, f"{rate:.4g}", *(f"{loss:.4f}" for loss in _trained(data, system, rate))])


def curves(data: Dataset) -> None:
    """Write curves.csv: rate and loss of each step of the range test of each system."""
    path = KEPT / "curves.csv"
    with _rows(path, ["system", "learning_rate", "loss"]) as (done, write):
        for name, system in SYSTEMS.items():
            if name in {system for system, _ in done}:
                continue
            rate = 0.13 if system.together else 0.01  # only its ratio to the other rate matters
            test = hundred.find_lr(system.recipe, data=data, set=system.settings(rate), quiet=True).test
            for one, loss in zip(test.rates, test.losses, strict=True):
                write([name, f"{one:.5g}", f"{loss:.5g}"])


@contextmanager
def _rows(
    path: Path, titles: list[str]
) -> Iterator[tuple[set[tuple[str, str]], Callable[[list[str]], None]]]:
    """What the CSV file at `path` has already (its first two columns), and a function that adds a row."""
    old = list(csv.reader(path.open(encoding="utf-8"))) if path.exists() else []
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not old:
            writer.writerow(titles)

        def write(row: list[str]) -> None:
            writer.writerow(row)
            file.flush()

        yield {(row[0], row[1]) for row in old}, write


def _trained(data: Dataset, system: System, rate: float) -> tuple[float, float, float]:
    """Loss, validation loss and validation accuracy at the end; infinities where it diverged."""
    recipe = load_recipe(system.recipe, system.settings(rate)).recipe
    _, trainer = build_run_parts(recipe, data, torch.device("cpu"))
    events = list(trainer.run())
    rows = [event for event in events if isinstance(event, EpochEnded)]
    if trainer.control.reason == "not-finite" or rows[-1].val_loss is None or rows[-1].val_accuracy is None:
        return (float("inf"), float("inf"), 0.0)
    return (rows[-1].loss, rows[-1].val_loss, rows[-1].val_accuracy)


def main() -> None:
    """Do one part, or both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=["sweep", "curves"])
    parser.add_argument("--data", default=os.environ.get("HUNDRED_DATA"))
    options = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    data = subset_per_class(hundred.open_dataset(options.data), TRAIN_PER_CLASS, TEST_PER_CLASS)
    {"sweep": sweep, "curves": curves}[options.part](data)


if __name__ == "__main__":
    main()
