"""Figures of images: one of each class, originals beside augmented ones, and galleries of predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from hundred.formatting import plural, readable
from hundred.reports.figures.mosaic import TILE, Shot, paste, pixels
from hundred.reports.figures.style import (
    BLUE,
    INK,
    MUTED,
    REAL,
    VERMILLION,
    Provenance,
    board,
    new_figure,
    shortened,
    styled,
    superclass_colours,
    wrapped,
)

_CELL = 62.0


@dataclass(frozen=True)
class ClassGallery:
    """Images of one class with their predictions. error: a fraction. superclass: '' where there is none."""

    name: str
    superclass: str
    error: float
    shots: tuple[Shot, ...]


@styled
def draw_sample_grid(
    images: Any,
    fine_names: Sequence[str],
    coarse_names: Sequence[str],
    fine_to_coarse: Any,
    *,
    title: str = "",
    provenance: Provenance = REAL,
) -> Figure:
    """One image of each class, a line for each superclass, or ten in a line without superclasses.

    images: uint8 [classes, 3, height, width] in label order. fine_to_coarse: int [classes].
    """
    tiles = pixels(images)
    groups = _sample_lines(len(tiles), coarse_names, np.asarray(fine_to_coarse))
    grouped = len(coarse_names) > 1
    title = title or f"The {plural(len(tiles), 'fine class' if grouped else 'class')}"
    columns = 2 if grouped else 1
    lines, step = -(-len(groups) // columns), 90.0 if grouped else 76.0
    block = max(len(members) for _, members in groups) * _CELL + 16
    figure = new_figure(max(columns * block + 24, 340), 40 + lines * step + 6, title, provenance)
    axes = board(figure)
    colours = superclass_colours(coarse_names)
    places, shown = [], []
    for place, (heading, members) in enumerate(groups):
        left, top = 20 + (place // lines) * block, 40 + (place % lines) * step
        if heading:
            axes.add_patch(Rectangle((left, top + 2), 3, 9, facecolor=colours[heading], linewidth=0))
            text = readable(heading)
            axes.text(left + 8, top + 6.5, text, fontsize=8, fontweight="bold", va="center")
            top += 15
        for number, label in enumerate(members):
            x = left + number * _CELL
            places.append((x, top))
            shown.append(tiles[label])
            name = shortened(readable(fine_names[label]), 6.8, _CELL - 3)
            axes.text(x + TILE / 2, top + TILE + 7, name, fontsize=6.8, va="center", ha="center")
    paste(axes, shown, places)
    return figure


def _sample_lines(
    classes: int, coarse_names: Sequence[str], superclasses: np.ndarray
) -> list[tuple[str, list[int]]]:
    """The lines of the grid: a heading ('' for none) and class numbers."""
    if len(coarse_names) > 1:
        members = [np.flatnonzero(superclasses == coarse).tolist() for coarse in range(len(coarse_names))]
        return [(name, fine) for name, fine in zip(coarse_names, members, strict=True) if fine]
    return [("", list(range(first, min(first + 10, classes)))) for first in range(0, classes, 10)]


@styled
def draw_augmented(
    originals: Any,
    augmented: Any,
    names: Sequence[str],
    *,
    title: str = "Originals beside augmented images",
    note: str = "",
    provenance: Provenance = REAL,
) -> Figure:
    """Each original at the left, its augmented versions to the right of it.

    originals: uint8 [n, 3, 32, 32]; augmented: uint8 [n, times, 3, 32, 32]; names: of the n images' classes.
    """
    firsts = pixels(originals)
    versions = [pixels(row) for row in augmented]
    times = len(versions[0]) if versions else 0
    left, top, step = 96.0, 66.0, TILE + 5.0
    width = max(left + TILE + 16 + times * step + 14, 360)
    figure = new_figure(
        width, top + len(firsts) * step + 8, title, provenance, shortened(note, 8, width - 24)
    )
    axes = board(figure)
    axes.text(left + TILE / 2, top - 9, "original", fontsize=7.5, ha="center", va="center", color=MUTED)
    axes.text(left + TILE + 16, top - 9, "augmented", fontsize=7.5, ha="left", va="center", color=MUTED)
    places, shown = [], []
    for row, (first, others) in enumerate(zip(firsts, versions, strict=True)):
        y = top + row * step
        axes.text(
            left - 8,
            y + TILE / 2,
            shortened(readable(names[row]), 8, 80),
            fontsize=8,
            ha="right",
            va="center",
        )
        places += [(left, y), *((left + TILE + 16 + time * step, y) for time in range(times))]
        shown += [first, *others]
    paste(axes, shown, places)
    return figure


@styled
def draw_class_galleries(
    worst: Sequence[ClassGallery],
    best: Sequence[ClassGallery],
    *,
    title: str = "The worst and the best classes",
    provenance: Provenance = REAL,
) -> Figure:
    """A row of images for each class, the worst above the best, with the prediction for each image."""
    across = max((len(gallery.shots) for gallery in (*worst, *best)), default=0)
    width = max(118 + across * _CELL + 8, 420)
    height = 46 + (len(worst) + len(best)) * 72 + 2 * 22
    note = "under each image: the predicted class and its probability"
    figure = new_figure(width, height, title, provenance, note)
    axes = board(figure)
    top = 46.0
    for heading, galleries in (("Worst", worst), ("Best", best)):
        if not galleries:
            continue
        axes.text(14, top + 10, f"{heading} {len(galleries)}", fontsize=9, fontweight="bold", va="center")
        top += 22
        for gallery in galleries:
            _class_row(axes, gallery, top)
            top += 72
    return figure


def _class_row(axes: Axes, gallery: ClassGallery, top: float) -> None:
    axes.text(
        14, top + 16, shortened(readable(gallery.name), 9, 96), fontsize=9, fontweight="bold", va="center"
    )
    axes.text(14, top + 28, f"{gallery.error:.0%} error", fontsize=8, va="center")
    for number, line in enumerate(wrapped(readable(gallery.superclass), 6.5, 100)[:2]):
        axes.text(14, top + 39 + 8 * number, line, fontsize=6.5, va="center", color=MUTED)
    _shots(axes, gallery.shots, [(118 + number * _CELL, top) for number in range(len(gallery.shots))])


@styled
def draw_shots(
    shots: Sequence[Shot],
    *,
    title: str,
    note: str = "",
    columns: int = 8,
    provenance: Provenance = REAL,
) -> Figure:
    """A gallery of single images, such as the most confident mistakes: true class above, prediction below."""
    columns = max(1, min(columns, len(shots)))
    rows = -(-len(shots) // columns)
    width = max(14 + columns * _CELL + 8, 340)
    figure = new_figure(width, 46 + rows * 86 + 4, title, provenance, shortened(note, 8, width - 24))
    axes = board(figure)
    places = [(18 + number % columns * _CELL, 58 + number // columns * 86.0) for number in range(len(shots))]
    for shot, (x, y) in zip(shots, places, strict=True):
        # Bold letters are an eighth wider than the ones measured.
        name = shortened(readable(shot.true), 7 * 1.125, _CELL - 5)
        axes.text(x + TILE / 2, y - 6, name, fontsize=7, ha="center", va="center", fontweight="bold")
    _shots(axes, shots, places)
    return figure


def _shots(axes: Axes, shots: Sequence[Shot], places: Sequence[tuple[float, float]]) -> None:
    """Images with a bar and the prediction below them: vermillion and named where wrong, blue where right."""
    if not shots:
        return
    paste(axes, list(pixels(np.stack([np.asarray(shot.image) for shot in shots]))), places)
    for shot, (x, y) in zip(shots, places, strict=True):
        if shot.predicted is None:
            continue
        colour = BLUE if shot.right else VERMILLION
        axes.add_patch(Rectangle((x, y + TILE), TILE, 2, facecolor=colour, linewidth=0, zorder=3))
        text = shortened("✓ right" if shot.right else f"→ {readable(shot.predicted)}", 6.6, _CELL - 5)
        axes.text(x + TILE / 2, y + TILE + 8, text, fontsize=6.6, ha="center", va="center", color=INK)
        if shot.probability is not None:
            axes.text(
                x + TILE / 2,
                y + TILE + 16.5,
                f"{shot.probability:.0%}",
                fontsize=6,
                ha="center",
                va="center",
                color=MUTED,
            )
