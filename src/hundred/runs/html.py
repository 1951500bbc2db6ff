"""A run in one line of text, or as HTML with its headline figures and curves, for notebooks."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from hundred.formatting import percent, plural

# The rows of a history, as `read_rows` returns them.
Rows = Sequence[Mapping[str, float]]

_WIDTH, _HEIGHT = 300, 120
_SMALL = "font-size='10'"
# As in figures and reports; distinct with every kind of colour vision, on light and dark pages.
_TRAINING, _VALIDATION = "#E69F00", "#0072B2"

_FIGURES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("test_accuracy", "test accuracy", percent),
    ("test_top5_accuracy", "test top-5 accuracy", percent),
    ("test_coarse_accuracy", "test superclass accuracy", percent),
    ("val_accuracy", "validation accuracy", percent),
    ("calibration_error", "calibration error", lambda value: f"{value:.4f}"),
    ("parameters", "parameters", lambda value: f"{value:,.0f}"),
    ("train_seconds", "training, seconds", lambda value: f"{value:,.1f}"),
    ("images_per_second", "images per second", lambda value: f"{value:,.0f}"),
)


def summary(name: str, result: Mapping[str, Any], rows: Rows, *, finished: bool) -> str:
    """A run in some words, such as ``school, 20 epochs, test accuracy 57.10%``."""
    words = [str(result.get("recipe") or name)]
    if result.get("data") == "sample":
        words.append("sample data")
    words.append(plural(len(rows), "epoch"))
    accuracy = result.get("test_accuracy")
    if _is_number(accuracy):
        words.append(f"test accuracy {percent(accuracy)}")
    elif rows and "val_accuracy" in rows[-1]:
        words.append(f"validation accuracy {percent(rows[-1]['val_accuracy'])}")
    if not finished:
        words.append("not finished")
    return ", ".join(words)


def card_html(name: str, result: Mapping[str, Any], rows: Rows, *, finished: bool) -> str:
    """HTML for a notebook: figures and curves of a run, all text escaped, no script, no outside file."""
    cells = [(label, form(result[key])) for key, label, form in _FIGURES if _is_number(result.get(key))]
    table = "".join(
        f"<tr><td style='text-align:left'>{escape(label)}</td>"
        f"<td style='text-align:right'>{escape(text)}</td></tr>"
        for label, text in cells
    )
    curves = _curves(rows, "accuracy") + _curves(rows, "loss")
    words = summary(name, result, rows, finished=finished)
    return (
        f"<div><b>{escape(name)}</b> <span style='opacity:.7'>{escape(words)}</span>"
        f"<div style='display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start'>"
        f"<table>{table}</table>{curves}</div></div>"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _curves(rows: Rows, figure: str) -> str:
    """One small chart: `figure` in training and validation over the epochs."""
    series = [
        (label, colour, [row.get(key, math.nan) for row in rows])
        for label, colour, key in (
            ("training", _TRAINING, figure),
            ("validation", _VALIDATION, f"val_{figure}"),
        )
    ]
    values = [value for _, _, line in series for value in line if math.isfinite(value)]
    if len(rows) < 2 or not values:
        return ""
    low, high = min(values), max(values)
    lines = "".join(
        f"<polyline points='{_points(line, low, high)}' fill='none' stroke='{colour}' stroke-width='1.5'/>"
        f"<text x='{_WIDTH - 4}' y='{12 + 12 * place}' text-anchor='end' {_SMALL} fill='{colour}'>"
        f"{label}</text>"
        for place, (label, colour, line) in enumerate(series)
        if any(math.isfinite(value) for value in line)
    )
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT + 16}' role='img' aria-label='{figure} by epoch'>"
        f"<rect width='{_WIDTH}' height='{_HEIGHT}' fill='none' stroke='currentColor' stroke-opacity='.3'/>"
        f"<text x='4' y='12' {_SMALL} fill='currentColor'>{figure} {high:.3g}</text>"
        f"<text x='4' y='{_HEIGHT - 4}' {_SMALL} fill='currentColor'>{low:.3g}</text>"
        f"<text x='{_WIDTH / 2:g}' y='{_HEIGHT + 12}' text-anchor='middle' {_SMALL} fill='currentColor'>"
        f"epoch 1 to {len(rows)}</text>{lines}</svg>"
    )


def _points(line: Sequence[float], low: float, high: float) -> str:
    """SVG points of `line` over the chart's width; what is not finite is left out."""
    span = (high - low) or 1.0
    step = _WIDTH / max(1, len(line) - 1)
    return " ".join(
        f"{index * step:.1f},{_HEIGHT - (value - low) / span * _HEIGHT:.1f}"
        for index, value in enumerate(line)
        if math.isfinite(value)
    )
