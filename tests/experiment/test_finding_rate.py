"""`find_lr`: the recipe's own network and optimizer, which rates are varied, and what is said and drawn."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.evaluation.learning_rates import RateReading
from hundred.experiment.build.trainer import build_run_parts
from hundred.experiment.find_lr import size_at_peak
from hundred.recipe.load import load_recipe

from .conftest import SMALL

TRAINED = {**SMALL, "training.batch_size": 50}


def find(data: Dataset, recipe: Any = "sprint", **options: Any) -> Any:
    given = {"data": data, "steps": 40, "quiet": True, **options}
    return hundred.find_lr(recipe, **{**given, "set": {**TRAINED, **given.get("set", {})}})


def test_with_muon_both_rates_grow_in_proportion_and_both_are_suggested(small_data: Dataset) -> None:
    found = find(small_data)
    recipe = load_recipe("sprint").recipe.training
    assert found.optimizer == "muon"
    assert found.rest_factor == pytest.approx(recipe.muon.rest_learning_rate / recipe.learning_rate)
    assert "in proportion" in found.varied
    # So small a network learns nothing to speak of: as if it had learned most at 0.1.
    reading = RateReading(found.reading.smoothed, 0.1, 0.01, 0.08, 0.3)
    found = replace(found, reading=reading)
    assert "try 0.1 (the recipe has 0.13)" in found.verdict
    assert list(found.settings) == ["training.learning_rate", "training.muon.rest_learning_rate"]
    assert found.settings["training.muon.rest_learning_rate"] == 0.53
    # What is to be pasted is understood, and says the same.
    pasted = load_recipe("sprint", found.paste.replace("--set ", "").split()).recipe.training
    assert (pasted.learning_rate, pasted.muon.rest_learning_rate) == (0.1, 0.53)


def test_with_one_rate_only_that_is_suggested(small_data: Dataset) -> None:
    for settings in (
        {"training.optimizer": "sgd"},
        {"training.optimizer": "muon", "training.muon.rest_learning_rate": 0.0},
    ):
        found = find(small_data, set=settings)
        assert found.rest_factor is None
        assert set(found.settings) <= {"training.learning_rate"}
        assert "proportion" not in found.varied


def test_the_same_seed_gives_the_same_test_and_another_another(small_data: Dataset) -> None:
    first, same, other = find(small_data), find(small_data), find(small_data, seed=5)
    assert first.test.losses.tolist() == same.test.losses.tolist()
    assert first.test.losses.tolist() != other.test.losses[: len(first.test.losses)].tolist()


def test_an_own_rate_outside_the_usual_range_widens_it(small_data: Dataset) -> None:
    options: dict[str, Any] = {"set": {"training.optimizer": "adam", "training.learning_rate": 1e-6}}
    assert find(small_data, **options).test.rates[0] == pytest.approx(1e-6 / 30)
    assert find(small_data, lowest=1e-4, highest=1e-2, **options).test.rates[0] == pytest.approx(1e-4)


def test_images_have_the_size_of_the_highest_rate(small_data: Dataset) -> None:
    settings = {**SMALL, "training.epochs": 4, "training.resolutions": [[0.3, 16], [0.6, 24], [1.0, 32]]}
    for schedule, size in (
        ({"name": "linear", "warmup": 0.5}, 24),
        ({"name": "linear"}, 16),
        ({"name": "constant"}, 16),
    ):
        recipe = load_recipe("sprint", settings, {"training.schedule": schedule}).recipe
        _, trainer = build_run_parts(recipe, small_data, torch.device("cpu"))
        assert size_at_peak(trainer) == size


def test_minutes_plan_the_steps(small_data: Dataset) -> None:
    found = find(small_data, steps=None, minutes=0.02)
    assert found.test.planned >= 20


def test_a_loss_that_does_not_fall_gives_no_suggestion_but_a_word(small_data: Dataset) -> None:
    found = find(small_data, lowest=1e-9, highest=1e-8, set={"training.optimizer": "sgd"})
    assert found.suggestion is None
    assert (found.settings, found.paste) == ({}, "")
    assert "never clearly fell" in found.verdict


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 5}, "--steps 5"),
        ({"steps": None, "minutes": 0}, "--minutes 0"),
        ({"minutes": 1}, "give one of them"),
        ({"lowest": 2.0, "highest": 1.0}, "from 2 to 1"),
        ({"out": "rates.pdf"}, ".png or .svg"),
        ({"recipe": "sprnt"}, "did you mean 'sprint'"),
    ],
)
def test_wrong_calls_are_refused(small_data: Dataset, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find(small_data, **options)


def test_the_command_draws_and_tells_all_in_one_object(
    sample_at_once: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hundred.cli.main import main

    monkeypatch.chdir(tmp_path)
    settings = {**TRAINED, "data.train_per_class": 4, "data.test_per_class": 2, "tracking.mlflow": "false"}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    with pytest.raises(SystemExit) as stop:
        main(["find-lr", "--data", "sample", "--steps", "30", *words, "--json"])
    assert stop.value.code == 0
    content = json.loads(capsys.readouterr().out)
    assert (tmp_path / content["picture"]).stat().st_size > 5000
    assert content["picture"] == "find-lr-sprint.png"
    assert len(content["rates"]) == len(content["losses"]) == content["steps"]
    assert np.all(np.diff(content["rates"]) > 0)
    with pytest.raises(SystemExit):
        main(["find-lr", "--data", "sample", "--steps", "30", *words, "--out", "rates.svg"])
    out = capsys.readouterr().out
    assert "varied: Muon's rate" in out
    assert (tmp_path / "rates.svg").read_text(encoding="utf-8").startswith("<?xml")
