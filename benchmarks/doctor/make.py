"""Run the trainings of the benchmark and record their histories."""

import math
import time
from dataclasses import asdict

import torch

from benchmarks.doctor.case import Case
from benchmarks.doctor.faults import with_fault
from benchmarks.doctor.histories import COLUMNS, append_history, read_histories
from benchmarks.doctor.suite import cases
from hundred.data.dataset import Dataset
from hundred.data.opening.open import open_dataset
from hundred.data.subset import subset_per_class
from hundred.experiment.build.trainer import build_splits, build_trainer, put_network
from hundred.recipe.load import load_recipe
from hundred.training.events import EpochEnded, Stopped


def make(data: str | None, only: str = "") -> None:
    """Train each case that has no history yet and whose key has `only` in it."""
    known = read_histories()
    dataset = open_dataset(data)
    for case in cases():
        if case.key in known or only not in case.key:
            continue
        begin = time.thread_time()
        rows = train(case, dataset)
        append_history(case.key, rows)
        last = ", ".join(f"{name} {value}" for name, value in zip(COLUMNS, rows[-1], strict=True))
        print(f"{case.key}: {time.thread_time() - begin:.0f} s; {last}", flush=True)


def train(case: Case, dataset: Dataset) -> list[list[str]]:
    """The rows of its history, as text of six digits. Where the loss stops being finite, a last row of "nan"
    says so, as in a file of Keras' CSVLogger."""
    settings = {
        "data.protocol": "test-as-validation",
        "data.test_per_class": case.validation_per_class,
        **case.settings,
    }
    recipe = load_recipe({"name": "history"}, settings).recipe
    part = subset_per_class(dataset, recipe.data.train_per_class, recipe.data.test_per_class)
    splits = with_fault(build_splits(recipe, part, torch.device("cpu")), case.fault)
    torch.manual_seed(recipe.seed)
    network = put_network(case.network(), splits, torch.device("cpu"))
    trainer = build_trainer(recipe, part, splits, network)
    rows = []
    for event in trainer.run():
        if isinstance(event, EpochEnded):
            values = asdict(event)
            rows.append([str(event.epoch), *(f"{values[name]:.6g}" for name in COLUMNS[1:])])
            if event.epoch == case.stop_after:
                break
        if isinstance(event, Stopped) and event.reason == "not-finite":
            rate = f"{trainer.control.learning_rate:.6g}"
            rows.append([str(event.epoch + 1), *[str(math.nan)] * 4, rate])
    return rows
