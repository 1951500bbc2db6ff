"""The one description of an experiment: typed, validated, read from and written to TOML."""

from hundred.recipe.load import (
    DEFAULT_RECIPE,
    Resolved,
    builtin_names,
    for_device,
    leaves,
    load_recipe,
    validate,
)
from hundred.recipe.schema import Recipe
from hundred.recipe.write import to_toml

__all__ = [
    "DEFAULT_RECIPE",
    "Recipe",
    "Resolved",
    "builtin_names",
    "for_device",
    "leaves",
    "load_recipe",
    "to_toml",
    "validate",
]
