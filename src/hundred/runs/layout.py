"""The names of what lies in a run directory (DESIGN: "A run directory"), and values fit for JSON."""

import math
from pathlib import Path
from typing import Any

RECIPE = "recipe.toml"
ENVIRONMENT = "environment.json"
HISTORY = "history.csv"
EVENTS = "events.jsonl"
CHECKPOINT = "checkpoint.pt"
MODEL = "model.h5"
RESULT = "result.json"
PREDICTIONS = "predictions.npz"
FIGURES = "figures"
REPORT = "report.html"
MLFLOW = "mlflow.json"
LOCK = ".lock"


def is_run(path: Path) -> bool:
    """Whether `path` is a directory with at least one file that only a run directory holds."""
    return path.is_dir() and any((path / name).is_file() for name in (RECIPE, RESULT, HISTORY, EVENTS))


def plain(value: Any) -> Any:  # noqa: PLR0911 (one return a type reads best)
    """`value` in JSON's types: figures that are not finite become None, NumPy and torch scalars numbers,
    tuples lists, paths and all else text."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)
