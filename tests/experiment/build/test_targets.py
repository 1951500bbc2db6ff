"""`--target`: the cheapest of the measured settings, and a way out where none is known."""

import pytest

from hundred.errors import UsageError
from hundred.experiment.build.resolve import resolve
from hundred.experiment.build.targets import overrides_for


def test_the_cheapest_setting_that_reaches_the_target_is_taken() -> None:
    modest, high = (resolve("sprint", target=target).recipe for target in (0.6, 0.7))
    assert modest == resolve("sprint", target=0.64).recipe
    assert modest.training.epochs < high.training.epochs
    assert (modest.model.options["width3"], high.model.options["width3"]) == (384, 576)


def test_what_the_caller_sets_outweighs_the_target() -> None:
    recipe = resolve("sprint", target=0.64, epochs=1, overrides=["training.batch_size=64"]).recipe
    assert (recipe.training.epochs, recipe.training.batch_size) == (1, 64)


def test_a_target_is_the_same_training_on_a_gpu() -> None:
    assert resolve("sprint", target=0.64, device="cuda") == resolve("sprint", target=0.64, device="cpu")


def test_a_target_beyond_what_was_measured_names_the_best_that_is_known() -> None:
    with pytest.raises(
        UsageError, match=r"--target 0\.999: the most that sprint was measured to reach here is 0\.7"
    ):
        overrides_for("sprint", 0.999)


@pytest.mark.parametrize("recipe", ["school", {"name": "own"}])
def test_a_recipe_without_measurements_says_so(recipe: str | dict[str, str]) -> None:
    with pytest.raises(UsageError, match="no accuracies were measured"):
        overrides_for(recipe, 0.5)
