"""A picture of what a recipe's augmentation does to training images, without training."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.build.data import open_data
from hundred.experiment.report.figures import augmented
from hundred.recipe.load import load_recipe
from hundred.reports.figures.style import Provenance, save
from hundred.runs.os_errors import os_errors_as_hundred_errors

SUFFIXES = (".png", ".svg")


def draw_augmentation(
    recipe: str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    *,
    data: str | Path | Dataset | None = None,
    set: Iterable[str] | Mapping[str, Any] = (),
) -> Path:
    """Draw originals beside what `recipe` makes of them, and return the path of the picture.

    out: a .png or .svg file; None is augment-<recipe>.png here. data and set: as for `train`.

    Raises UsageError for a wrong recipe or suffix, HundredError where the file cannot be written.
    """
    resolved = load_recipe(recipe, set).recipe
    path = Path(out) if out is not None else Path(f"augment-{resolved.name}.png")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--out {path}: a picture is a {' or '.join(SUFFIXES)} file")
    dataset = open_data(data)
    figure = augmented(resolved, dataset, Provenance(dataset.name, resolved.data.protocol))
    with os_errors_as_hundred_errors(path):
        return save(figure, path)
