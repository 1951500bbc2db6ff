"""Every number that the doctor shows is in the file, to the digits shown; and its advice is of the right
framework."""

import re
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.doctor.histories import read_histories
from hundred.evaluation.doctor.advice import Action, rendered
from hundred.evaluation.doctor.diagnosis import Diagnosis, diagnose, doctor
from hundred.evaluation.doctor.history import CURVES, History
from hundred.evaluation.doctor.readers.framework import FRAMEWORKS, framework_of, task_of
from hundred.evaluation.doctor.readers.sources import read_anything
from tests.making.histories import curves

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?%?")


def not_in_the_file(history: History, text: str) -> Iterator[str]:
    """Numbers in `text` that are neither an epoch of `history` nor one of its values, as far as they are
    written."""
    values = np.concatenate([getattr(history, name) for name in CURVES])
    values = values[np.isfinite(values)]
    for word in _NUMBER.findall(text):
        if word.endswith("%"):
            digits = len(word.rstrip("%").partition(".")[2])
            found = np.isclose(
                values * 100, float(word.rstrip("%")), rtol=0, atol=0.5001 * 10.0**-digits
            ).any()
        else:
            # Values have four digits.
            found = float(word) in history.epoch or np.isclose(values, float(word), rtol=5e-4, atol=0).any()
        if not found:
            yield word


def check(found: Diagnosis) -> list[str]:
    assert found.history is not None
    texts = [finding.sentence for finding in found.findings]
    wrong = [word for text in texts for word in not_in_the_file(found.history, text)]
    for finding in found.findings:
        assert set(finding.data["epochs"]) <= set(found.history.epoch)
        for name, quoted in finding.data["values"].items():
            for epoch, value in quoted.items():
                place = np.flatnonzero(found.history.epoch == float(epoch))
                assert value in getattr(found.history, name)[place]
    return wrong


def test_every_number_of_every_finding_on_the_recorded_histories_is_in_them() -> None:
    wrong = {key: found for key, columns in read_histories().items() if (found := check(doctor(columns)))}
    assert wrong == {}


@pytest.mark.parametrize("first", [0, 1, 15])
def test_epochs_are_those_of_the_file_wherever_it_begins_to_count(first: int) -> None:
    columns = curves(24, overfit=1.5, rate="constant", tau=0.1)
    columns["epoch"] = [float(first + place) for place in range(24)]
    found = doctor(columns)
    assert found.names
    assert check(found) == []


def test_means_over_steps_are_in_no_row_and_not_quoted() -> None:
    columns = curves(20, overfit=1.5, rate="constant", tau=0.1)
    rows = [
        {"epoch": epoch, "train_loss": loss + 0.01 * step}
        for epoch, loss in zip(columns["epoch"], columns["loss"], strict=True)
        for step in range(5)
    ]
    for row, val_loss in zip(rows[4::5], columns["val_loss"], strict=True):
        row["val_loss"] = val_loss
    history = read_anything(rows)
    assert history.averaged == {"loss"}
    found = diagnose(history)
    assert found.names == ["overfitting"]
    assert "loss" not in found.findings[0].data["values"]
    assert check(found) == []


@pytest.mark.parametrize(
    ("framework", "names"),
    [
        ("keras", ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]),
        ("ultralytics", ["epoch", "train/loss", "metrics/accuracy_top1", "val/loss", "lr/pg0"]),
        ("lightning", ["epoch", "step", "train_loss", "val_loss", "val_acc"]),
        ("fastai", ["epoch", "train_loss", "valid_loss", "accuracy", "time"]),
        ("timm", ["epoch", "train_loss", "eval_loss", "eval_top1", "lr"]),
        ("transformers", ["epoch", "step", "loss", "eval_loss", "learning_rate"]),
        ("hundred", ["epoch", "accuracy", "loss", "val_accuracy", "learning_rate", "images_per_second"]),
        ("", ["epoch", "train_loss", "train_acc", "val_loss", "val_acc"]),
    ],
)
def test_a_framework_is_known_by_its_columns_and_has_its_own_terms(framework: str, names: list[str]) -> None:
    assert framework_of(names) == framework
    (longer,) = rendered([Action("epochs", 40)], framework)
    assert "40" in longer
    rates = {rendered([Action("rate", 3e-4)], each)[0] for each in FRAMEWORKS}
    assert len(rates) == len(FRAMEWORKS)
    assert all("0.0003" in line for line in rates)


@pytest.mark.parametrize("task", ["text", "sound", "signal", ""])
@pytest.mark.parametrize("framework", [each for each in FRAMEWORKS if each != "hundred"])
def test_no_flips_for_what_is_not_known_to_be_pictures(task: str, framework: str) -> None:
    (line,) = rendered([Action("augment")], framework, task)
    assert not re.search(r"RandomFlip|fliplr|HorizontalFlip|aug_transforms|random flips", line)
    assert task_of(f"runs/{task or 'things'}/training.log") == task


def test_a_rate_is_advised_only_where_one_is_known() -> None:
    columns = curves(24, noise=0.05)
    with_rate = [line for each in doctor(columns).findings for line in each.advice]
    del columns["learning_rate"]
    without = [line for each in doctor(columns).findings for line in each.advice]
    assert any("Adam(learning_rate=" in line for line in with_rate)
    assert not any("learning_rate=" in line for line in without)


def test_epochs_beyond_those_that_the_run_had_are_advised() -> None:
    columns = {name: values[:10] for name, values in curves(40, rate="constant", tau=0.5).items()}
    columns["epoch"] = [float(epoch) for epoch in range(15, 25)]
    found = doctor(columns)
    assert found.names == ["stopped-early"]
    assert found.findings[0].advice == ("model.fit(..., epochs=48)",)
