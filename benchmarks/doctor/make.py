"""Runs the trainings of `cases` and keeps their histories as small CSV files."""

import csv
import math
import time
from dataclasses import asdict
from pathlib import Path

import torch

from benchmarks.doctor.cases import Case
from benchmarks.doctor.faults import with_fault
from benchmarks.doctor.suite import cases, file_name, part_of
from hundred.data.dataset import Dataset
from hundred.data.open import open_dataset
from hundred.data.subset import subset_per_class
from hundred.experiment.build.trainer import build_splits, build_trainer, put_network
from hundred.files import atomic_write
from hundred.recipe.load import load_recipe
from hundred.training.events import EpochEnded, Stopped

COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate")
LABELS = "labels.csv"


def make(folder: Path, data: str | None, only: str = "") -> None:
    """Train each case whose history is not in `folder` yet and whose file name has `only` in it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_labels(folder)
    dataset = open_dataset(data)
    for case in cases():
        path = folder / file_name(case)
        if path.exists() or only not in path.name:
            continue
        begin = time.thread_time()
        rows = train(case, dataset)
        with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(rows)
        last = ", ".join(f"{name} {value}" for name, value in zip(COLUMNS, rows[-1], strict=True))
        print(f"{path.name}: {time.thread_time() - begin:.0f} s; {last}", flush=True)


def train(case: Case, dataset: Dataset) -> list[list[str]]:
    """The rows of its history, as text of six digits. Where the loss stops being finite a last row of "nan"
    says so, as Keras' CSVLogger does."""
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


def write_labels(folder: Path) -> None:
    """What each history was made to show, and which part it belongs to."""
    with (
        atomic_write(folder / LABELS) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "part", "label", "also"])
        for case in cases():
            writer.writerow([file_name(case), part_of(case), case.label, " ".join(case.also)])
