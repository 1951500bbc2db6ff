"""What a recipe sets, as text, and what differs from the recipe that it comes from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tomli_w

from hundred.errors import HundredError
from hundred.models.registry import names, options
from hundred.recipe.load import builtin_names, for_device, leaves, load_recipe
from hundred.recipe.schema import ModelSection, Recipe
from hundred.reports.page.data import Change, Setting
from hundred.runs.layout import RECIPE
from hundred.runs.run import Run

# Keys that describe a recipe and change nothing in the training (growth is applied before a run's recipe is
# written), and the seed, which is each run's own.
_PROSE = ("name", "summary", "based_on")
_DESCRIPTIVE = (*_PROSE, "seed", "growth")


def every_setting(recipe: Recipe) -> dict[str, str]:
    """Every value of `recipe` by its dotted key, as TOML; keys that its file leaves out have their defaults.

    This includes settings that did not exist yet when the run was made. Callbacks that are off have none.
    """
    model = recipe.model
    # A report runs no user code, so the options of a user's own network stay as written.
    defaults = options(model.name) if ":" not in model.name and model.name in names() else {}
    filled = ModelSection.model_validate({**defaults, **model.model_dump()})
    return as_toml(leaves(recipe.model_copy(update={"model": filled})))


def as_toml(values: Mapping[str, Any]) -> dict[str, str]:
    """Each value as TOML on one line: `training.epochs` is `60`."""
    return {key: _on_one_line(value) for key, value in values.items()}


def parent_and_changes(recipe: Recipe | None, device: str) -> tuple[str | None, list[Change] | None]:
    """The recipe to compare `recipe` with, by name, and what differs from it.

    That is the built-in recipe of the same name, or, where nothing differs from it, the one that this recipe
    is based on. device: kind of device (`cpu`, `cuda`), whose settings the parent is resolved with.
    """
    if recipe is None:
        return None, None
    own = every_setting(recipe)
    if recipe.name in builtin_names():
        shipped = every_setting(for_device(load_recipe(recipe.name), device).recipe)
        changes = _changes(own, shipped)
        if changes or not recipe.based_on:
            return f"{recipe.name} as it ships", changes
    if not recipe.based_on:
        return None, None
    try:
        parent = for_device(load_recipe(recipe.based_on), device).recipe
    except HundredError:  # the parent's file has been moved or changed since
        return None, None
    return recipe.based_on, _changes(own, every_setting(parent))


def differing_settings(runs: Sequence[Run]) -> list[Setting]:
    """The settings of the recipes that differ between `runs`."""
    recipes = [run.path / RECIPE for run in runs]
    tables = [every_setting(load_recipe(path).recipe) if path.is_file() else {} for path in recipes]
    keys: Iterable[str] = dict.fromkeys(key for table in tables for key in table if key not in _PROSE)
    found = [Setting(key, tuple(table.get(key) for table in tables)) for key in keys]
    return [setting for setting in found if len(set(setting.values)) > 1]


def _on_one_line(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_on_one_line, value))}]"
    return tomli_w.dumps({"x": value}).strip().removeprefix("x = ")


def _changes(own: Mapping[str, str], parent: Mapping[str, str]) -> list[Change]:
    keys = [key for key in dict.fromkeys([*own, *parent]) if key not in _DESCRIPTIVE]
    return [Change(key, own.get(key), parent.get(key)) for key in keys if own.get(key) != parent.get(key)]
