"""The pictures and tables of a finished run: computed by the evaluation room, drawn by the report room."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from hundred.data.augment.rng import AugmentRng
from hundred.data.dataset import Dataset
from hundred.data.describe import readable
from hundred.evaluation.confusion import confusion_matrix
from hundred.evaluation.images import image_table
from hundred.evaluation.metrics import evaluate
from hundred.evaluation.tables import tables, tables_to_csv
from hundred.experiment.build.augmentation import build_pipeline
from hundred.experiment.report.milestones import moments
from hundred.models.summary import summarize
from hundred.recipe.schema import Recipe
from hundred.reports.figures.architecture import draw_architecture, draw_layer_table
from hundred.reports.figures.balance import draw_balance
from hundred.reports.figures.calibration import draw_reliability
from hundred.reports.figures.classes import draw_class_errors, draw_superclass_errors
from hundred.reports.figures.confusion import draw_confusion
from hundred.reports.figures.curves import draw_curves
from hundred.reports.figures.samples import (
    ClassGallery,
    Shot,
    draw_augmented,
    draw_class_galleries,
    draw_sample_grid,
    draw_shots,
)
from hundred.reports.figures.style import Provenance, save
from hundred.runs.layout import FIGURES
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run

TABLES = "tables"
GALLERY_CLASSES = 5
GALLERY_IMAGES = 8
MISTAKES = 24
AUGMENTED_ROWS, AUGMENTED_TIMES = 8, 8

# Each picture is a function of no arguments, so that one that cannot be drawn costs no other.
Pictures = dict[str, Callable[[], Figure]]


def draw_figures(
    run: Run, recipe: Recipe, dataset: Dataset, network: nn.Module, logits: Tensor | None
) -> list[str]:
    """Draw every picture of `run` from its history and test `logits`, and write its tables as CSV.

    logits: None of a run that was not tested, which has no tables and no pictures of classes.
    Returns the names of pictures that could not be drawn: a run is not lost over one of them.

    Raises HundredError where the disk refuses.
    """
    provenance = Provenance(dataset.name, recipe.data.protocol)
    failed, of_classes = [], Pictures()
    if logits is not None:
        frames = tables(logits, dataset.test.fine, *_names(dataset), dataset.fine_to_coarse)
        with os_errors_as_hundred_errors(run.path / TABLES):
            tables_to_csv(run.path / TABLES, frames)
        of_classes = _pictures_of_classes(dataset, logits, frames, provenance)
    pictures = {
        **_pictures_of_run(run, recipe, provenance),
        **of_classes,
        **_pictures_of_data(recipe, dataset, provenance),
        **_pictures_of_network(recipe, network, provenance),
    }
    with os_errors_as_hundred_errors(run.path / FIGURES):
        for name, draw in pictures.items():
            try:
                save(draw(), run.path / FIGURES / f"{name}.png")
            except OSError:
                raise
            except Exception as error:  # whatever is wrong with one picture, the others and the run are good
                failed.append(f"{name} ({type(error).__name__}: {error})")
    return failed


def _pictures_of_run(run: Run, recipe: Recipe, provenance: Provenance) -> Pictures:
    if not len(run.history):
        return {}
    marks = moments(run, run.history, recipe)
    return {"curves": lambda: draw_curves(run.history, marks, title=run.name, provenance=provenance)}


def _pictures_of_classes(
    dataset: Dataset, logits: Tensor, frames: dict[str, pd.DataFrame], provenance: Provenance
) -> Pictures:
    fine, coarse = _names(dataset)
    to_coarse = dataset.fine_to_coarse.numpy()
    classes, superclasses = frames["classes"], frames["superclasses"]
    matrix = confusion_matrix(logits, dataset.test.fine)
    metrics = evaluate(logits, dataset.test.fine, dataset.fine_to_coarse)
    error = metrics.calibration_error
    return {
        "classes": lambda: draw_class_errors(classes, provenance=provenance),
        "superclasses": lambda: draw_superclass_errors(superclasses, classes, provenance=provenance),
        "confusions": lambda: draw_confusion(matrix, fine, coarse, to_coarse, provenance=provenance),
        "reliability": lambda: draw_reliability(metrics.reliability, error, provenance=provenance),
        "galleries": lambda: _galleries(dataset, logits, classes, provenance),
        "mistakes": lambda: _mistakes(dataset, frames["confident-mistakes"], provenance),
    }


def _pictures_of_data(recipe: Recipe, dataset: Dataset, provenance: Provenance) -> Pictures:
    return {
        "samples": lambda: sample_grid(dataset, provenance),
        "balance": lambda: balance(dataset, provenance),
        "augmented": lambda: augmented(recipe, dataset, provenance),
    }


def _pictures_of_network(recipe: Recipe, network: nn.Module, provenance: Provenance) -> Pictures:
    rows, title = summarize(network), recipe.model.name
    return {
        "architecture": lambda: draw_architecture(rows, title=title, provenance=provenance),
        "layers": lambda: draw_layer_table(rows, title=title, provenance=provenance),
    }


def _names(dataset: Dataset) -> tuple[list[str], list[str]]:
    return [readable(name) for name in dataset.fine_names], [readable(name) for name in dataset.coarse_names]


def sample_grid(dataset: Dataset, provenance: Provenance) -> Figure:
    """One training image of each class."""
    labels = dataset.train.fine.numpy()
    first = [int(np.flatnonzero(labels == label)[0]) for label in range(len(dataset.fine_names))]
    return draw_sample_grid(
        dataset.train.images[first].numpy(),
        *_names(dataset),
        dataset.fine_to_coarse.numpy(),
        provenance=provenance,
    )


def balance(dataset: Dataset, provenance: Provenance) -> Figure:
    """Images of each class in both splits."""
    classes = len(dataset.fine_names)
    counts = {
        name: torch.bincount(split.fine.cpu(), minlength=classes).tolist()
        for name, split in (("train", dataset.train), ("test", dataset.test))
        if len(split)
    }
    return draw_balance(counts, _names(dataset)[0], provenance=provenance)


def augmented(recipe: Recipe, dataset: Dataset, provenance: Provenance) -> Figure:
    """Originals beside what the recipe makes of them in eight epochs."""
    pipeline = build_pipeline(recipe.augment, recipe.seed)
    step = max(len(dataset.train) // AUGMENTED_ROWS, 1)
    indices = torch.arange(AUGMENTED_ROWS) * step
    originals = dataset.train.images[indices]
    versions = []
    for epoch in range(1, AUGMENTED_TIMES + 1):
        draw = AugmentRng(torch.Generator().manual_seed(epoch), epoch, indices)
        versions.append(pipeline(originals, draw).round().clamp(0, 255).to(torch.uint8))
    names = [_names(dataset)[0][int(label)] for label in dataset.train.fine[indices]]
    return draw_augmented(
        originals.numpy(), torch.stack(versions, 1).numpy(), names, note=str(pipeline), provenance=provenance
    )


def _galleries(dataset: Dataset, logits: Tensor, classes: pd.DataFrame, provenance: Provenance) -> Figure:
    images = image_table(logits, dataset.test.fine, _names(dataset)[0])
    ranked = classes.sort_values("error", kind="stable", ascending=False)
    worst = [_gallery(dataset, images, row) for _, row in ranked.head(GALLERY_CLASSES).iterrows()]
    best = [_gallery(dataset, images, row) for _, row in ranked.tail(GALLERY_CLASSES).iloc[::-1].iterrows()]
    return draw_class_galleries(worst, best, provenance=provenance)


def _gallery(dataset: Dataset, images: pd.DataFrame, row: Any) -> ClassGallery:
    own = images[images["true_name"] == row["class"]].head(GALLERY_IMAGES)
    return ClassGallery(row["class"], row["superclass"], float(row["error"]), tuple(_shots(dataset, own)))


def _mistakes(dataset: Dataset, table: pd.DataFrame, provenance: Provenance) -> Figure:
    return draw_shots(
        _shots(dataset, table.head(MISTAKES)), title="The most confident mistakes", provenance=provenance
    )


def _shots(dataset: Dataset, table: pd.DataFrame) -> list[Shot]:
    return [
        Shot(
            dataset.test.images[int(row["index"])].numpy(),
            row["true_name"],
            row["predicted_name"],
            float(row["probability"]),
        )
        for _, row in table.iterrows()
    ]
