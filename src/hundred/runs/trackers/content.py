"""A run directory as parameters, tags, metrics and artifacts for trackers. Imports no tracker."""

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hundred.formatting import json_safe
from hundred.reading import read_toml
from hundred.runs import layout
from hundred.runs.events import read_events
from hundred.runs.history import COLUMNS, read_rows
from hundred.runs.labels import read_labels
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import read_object

# The limits that MLflow's own client and server check (mlflow.utils.validation).
_PARAM_CHARACTERS = 500
_TAG_CHARACTERS = 5000
_NAME_CHARACTERS = 250

LABEL = "tag."  # what a user's own tags begin with in MLflow
NOTE = "mlflow.note.content"  # what MLflow shows as the description of a run


@dataclass(frozen=True)
class EpochFigures:
    """The metrics of one epoch. `time` is milliseconds since 1970, as the event log has it."""

    epoch: int
    time: int
    figures: dict[str, float]


def parameters(run: Path) -> dict[str, str]:
    """The recipe flattened: `training.batch_size`, `augment.0.degrees`...; {} where it cannot be read."""
    path = run / layout.RECIPE
    if not path.exists():
        return {}
    with os_errors_as_hundred_errors(path, "cannot read"):
        recipe = read_toml(path)
    return {
        _name(key): text[:_PARAM_CHARACTERS] for key, text in _flat(recipe).items() if text and _name(key)
    }


def tags(run: Path) -> dict[str, str]:
    """The environment of the run, facts from its events, and the entries of result.json that are texts."""
    path = run / layout.ENVIRONMENT
    environment = read_object(path) if path.exists() else {}
    environment.pop("earlier", None)
    found = {f"environment.{key}": _text(value) for key, value in environment.items() if value is not None}
    found["mlflow.source.type"] = "LOCAL"
    for tag, key in (("mlflow.source.name", "command"), ("mlflow.source.git.commit", "git_revision")):
        if environment.get(key):
            found[tag] = str(environment[key])
    found.update(_event_tags(read_events(run / layout.EVENTS)))
    texts = {key: value for key, value in result(run).items() if value is not None and not _is_figure(value)}
    found.update({key: _text(value) for key, value in texts.items()})
    found.update(own_labels(run))
    return {_name(key): text[:_TAG_CHARACTERS] for key, text in found.items() if text and _name(key)}


def own_labels(folder: Path) -> dict[str, str]:
    """The user's tags and note of a run, or of a folder of runs, as tags for MLflow."""
    labels = read_labels(folder)
    found = {f"{LABEL}{tag}": "true" for tag in labels.tags}
    return found | ({NOTE: labels.note} if labels.note else {})


def epochs(run: Path, *, ended: bool) -> list[EpochFigures]:
    """The rows of history.csv with the time their event was written, so that sending one again
    changes nothing: MLflow's stores keep one of several equal metrics with equal times.

    A row whose event is not written yet is left for the next time, unless the run has ended.
    """
    path = run / layout.HISTORY
    rows = read_rows(path) if path.exists() else []
    times = {
        event.get("epoch"): _milliseconds(event)
        for event in read_events(run / layout.EVENTS)
        if event["kind"] == "epoch-ended"
    }
    found = []
    last = int(run.stat().st_mtime * 1000) if not times else 0
    for row in rows:
        epoch = int(row["epoch"])
        time = times.get(epoch)
        if time is None:
            if not ended:
                break
            time = last
        last = time
        figures = {name: row[name] for name in COLUMNS[1:] if name in row and math.isfinite(row[name])}
        found.append(EpochFigures(epoch, time, figures))
    return found


def result(run: Path) -> dict[str, Any]:
    """The content of result.json, {} while there is none."""
    path = run / layout.RESULT
    return read_object(path) if path.exists() else {}


