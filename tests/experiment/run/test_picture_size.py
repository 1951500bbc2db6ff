"""`--minutes` for a last layer on cached features: the largest pictures whose features there is time for."""

import math
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import hundred
from hundred.recipe.load import load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.run import Run
from tests.experiment.conftest import Clock

IMAGE_SECONDS = 0.1  # of a picture of 128 pixels
# Predictions of all: 360 training images, 40 for validation twice, 200 of the test.
PASS_SECONDS = (360 + 2 * 40 + 200) * IMAGE_SECONDS
RECIPE: dict[str, Any] = {
    "name": "features",
    "model": {"name": f"{__name__}:network", "upsample": 4},
    "training": {
        "epochs": 3,
        "batch_size": 100,
        "optimizer": "adamw",
        "learning_rate": 0.002,
        "freeze": ["backbone"],
        "cache_features": True,
        "precision": "float32",
    },
    "tracking": {"mlflow": False},
    "growth": [growth.model_dump() for growth in load_recipe("transfer").recipe.growth],
}

_running: list[Clock] = []


def network(classes: int = 100, upsample: int = 4) -> nn.Module:
    """A network on which time passes as on a real one: with the number of pixels."""
    layers = nn.Conv2d(3, 8, 5, stride=8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    whole = nn.Sequential(nn.Upsample(scale_factor=upsample), *layers, nn.Linear(8, classes))

    def wait(_layer: nn.Module, inputs: Any) -> None:
        for clock in _running:
            clock.now += len(inputs[0]) * IMAGE_SECONDS * (upsample / 4) ** 2

    whole.register_forward_pre_hook(wait)
    return whole


@pytest.fixture
def machine(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of this network."""
    monkeypatch.setattr(f"{__name__}._running", [clock])
    return clock


def train(small_data: Any, runs: Path, **options: Any) -> Recipe:
    run = hundred.train(RECIPE, data=small_data, runs=runs, figures=False, quiet=True, **options)
    assert isinstance(run, Run)
    return load_recipe(run.path / "recipe.toml").recipe


@pytest.mark.parametrize("minutes", [0.6, 1.0, 2.0, 3.0, 10.0])
def test_pictures_are_as_large_as_there_is_time_for(
    machine: Clock, small_data: Any, tmp_path: Path, minutes: float
) -> None:
    begin = machine.now
    recipe = train(small_data, tmp_path, minutes=minutes)
    taken = machine.now - begin
    upsample = recipe.model.options["upsample"]
    assert taken <= 60 * minutes
    # Of three quarters of the time: a size more would not have fitted.
    assert upsample == 7 or 0.75 * 60 * minutes < PASS_SECONDS * ((upsample + 1) / 4) ** 2 + 20
    assert (recipe.growth, recipe.training.epochs) == ((), 3)


def test_more_minutes_never_give_smaller_pictures(machine: Clock, small_data: Any, tmp_path: Path) -> None:
    chosen = [
        train(small_data, tmp_path, minutes=minutes).model.options["upsample"]
        for minutes in (0.6, 1.0, 2.0, 3.0, 10.0)
    ]
    assert chosen == sorted(chosen)
    assert (chosen[0], chosen[-1]) == (1, 7)


@pytest.mark.parametrize("given", [{"model.upsample": 2}, {"training.unfreeze_at": 0.5}, {}])
def test_pictures_stay_as_they_are_where_the_caller_says_so(
    machine: Clock, small_data: Any, tmp_path: Path, given: dict[str, Any]
) -> None:
    limit = {"minutes": 10.0} if given else {}
    recipe = train(small_data, tmp_path, set=given, **limit)
    assert recipe.model.options["upsample"] == given.get("model.upsample", 4)
    assert (recipe.training.unfreeze_at > 0) == ("training.unfreeze_at" in given)


def test_a_dry_run_counts_each_feature_once(machine: Clock, small_data: Any) -> None:
    from hundred.experiment.dry_run import dry_run

    plan = dry_run(RECIPE, data=small_data, quiet=True, figures=False)
    assert math.isclose(plan.train_seconds, 400 * IMAGE_SECONDS, rel_tol=0.1)
