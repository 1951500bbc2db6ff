"""What the doctor says does not depend on how a history is written down, and silence beats a wrong alarm."""

import json
import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hundred.evaluation.doctor.diagnosis import EXPLAINS, Diagnosis, diagnose, doctor, unexplained
from hundred.evaluation.doctor.findings import LEAST, NAMES, Finding, sure
from hundred.recipe.load import load_recipe
from tests.making.histories import Columns, curves, history

OVERFITTED = {"overfit": 1.5, "rate": "constant", "tau": 0.1}
KINDS = [{}, OVERFITTED, {"noise": 0.06}, {"tau": 0.6, "rate": "constant"}]


def findings_of(found: Diagnosis) -> list[tuple[str, int | None, float]]:
    return [(each.name, each.since_epoch, round(each.confidence, 6)) for each in found.findings]


@pytest.mark.parametrize("kind", KINDS)
def test_units_names_and_order_of_columns_change_nothing(kind: dict[str, float]) -> None:
    columns = curves(24, **kind)
    expected = findings_of(doctor(columns))
    percent = {k: [100 * x for x in v] if "accuracy" in k else v for k, v in columns.items()}
    names = {
        "epoch": "Epoch", "accuracy": "train_acc", "loss": "train/loss", "val_accuracy": "valid_top1",
        "val_loss": "validation loss", "learning_rate": "lr-Adam",
    }  # fmt: skip
    renamed = {names[name]: values for name, values in reversed(columns.items())}
    from_zero = {**columns, "epoch": [epoch - 1 for epoch in columns["epoch"]]}
    assert findings_of(doctor(percent)) == expected
    assert findings_of(doctor(renamed)) == expected
    earlier = [(name, since and since - 1, confidence) for name, since, confidence in expected]
    assert findings_of(doctor(from_zero)) == earlier
    assert findings_of(doctor(pd.DataFrame(columns))) == expected


