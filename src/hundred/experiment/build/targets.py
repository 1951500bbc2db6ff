"""The cheapest setting known to reach a test accuracy: a table measured by us, kept beside the recipes."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from hundred.errors import UsageError


def overrides_for(recipe: str | Path | Mapping[str, Any], target: float) -> dict[str, Any]:
    """The overrides of `recipe` that reach test accuracy `target` (a fraction) at the least cost.

    Raises UsageError where nothing measured reaches it, naming what is.
    """
    if not 0.0 < target < 1.0:
        raise UsageError(f"--target {target:g}: an accuracy is a fraction above 0 and below 1, such as 0.64")
    file = resources.files("hundred.recipe") / "targets.toml"
    table = tomllib.loads(file.read_text("utf-8")).get(str(recipe), []) if file.is_file() else []
    if not table:
        raise UsageError(
            f"--target: no accuracies were measured for the recipe {recipe}; give --epochs instead"
        )
    reach = [row for row in table if row["accuracy"] >= target]
    if not reach:
        best = max(row["accuracy"] for row in table)
        raise UsageError(
            f"--target {target:g}: the most that {recipe} was measured to reach here is {best:g}"
        )
    chosen: dict[str, Any] = min(reach, key=lambda row: row["cost"])["set"]
    return chosen
