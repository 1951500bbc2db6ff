"""What differs between a run's recipe and its parent, and between the recipes of several runs."""

from pathlib import Path
from typing import Any

from hundred.experiment.report.contents import run_report
from hundred.experiment.report.recipe_changes import as_toml, every_setting
from hundred.files import write_text
from hundred.models.registry import options
from hundred.recipe.load import load_recipe
from hundred.recipe.write import to_toml
from hundred.reports.page.data import RunReport
from hundred.runs.run import Run


def with_recipe(run: Path, recipe: str, **values: Any) -> Run:
    """`run` as if it had followed the built-in recipe with `values`."""
    write_text(run / "recipe.toml", to_toml(load_recipe(recipe, values).recipe))
    return Run(run)


def test_a_changed_setting_is_shown_against_the_recipe_as_it_ships(full: RunReport) -> None:
    assert full.parent == "sprint as it ships"
    assert full.changes is not None
    changes = {change.key: (change.value, change.parent_value) for change in full.changes}
    assert changes["training.epochs"] == ("1", str(load_recipe("sprint").recipe.training.epochs))
    assert changes["model.width1"] == ("8", str(options("sprint")["width1"]))
    assert "seed" not in changes
    assert not [key for key in changes if key.startswith("cuda")]


def test_an_unchanged_recipe_is_shown_against_its_parent(copied: Path) -> None:
    report = run_report(with_recipe(copied, "school-revisited"))
    parents = load_recipe("school-revisited").parents
    assert parents
    assert report.parent == parents[0]
    assert report.changes
    assert not {"name", "summary"} & {change.key for change in report.changes}


def test_a_users_recipe_is_shown_against_the_one_it_extends(copied: Path) -> None:
    own = load_recipe({"extends": "school", "name": "mine", "training": {"epochs": 7}}).recipe
    write_text(copied / "recipe.toml", to_toml(own))
    report = run_report(Run(copied))
    assert report.parent == "school"
    assert [(change.key, change.value) for change in report.changes or ()] == [("training.epochs", "7")]
    write_text(copied / "recipe.toml", to_toml(own.model_copy(update={"based_on": "gone.toml"})))
    assert run_report(Run(copied)).parent is None


def test_a_users_recipe_has_no_parent(copied: Path) -> None:
    run = with_recipe(copied, "sprint", name="mine")
    assert run_report(run).parent is None


def test_options_of_a_network_that_a_recipe_leaves_out_have_their_defaults() -> None:
    given = load_recipe({"model": {"name": "resnet18"}}).recipe
    assert every_setting(given)["model.width"] == "64"
    own = load_recipe({"model": {"name": "no.such.module:network", "size": 3}}).recipe
    assert [key for key in every_setting(own) if key.startswith("model.")] == [
        "model.name",
        "model.weights",
        "model.size",
    ]


def test_recipe_values_are_written_as_toml() -> None:
    values = {"name": "x", "training.learning_rate": 1e-3, "augment.flip": True}
    values |= {"augment.range": [0.5, 1.0], "augment.pairs": [[1, 2], [3, 4]]}
    assert as_toml(values) == {
        "name": '"x"',
        "training.learning_rate": "0.001",
        "augment.flip": "true",
        "augment.range": "[0.5, 1.0]",
        "augment.pairs": "[[1, 2], [3, 4]]",
    }
