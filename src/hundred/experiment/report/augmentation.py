"""The figure of what a recipe's augmentation does to training images, which needs no training."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure

from hundred.data.augment.rng import AugmentRng
from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.build.augmentation import build_pipeline
from hundred.experiment.build.data import open_data
from hundred.experiment.build.image_size import at_image_size
from hundred.files import make_folder
from hundred.recipe.load import load_recipe
from hundred.recipe.schema import Recipe
from hundred.reports.figures.samples import draw_augmented
from hundred.reports.figures.style import Provenance, save
from hundred.runs.os_errors import os_errors_as_hundred_errors

SUFFIXES = (".png", ".svg")
IMAGES, EPOCHS = 8, 8


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
    figure = augmented_figure(resolved, dataset, Provenance(dataset.name, resolved.data.protocol))
    with os_errors_as_hundred_errors(path):
        make_folder(path)
        return save(figure, path)


def augmented_figure(recipe: Recipe, dataset: Dataset, provenance: Provenance) -> Figure:
    """Originals beside what the augmentation of `recipe` makes of them in eight epochs."""
    pipeline = build_pipeline(at_image_size(recipe, dataset.image_size).augment, recipe.seed)
    indices = torch.arange(IMAGES) * max(len(dataset.train) // IMAGES, 1)
    originals = dataset.train.images[indices]
    versions = []
    for epoch in range(1, EPOCHS + 1):
        rng = AugmentRng(torch.Generator().manual_seed(epoch), epoch, indices)
        versions.append(pipeline(originals, rng).round().clamp(0, 255).to(torch.uint8))
    names = [dataset.fine_names[int(label)] for label in dataset.train.fine[indices]]
    return draw_augmented(
        originals.numpy(), torch.stack(versions, 1).numpy(), names, note=str(pipeline), provenance=provenance
    )
