"""The figures of a run: one table of what there is to draw, each saved as PNG or SVG."""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import torch
from matplotlib.figure import Figure

from hundred.data.dataset import Dataset
from hundred.experiment.report.augmentation import augmented_figure
from hundred.recipe.schema import Recipe
from hundred.reports.figures.architecture import draw_architecture, draw_layer_table
from hundred.reports.figures.balance import draw_balance
from hundred.reports.figures.calibration import draw_reliability
from hundred.reports.figures.classes import draw_class_errors, draw_superclass_errors
from hundred.reports.figures.confusion import draw_confusion
from hundred.reports.figures.curves import draw_curves
from hundred.reports.figures.samples import draw_class_galleries, draw_sample_grid, draw_shots
from hundred.reports.figures.style import Provenance, save
from hundred.reports.page.data import RunReport
from hundred.runs.layout import FIGURES
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run

# A figure is a name and a function that draws it: only one is in memory at a time, and one that cannot be
# drawn costs no other.
NamedFigure = tuple[str, Callable[[], Figure]]


def draw_figures(
    run: Run,
    report: RunReport,
    recipe: Recipe | None = None,
    dataset: Dataset | None = None,
    kind: Literal["png", "svg"] = "png",
) -> list[str]:
    """Draw what there is of `run` into its figures folder; return one line for each figure that failed.

    report: of `run_report`. recipe and dataset, where given, add the figures of the data. Figures made of
    photographs are PNG only.

    Raises HundredError where the disk refuses.
    """
    figures = list(_charts(report))
    if kind == "png":
        figures += _galleries(report)
        if recipe is not None and dataset is not None:
            figures += _data_figures(recipe, dataset, report.provenance)
    failed = []
    with os_errors_as_hundred_errors(run.path / FIGURES):
        (run.path / FIGURES).mkdir(exist_ok=True)
        for name, draw in figures:
            try:
                save(draw(), run.path / FIGURES / f"{name}.{kind}")
            except OSError:
                raise
            except Exception as error:  # the run and the other figures are good
                failed.append(f"{name} ({type(error).__name__}: {error})")
    return failed


def _charts(report: RunReport) -> Iterator[NamedFigure]:
    """Everything drawn from numbers."""
    provenance, history, classes, rows = report.provenance, report.history, report.classes, report.layers
    model = str(report.result.get("model") or report.name)
    if history is not None:
        yield (
            "curves",
            lambda: draw_curves(
                history, report.marks, rates=report.rates, title=report.name, provenance=provenance
            ),
        )
    if classes is not None:
        yield "classes", lambda: draw_class_errors(classes, provenance=provenance)
    superclasses, confusion, reliability = report.superclasses, report.confusion, report.reliability
    if classes is not None and superclasses is not None:
        yield "superclasses", lambda: draw_superclass_errors(superclasses, classes, provenance=provenance)
    if confusion is not None:
        names = (confusion.fine_names, confusion.coarse_names, confusion.fine_to_coarse)
        yield "confusions", lambda: draw_confusion(confusion.matrix, *names, provenance=provenance)
    error = report.result.get("calibration_error")
    if reliability is not None and error is not None:
        yield "reliability", lambda: draw_reliability(reliability, error, provenance=provenance)
    if rows is not None:
        layers = list(rows)
        yield "architecture", lambda: draw_architecture(layers, title=model, provenance=provenance)
        yield "layers", lambda: draw_layer_table(layers, title=model, provenance=provenance)


def _galleries(report: RunReport) -> Iterator[NamedFigure]:
    """Test images with their predictions."""
    provenance = report.provenance
    if report.worst:
        yield "galleries", lambda: draw_class_galleries(report.worst, report.best, provenance=provenance)
    if report.galleries:
        title = "The most confident mistakes"
        yield "mistakes", lambda: draw_shots(report.galleries[0].shots, title=title, provenance=provenance)


def _data_figures(recipe: Recipe, dataset: Dataset, provenance: Provenance) -> Iterator[NamedFigure]:
    """The training images, before and after augmentation, and how many there are of each class."""
    yield "samples", lambda: _sample_grid(dataset, provenance)
    yield "balance", lambda: _balance(dataset, provenance)
    yield "augmented", lambda: augmented_figure(recipe, dataset, provenance)


def _sample_grid(dataset: Dataset, provenance: Provenance) -> Figure:
    """One training image of each class."""
    present, first = np.unique(dataset.train.fine.numpy(), return_index=True)  # a class may have no image
    return draw_sample_grid(
        dataset.train.images[first].numpy(),
        [dataset.fine_names[label] for label in present],
        dataset.coarse_names,
        dataset.fine_to_coarse.numpy()[present],
        provenance=provenance,
    )


def _balance(dataset: Dataset, provenance: Provenance) -> Figure:
    """Images of each class in both splits."""
    classes = len(dataset.fine_names)
    counts = {
        name: torch.bincount(split.fine.cpu(), minlength=classes).tolist()
        for name, split in (("train", dataset.train), ("test", dataset.test))
        if len(split)
    }
    return draw_balance(counts, dataset.fine_names, provenance=provenance)
