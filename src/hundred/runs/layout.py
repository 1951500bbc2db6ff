"""The names of the files in a run directory (DESIGN: "A run directory"), and strict reading of their JSON."""

import json
import math
from pathlib import Path
from typing import Any

RECIPE = "recipe.toml"
ENVIRONMENT = "environment.json"
HISTORY = "history.csv"
EVENTS = "events.jsonl"
CHECKPOINT = "checkpoint.pt"
FINISHED = "finished.pt"  # the checkpoint of a finished run
MODEL = "model.h5"
RESULT = "result.json"
PREDICTIONS = "predictions.npz"
FIGURES = "figures"
REPORT = "report.html"
MLFLOW = "mlflow.json"
LOCK = ".lock"
REPEATS = "repeats.json"  # of a folder of repeats
SITTINGS = "sittings.json"

# Digits that a number may have: 300 fit into a float.
LONGEST_WHOLE = 300


def is_run(path: Path) -> bool:
    """Whether `path` is a directory with at least one file that only a run directory holds."""
    return path.is_dir() and any((path / name).is_file() for name in (RECIPE, RESULT, HISTORY, EVENTS))


def strict_json(data: bytes | str) -> Any:
    """The value of JSON text, if it could have been written by `write_json`.

    Raises ValueError for NaN, infinities, whole numbers that no float can hold, unpaired surrogates, and
    too deep nesting, so that figures and pages need not check for them.
    """
    try:
        value = json.loads(data, parse_constant=_refused, parse_float=_finite, parse_int=_within)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _refused(digits[:20])


def _within(digits: str) -> int:
    return int(digits) if len(digits) < LONGEST_WHOLE else _refused(f"{digits[:20]}...")