def final_metrics(run: Path) -> dict[str, float]:
    """The figures of result.json; those named like a column of the history get the prefix `final_`, so that
    they do not pass for one more epoch. A list of two, such as an interval, becomes `_low` and `_high`."""
    found: dict[str, float] = {}
    for key, value in result(run).items():
        name = f"final_{key}" if key in COLUMNS else key
        if _is_figure(value):
            found[_name(name)] = float(value)
        elif isinstance(value, list) and len(value) == 2 and all(_is_figure(each) for each in value):
            found[_name(f"{name}_low")], found[_name(f"{name}_high")] = float(value[0]), float(value[1])
    return {name: value for name, value in found.items() if name and math.isfinite(value)}


def end_time(run: Path) -> int | None:
    """Milliseconds since 1970 of the last event, or None where there is none."""
    events = read_events(run / layout.EVENTS)
    return _milliseconds(events[-1]) if events else None


def start_time(run: Path) -> int | None:
    """Milliseconds since 1970 of the first event, or None where there is none."""
    events = read_events(run / layout.EVENTS)
    return _milliseconds(events[0]) if events else None


def status(run: Path) -> str:
    """MLflow's status of a run that has ended: `FINISHED`, `FAILED` or `KILLED`."""
    stopped = [
        event for event in read_events(run / layout.EVENTS) if event["kind"] in ("stopped", "run-started")
    ]
    reason = stopped[-1].get("reason") if stopped else None
    if reason == "interrupted":
        return "KILLED"
    return "FINISHED" if result(run) and reason != "not-finite" else "FAILED"


def artifacts(run: Path, *, ended: bool) -> dict[str, Path]:
    """The files to keep in MLflow by their path in the run; those that still grow only once it has ended.

    Predictions stay in the run directory: every figure made of them is there already.
    """
    names = [layout.RECIPE, layout.ENVIRONMENT]
    if ended:
        names += [layout.HISTORY, layout.EVENTS, layout.RESULT, layout.REPORT, layout.MODEL]
    found = {name: run / name for name in names}
    if ended:
        for figure in sorted((run / layout.FIGURES).glob("*")):
            found[f"{layout.FIGURES}/{figure.name}"] = figure
    return {name: path for name, path in found.items() if path.is_file()}


def identity(path: Path) -> str:
    """Changes when a file does: its size and time of change."""
    stat = path.stat()
    return f"{stat.st_size}-{stat.st_mtime_ns}"


def digest(values: dict[str, Any]) -> str:
    """Changes when one of the values does."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _event_tags(events: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    cuts, warnings = [], []
    for event in events:
        match event:
            case {"kind": "run-started"}:
                found["device"] = _text(event.get("device"))
                found.pop("stopped", None)
            case {"kind": "learning-rate-cut"}:
                cuts.append(f"{event.get('epoch')}: {event.get('old')} -> {event.get('new')}")
            case {"kind": "new-best"}:
                found["best_epoch"] = _text(event.get("epoch"))
            case {"kind": "weights-restored"}:
                found["restored_epoch"] = _text(event.get("epoch"))
            case {"kind": "warned"}:
                warnings.append(_text(event.get("message")))
            case {"kind": "finding"}:
                found[f"finding.{event.get('name')}"] = _text(event.get("evidence"))
            case {"kind": "stopped"}:
                found["stopped"] = _text(event.get("reason"))
                found["stopped_detail"] = _text(event.get("detail"))
    found["learning_rate_cuts"] = "; ".join(cuts)
    found["warnings"] = "; ".join(warnings)
    return found


def _milliseconds(event: dict[str, Any]) -> int | None:
    try:
        return int(datetime.fromisoformat(str(event.get("time"))).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Nested tables to dotted keys; a list of plain values stays one value, a list of tables is numbered."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = list(enumerate(value))
    else:
        return {prefix: _text(value)}
    found = {}
    for key, item in items:
        found.update(_flat(item, f"{prefix}.{key}" if prefix else str(key)))
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(json_safe(value))
    return str(value)


def _is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name(key: str) -> str:
    """`key` in the characters that MLflow allows."""
    return "".join(c if c.isalnum() or c in "_-. /" else "_" for c in key)[:_NAME_CHARACTERS].strip(" /")
