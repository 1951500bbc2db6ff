"""What the doctor says of real histories stays when they are written down otherwise, shaken, thinned or go
on; and it says the right thing of drawn curves, which are no histories of anything."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.doctor.histories import read_histories
from benchmarks.doctor.score import Outcome, Score, score
from benchmarks.doctor.suite import cases, part_of
from hundred.evaluation.doctor.diagnosis import doctor
from tests.making.histories import Columns

from .simulated import FAMILIES

# Without their learning rate, cuts are nothing that could be seen.
CUTS = ("early-cut", "late-cut")
# Said with 0.53, and with 0.29 once its last third, the steadiest, has come twice: then only the plateau is.
TIPS_OVER = "learning-rate-too-high--paired-adam"


@pytest.fixture(scope="module")
def known(histories: dict[str, Columns]) -> dict[str, list[str]]:
    return {key: doctor(columns).names for key, columns in histories.items()}


@pytest.fixture(scope="module")
def histories() -> dict[str, Columns]:
    return read_histories()


def scored(
    histories: dict[str, Columns], change: Callable[[Columns], Columns], without: tuple[str, ...] = ()
) -> Score:
    found = []
    for case in cases():
        if case.key in histories and case.label not in without:
            names = tuple(doctor(change(histories[case.key])).names)
            found.append(Outcome(case.key, part_of(case), case.label, frozenset(case.also), names))
    return score(found)


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


def test_percent_and_epochs_from_zero_change_nothing(
    histories: dict[str, Columns], known: dict[str, list[str]]
) -> None:
    changed = {key: doctor(otherwise_written(columns)).names for key, columns in histories.items()}
    assert changed == known


def test_a_little_noise_changes_next_to_nothing(
    histories: dict[str, Columns], known: dict[str, list[str]]
) -> None:
    other = [key for key, names in known.items() if doctor(shaken(histories[key])).names != names]
    assert len(other) <= 0.08 * len(known), other


def test_every_second_epoch_is_enough(histories: dict[str, Columns]) -> None:
    found = scored(histories, thinned)
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision > 0.85
    assert found.recall > 0.8


def test_without_the_learning_rate_the_rest_is_still_found(histories: dict[str, Columns]) -> None:
    found = scored(
        histories, lambda columns: {k: v for k, v in columns.items() if k != "learning_rate"}, without=CUTS
    )
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision > 0.85
    assert found.recall > 0.8


@pytest.mark.parametrize("label", ["plateau", "underfitting", "learning-rate-too-high", "overfitting"])
def test_more_of_the_same_changes_no_finding(
    histories: dict[str, Columns], known: dict[str, list[str]], label: str
) -> None:
    keys = [key for key, names in known.items() if key.startswith(f"{label}--") and label in names]
    assert keys
    for key in set(keys) - {TIPS_OVER}:
        columns = histories[key]
        n = len(columns["epoch"])
        last = range(n - n // 3, n)
        longer = {name: [*values, *(values[i] for i in last)] for name, values in columns.items()}
        longer["epoch"] = list(np.arange(1.0, len(longer["loss"]) + 1))
        assert label in doctor(longer).names, key


def test_drawn_curves_are_diagnosed_as_drawn() -> None:
    outcomes = []
    for label, draw_one in FAMILIES.items():
        for seed in range(6):
            found = tuple(doctor(draw_one(np.random.default_rng(seed))).names)
            outcomes.append(Outcome(f"{label} {seed}", "drawn", label, frozenset(), found))
    total = score(outcomes)
    assert total.precision is not None
    assert total.recall is not None
    assert total.precision >= 0.95, [(each.key, each.found) for each in outcomes if each.wrong]
    assert total.recall >= 0.95, [(each.key, each.found) for each in outcomes if each.label not in each.found]
    assert not [each for each in outcomes if each.label == "healthy" and each.wrong]
