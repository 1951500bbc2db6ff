"""Pictures of runs and the report page. Matplotlib and the template engine load on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hundred.report.architecture import draw_architecture, draw_layer_table, layer_table
    from hundred.report.balance import draw_balance
    from hundred.report.calibration import draw_reliability
    from hundred.report.classes import draw_class_changes, draw_class_errors, draw_superclass_errors
    from hundred.report.confusion import draw_confusion
    from hundred.report.curves import compare_curves, draw_curves
    from hundred.report.history import Milestones, milestones
    from hundred.report.mosaic import Shot
    from hundred.report.page import ReportData, RunReport, render_page, write_report
    from hundred.report.pairs import Pair, draw_pairs
    from hundred.report.pareto import draw_pareto
    from hundred.report.rates import draw_range_test
    from hundred.report.samples import (
        ClassGallery,
        draw_augmented,
        draw_class_galleries,
        draw_sample_grid,
        draw_shots,
    )
    from hundred.report.style import Provenance, as_bytes, save

_HOME = {
    "ClassGallery": "samples",
    "Milestones": "history",
    "Pair": "pairs",
    "Provenance": "style",
    "ReportData": "page",
    "RunReport": "page",
    "Shot": "mosaic",
    "as_bytes": "style",
    "compare_curves": "curves",
    "draw_architecture": "architecture",
    "draw_augmented": "samples",
    "draw_balance": "balance",
    "draw_class_changes": "classes",
    "draw_class_errors": "classes",
    "draw_class_galleries": "samples",
    "draw_confusion": "confusion",
    "draw_curves": "curves",
    "draw_layer_table": "architecture",
    "draw_pairs": "pairs",
    "draw_pareto": "pareto",
    "draw_range_test": "rates",
    "draw_reliability": "calibration",
    "draw_sample_grid": "samples",
    "draw_shots": "samples",
    "draw_superclass_errors": "classes",
    "layer_table": "architecture",
    "milestones": "history",
    "render_page": "page",
    "save": "style",
    "write_report": "page",
}

__all__ = [
    "ClassGallery",
    "Milestones",
    "Pair",
    "Provenance",
    "ReportData",
    "RunReport",
    "Shot",
    "as_bytes",
    "compare_curves",
    "draw_architecture",
    "draw_augmented",
    "draw_balance",
    "draw_class_changes",
    "draw_class_errors",
    "draw_class_galleries",
    "draw_confusion",
    "draw_curves",
    "draw_layer_table",
    "draw_pairs",
    "draw_pareto",
    "draw_range_test",
    "draw_reliability",
    "draw_sample_grid",
    "draw_shots",
    "draw_superclass_errors",
    "layer_table",
    "milestones",
    "render_page",
    "save",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"hundred.report.{_HOME[name]}"), name)
    raise AttributeError(f"module 'hundred.report' has no attribute {name!r}")