@given(st.lists(st.integers(0, 19), min_size=1, max_size=8), st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_repeated_rows_change_nothing(repeated: list[int], seed: int) -> None:
    columns = curves(20, seed=seed, **OVERFITTED)
    order = sorted([*range(20), *repeated])
    again = {name: [values[row] for row in order] for name, values in columns.items()}
    assert findings_of(doctor(again)) == findings_of(doctor(columns))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("epochs", [12, 30, 100, 300])
def test_sound_curves_of_any_length_are_healthy(epochs: int, seed: int) -> None:
    assert doctor(curves(epochs, seed=seed)).names == ["healthy"]


@pytest.mark.parametrize("epochs", [12, 30, 100, 300])
def test_overfitting_is_found_whatever_the_length(epochs: int) -> None:
    found = doctor(curves(epochs, **OVERFITTED))
    assert found.findings[0].name == "overfitting"
    assert abs(found.findings[0].since_epoch - 0.33 * epochs) <= 0.2 * epochs


@pytest.mark.parametrize("missing", ["accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"])
def test_a_missing_column_is_named_and_costs_no_wrong_alarm(missing: str) -> None:
    columns = {name: values for name, values in curves(20).items() if name != missing}
    found = doctor(columns)
    assert set(found.names) <= {"healthy"}
    if missing != "accuracy":
        assert any("could not be judged" in note for note in found.notes)


def test_a_loss_of_ten_classes_is_judged_by_its_own_chance() -> None:
    columns = curves(20)
    few = {
        **columns,
        "loss": [x / 2 for x in columns["loss"]],
        "val_loss": [x / 2 for x in columns["val_loss"]],
    }
    few["accuracy"] = [min(1.0, x * 2) for x in columns["accuracy"]]
    few["val_accuracy"] = [min(1.0, x * 2) for x in columns["val_accuracy"]]
    assert doctor(few).names == ["healthy"]
    assert history(few).classes == 10


@pytest.mark.parametrize("bad", [math.nan, math.inf, "nan", "inf"])
def test_nan_to_the_end_is_divergence_from_its_first_epoch(bad: object) -> None:
    columns = {name: list(values) for name, values in curves(15).items()}
    for name in ("loss", "val_loss"):
        columns[name][9:] = [bad] * 6
    found = doctor(columns)
    assert found.findings[0].name == "diverged"
    assert found.findings[0].since_epoch == 10
    assert found.findings[0].confidence > 0.9
    assert "10" in found.verdict


def test_a_single_epoch_of_nan_that_was_recovered_from_is_no_lasting_fault() -> None:
    columns = curves(15)
    columns["loss"][6] = math.nan
    found = doctor(columns)
    assert all(each.confidence < 0.7 for each in found.findings if each.name == "diverged")


@pytest.mark.parametrize("epochs", [0, 1, 2, 4])
def test_too_few_epochs_are_not_judged(epochs: int) -> None:
    columns = {name: values[:epochs] for name, values in curves(20, tau=0.1).items()}
    found = doctor(columns)
    assert "healthy" not in found.names
    if epochs < 3:
        assert found.names == []
        assert "short" in found.verdict or "no epochs" in found.verdict


@pytest.mark.parametrize(
    ("cause", "effect", "both"),
    [
        (("learning-rate-too-high", 0.9), ("plateau", 0.95), False),
        (("learning-rate-too-high", 0.55), ("plateau", 0.95), True),
        # Whatever is wrong leaves a run unfinished.
        (("learning-rate-too-high", 0.55), ("stopped-early", 0.95), False),
    ],
)
def test_a_cause_explains_only_what_it_is_about_as_sure_of(
    cause: tuple[str, float], effect: tuple[str, float], both: bool
) -> None:
    findings = [Finding(name, 1, confidence, "") for name, confidence in (effect, cause)]
    assert [each.name for each in unexplained(findings)] == [effect[0]] * both + [cause[0]]


@given(st.integers(0, 40), st.integers(0, 10_000), st.booleans())
@example(5, 738, True)  # ends in epochs without a loss that is a number
@settings(max_examples=60, deadline=None)
def test_any_numbers_are_judged_without_a_fault(epochs: int, seed: int, gaps: bool) -> None:
    draw = np.random.default_rng(seed)
    columns: Columns = {
        "epoch": list(map(float, range(1, epochs + 1))),
        "accuracy": draw.random(epochs).tolist(),
        "loss": (draw.random(epochs) * 10.0 ** draw.integers(-3, 6)).tolist(),
        "val_accuracy": draw.random(epochs).tolist(),
        "val_loss": draw.random(epochs).tolist(),
        "learning_rate": (10.0 ** draw.integers(-8, 2, epochs)).tolist(),
    }
    if gaps:
        for values in list(columns.values())[1:]:
            for place in np.flatnonzero(draw.random(epochs) < 0.3):
                values[place] = [None, math.nan, math.inf][int(draw.integers(3))]  # type: ignore[call-overload]
    found = doctor(columns)
    names = [each.name for each in found.findings]
    assert len(set(names)) == len(names)
    assert all(each.name in NAMES and LEAST <= each.confidence <= 1 for each in found.findings)
    text = json.dumps(found.as_dict(), allow_nan=False, default=float)
    assert set(json.loads(text)) == {"findings", "verdict"}
    assert found.verdict.strip().endswith(".")


def test_the_json_has_exactly_its_keys_and_advice_that_a_recipe_takes() -> None:
    found = diagnose(history(curves(24, **OVERFITTED), framework="hundred")).as_dict()
    assert set(found) == {"findings", "verdict"}
    for finding in found["findings"]:
        assert set(finding) == {"name", "since_epoch", "confidence", "evidence", "try"}
        assert finding["evidence"]["sentence"]
        assert finding["evidence"]["epochs"]
        assert finding["try"]
        load_recipe("school", [line.removeprefix("--set ") for line in finding["try"]])


def test_a_thousand_epochs_take_a_moment() -> None:
    columns = curves(1000, seed=1)
    begin = time.thread_time()
    assert doctor(columns).names == ["healthy"]
    assert time.thread_time() - begin < 2.5  # the promise is 3 seconds for all of it


def test_findings_are_ranked_and_explained_ones_are_left_out() -> None:
    columns = curves(24, noise=0.05, **OVERFITTED)
    found = diagnose(history(columns))
    confidences = [round(each.confidence, 1) for each in found.findings]
    assert confidences == sorted(confidences, reverse=True)
    for name, explained in EXPLAINS.items():
        assert name not in found.names or not explained & set(found.names)
        assert explained <= set(NAMES)


def test_confidence_grows_with_the_measurement_and_both_ways() -> None:
    assert sure(0.1, 0.1, 0.3) == pytest.approx(LEAST)
    assert sure(0.3, 0.1, 0.3) == sure(9.0, 0.1, 0.3) < 1
    assert sure(0.0, 0.1, 0.3) < LEAST < sure(0.2, 0.1, 0.3)
    assert sure(0.0, 0.1, -0.1) > sure(0.05, 0.1, -0.1)
