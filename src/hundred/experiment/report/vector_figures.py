"""The drawn pictures of a run as SVG, for papers and slides; those of photographs stay PNG."""

from collections.abc import Callable, Iterator
from pathlib import Path

from matplotlib.figure import Figure

from hundred.reports.figures.architecture import draw_architecture, draw_layer_table
from hundred.reports.figures.calibration import draw_reliability
from hundred.reports.figures.classes import draw_class_errors, draw_superclass_errors
from hundred.reports.figures.confusion import draw_confusion
from hundred.reports.figures.curves import draw_curves
from hundred.reports.figures.style import save
from hundred.reports.page.data import RunReport
from hundred.runs.layout import FIGURES
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run


def draw_vector_figures(run: Run, report: RunReport) -> list[Path]:
    """Write figures/*.svg into the directory of `run` from what its page shows, and return the paths.

    What the report lacks (a run without a test has no classes) is left out.

    Raises HundredError where a picture cannot be written.
    """
    written = []
    for name, draw in _pictures(report):
        path = run.path / FIGURES / f"{name}.svg"
        with os_errors_as_hundred_errors(path):
            written.append(save(draw(), path))
    return written


def _pictures(report: RunReport) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Each as a function, so that only one figure at a time is in memory."""
    provenance, history, classes, rows = report.provenance, report.history, report.classes, report.layers
    model = str(report.result.get("model") or report.name)
    if history is not None:
        yield (
            "curves",
            lambda: draw_curves(history, report.marks, title=report.name, provenance=provenance),
        )
    if classes is not None:
        yield "classes", lambda: draw_class_errors(classes, provenance=provenance)
    superclasses, counts, reliability = report.superclasses, report.confusion, report.reliability
    if classes is not None and superclasses is not None:
        yield "superclasses", lambda: draw_superclass_errors(superclasses, classes, provenance=provenance)
    if counts is not None:
        names = (counts.fine_names, counts.coarse_names, counts.fine_to_coarse)
        yield "confusions", lambda: draw_confusion(counts.matrix, *names, provenance=provenance)
    error = report.result.get("calibration_error")
    if reliability is not None and error is not None:
        yield "reliability", lambda: draw_reliability(reliability, error, provenance=provenance)
    if rows is not None:
        layers = list(rows)
        yield "architecture", lambda: draw_architecture(layers, title=model, provenance=provenance)
        yield "layers", lambda: draw_layer_table(layers, title=model, provenance=provenance)
