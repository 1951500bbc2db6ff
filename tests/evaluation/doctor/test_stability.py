"""What the doctor says of real histories stays when they are written down otherwise, shaken, thinned or go
on; and it says the right thing of drawn curves, which are no histories of anything."""

import csv
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.doctor.score import HISTORIES, Judged, Score, score
from hundred.evaluation.doctor.diagnosis import doctor
from tests.making.histories import Columns

from .simulated import FAMILIES

# Without their learning rate, cuts are nothing that could be seen.
CUTS = ("early-cut", "late-cut")
# Said with 0.53, and with 0.29 once its last third, the steadiest, has come twice: then only the plateau is.
TIPS_OVER = "learning-rate-too-high--paired-adam.csv"


def columns_of(file: str) -> Columns:
    with (HISTORIES / file).open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


@pytest.fixture(scope="module")
def labels() -> list[dict[str, str]]:
    with (HISTORIES / "labels.csv").open(newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return [row for row in rows if (HISTORIES / row["file"]).exists()]


@pytest.fixture(scope="module")
def known(labels: list[dict[str, str]]) -> dict[str, list[str]]:
    return {row["file"]: doctor(columns_of(row["file"])).names for row in labels}


def scored(labels: list[dict[str, str]], change: Callable[[Columns], Columns]) -> Score:
    judged = []
    for row in labels:
        found = tuple(doctor(change(columns_of(row["file"]))).names)
        judged.append(Judged(row["file"], row["part"], row["label"], frozenset(row["also"].split()), found))
    return score(judged)


def shaken(columns: Columns) -> Columns:
    draw = np.random.default_rng(3)
    changed = {name: np.array(columns[name]) for name in columns}
    for name in ("loss", "val_loss", "accuracy"):
        changed[name] *= 1 + draw.normal(0, 3e-4, len(changed[name]))
    changed["accuracy"] = changed["accuracy"].clip(0, 1)
    return {name: values.tolist() for name, values in changed.items()}


def thinned(columns: Columns) -> Columns:
    step = 2 if len(columns["epoch"]) >= 18 else 1
    last = (len(columns["epoch"]) - 1) % step
    return {name: values[last::step] for name, values in columns.items()}


def otherwise_written(columns: Columns) -> Columns:
    percent = {name: [100 * x for x in values] for name, values in columns.items() if "accuracy" in name}
    return {**columns, **percent, "epoch": [epoch - 1 for epoch in columns["epoch"]]}


def test_percent_and_epochs_from_zero_change_nothing(known: dict[str, list[str]]) -> None:
    changed = {file: doctor(otherwise_written(columns_of(file))).names for file in known}
    assert changed == known


def test_a_little_noise_changes_next_to_nothing(known: dict[str, list[str]]) -> None:
    other = [file for file, names in known.items() if doctor(shaken(columns_of(file))).names != names]
    assert len(other) <= 0.08 * len(known), other


def test_every_second_epoch_is_enough(labels: list[dict[str, str]]) -> None:
    found = scored(labels, thinned)
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision > 0.85
    assert found.recall > 0.8


def test_without_the_learning_rate_the_rest_is_still_found(labels: list[dict[str, str]]) -> None:
    rows = [row for row in labels if row["label"] not in CUTS]
    found = scored(rows, lambda columns: {k: v for k, v in columns.items() if k != "learning_rate"})
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision > 0.85
    assert found.recall > 0.8


@pytest.mark.parametrize("label", ["plateau", "underfitting", "learning-rate-too-high", "overfitting"])
def test_more_of_the_same_changes_no_mind(known: dict[str, list[str]], label: str) -> None:
    files = [file for file, names in known.items() if file.startswith(f"{label}--") and label in names]
    assert files
    for file in set(files) - {TIPS_OVER}:
        columns = columns_of(file)
        n = len(columns["epoch"])
        last = range(n - n // 3, n)
        longer = {name: [*values, *(values[i] for i in last)] for name, values in columns.items()}
        longer["epoch"] = list(np.arange(1.0, len(longer["loss"]) + 1))
        assert label in doctor(longer).names, file


def test_drawn_curves_are_told_apart() -> None:
    judged = []
    for label, draw_one in FAMILIES.items():
        for seed in range(6):
            found = tuple(doctor(draw_one(np.random.default_rng(seed))).names)
            judged.append(Judged(f"{label} {seed}", "drawn", label, frozenset(), found))
    total = score(judged)
    assert total.precision is not None
    assert total.recall is not None
    assert total.precision >= 0.95, [(each.file, each.found) for each in judged if each.wrong]
    assert total.recall >= 0.95, [(each.file, each.found) for each in judged if each.label not in each.found]
    assert not [each for each in judged if each.label == "healthy" and each.wrong]
