"""A recipe's `growth`: a bigger network where the time limit is long, and nothing else changed by it."""

from typing import Any

import pytest

import hundred
from hundred.recipe.load import load_recipe
from hundred.recipe.schema import Recipe
from hundred.recipe.write import to_toml
from hundred.runs.run import Run
from tests.experiment.conftest import Train

SMALL_NETWORK = {"name": "sprint", "width1": 8, "width2": 8, "width3": 8}
GROWING: dict[str, Any] = {
    "name": "growing",
    "model": SMALL_NETWORK,
    "training": {"epochs": 2, "batch_size": 100, "precision": "float32"},
    "tracking": {"mlflow": False},
    "growth": [
        {"epochs": 2, "set": {"model.width3": 16, "training.label_smoothing": 0.1}},
        {"epochs": 50_000, "set": {"model.width3": 512}},
    ],
}


@pytest.fixture
def grow(train: Train) -> Train:
    """`train` of the growing recipe, without the overrides that other tests have."""

    def run(**options: Any) -> Any:
        recipe = {**GROWING, **options.pop("recipe", {})}
        given = {"data": options.pop("data"), "figures": False, "quiet": True, **options}
        return hundred.train(recipe, **given)

    return run


def kept(run: Run) -> Recipe:
    return load_recipe(run.path / "recipe.toml").recipe


def test_a_long_time_limit_takes_the_last_growth_that_fits(
    grow: Train, small_data: Any, tmp_path: Any
) -> None:
    recipe = kept(grow(data=small_data, runs=tmp_path, minutes=30.0, epochs=2))
    assert recipe.model.options["width3"] == 16
    assert recipe.training.label_smoothing == 0.1
    assert recipe.growth == ()


@pytest.mark.parametrize("options", [{}, {"minutes": 1.0, "epochs": 1}])
def test_without_time_for_it_the_network_stays(
    grow: Train, small_data: Any, tmp_path: Any, options: dict[str, Any]
) -> None:
    recipe = kept(grow(data=small_data, runs=tmp_path, **options))
    assert recipe.model.options["width3"] == 8
    assert recipe.growth == ()


def test_what_the_caller_sets_is_not_changed(grow: Train, small_data: Any, tmp_path: Any) -> None:
    run = grow(data=small_data, runs=tmp_path, minutes=30.0, epochs=2, set=["model.width3=12"])
    assert kept(run).model.options["width3"] == 12
    assert kept(run).training.label_smoothing == 0.0


def test_another_network_does_not_grow_as_the_recipes_own(
    grow: Train, small_data: Any, tmp_path: Any
) -> None:
    recipe = tmp_path / "growing.toml"
    recipe.write_text(to_toml(load_recipe({**GROWING, "model": {"name": "sprint"}}).recipe), encoding="utf-8")
    own = {**GROWING, "extends": str(recipe), "model": {"name": "initial"}}
    del own["growth"]
    run: Any = hundred.train(
        own, data=small_data, runs=tmp_path, minutes=30.0, epochs=1, figures=False, quiet=True
    )
    assert kept(run).model.name == "initial"
    assert kept(run).training.label_smoothing == 0.0


def test_seeds_of_repeats_have_one_network(grow: Train, small_data: Any, tmp_path: Any) -> None:
    repeats = grow(data=small_data, runs=tmp_path, minutes=60.0, epochs=2, repeat=2)
    recipes = [kept(run) for run in repeats.runs]
    assert [recipe.model.options["width3"] for recipe in recipes] == [16, 16]
    assert recipes[0].training == recipes[1].training
