"""Metric histories of MLflow runs. Local stores are read as the files they are: importing MLflow takes longer
than everything else the doctor does."""

import math
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hundred.deadline import run_within
from hundred.errors import HundredError, MissingExtra, UsageError, nearest
from hundred.evaluation.doctor.readers.table import Columns
from hundred.runs.os_errors import os_errors_as_hundred_errors

Point = tuple[str, int, float]  # metric, step, value
SECONDS_TO_WAIT = 60.0  # for all answers of a server together


def columns_of_run(run_id: str) -> Columns:
    """The metrics of the MLflow run `run_id` by epoch: from MLFLOW_TRACKING_URI, or the stores that lie here
    (runs/mlflow.db, mlflow.db, mlruns).

    Raises UsageError where no store has it, HundredError where a server does not answer.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    scheme = urlsplit(uri).scheme
    if scheme in ("http", "https", "databricks"):
        return _table(_asked(run_id))
    if scheme == "sqlite":
        return columns_in_database(Path(unquote(uri.removeprefix("sqlite:///"))), run_id)
    places = [Path(unquote(urlsplit(uri).path))] if uri else [Path("runs"), Path(), Path("mlruns")]
    for place in places:
        if (place / "mlflow.db").is_file() and run_id in _runs_in(place / "mlflow.db"):
            return columns_in_database(place / "mlflow.db", run_id)
        for folder in place.glob(f"*/{run_id}"):
            return columns_in_folder(folder)
    looked = ", ".join(str(place) for place in places)
    raise UsageError(f"there is no MLflow run {run_id} in {looked}: set MLFLOW_TRACKING_URI to its store")


def columns_in_folder(folder: Path) -> Columns:
    """The metrics in the folder of a run of MLflow's file store: a file each, lines of time, value, step."""
    points: list[Point] = []
    for path in sorted((folder / "metrics").rglob("*")):
        if not path.is_file():
            continue
        with os_errors_as_hundred_errors(path, "cannot read"):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            parts = line.split()
            try:
                step = int(parts[2]) if len(parts) > 2 else 0
                points.append((path.relative_to(folder / "metrics").as_posix(), step, float(parts[1])))
            except (ValueError, IndexError):
                raise HundredError(f"{path} is damaged: {line[:60]!r} is no metric of MLflow") from None
    return _table(points)


def columns_in_database(path: Path, run_id: str | None) -> Columns:
    """The metrics of a run in MLflow's SQLite file `path`; without `run_id`, of the only one in it.

    Raises UsageError where it has no such run, or several and none is named.
    """
    known = _runs_in(path)
    if run_id is None and len(known) == 1:
        run_id = next(iter(known))
    by_name = {name: key for key, name in known.items() if list(known.values()).count(name) == 1}
    run_id = by_name.get(run_id or "", run_id)
    if run_id not in known:
        shown = ", ".join(by_name or known) or "none"
        chosen = (
            "name one of its runs" if run_id is None else f"has no run {run_id}{nearest(run_id, by_name)}"
        )
        raise UsageError(f"{path}: {chosen} with --run\nit has {shown}")
    rows = _query(
        path, "SELECT key, step, value, is_nan FROM metrics WHERE run_uuid = ? ORDER BY timestamp", run_id
    )
    return _table((key, int(step), math.nan if is_nan else float(value)) for key, step, value, is_nan in rows)


def _runs_in(path: Path) -> dict[str, str]:
    """Names by id of the runs in a SQLite store that have not been deleted."""
    rows = _query(
        path, "SELECT run_uuid, name FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time DESC"
    )
    return {str(key): str(name or key) for key, name in rows}


def _query(path: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    if not path.is_file():
        raise UsageError(f"there is no MLflow store at {path}")
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)
        ) as connection:
            return connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise HundredError(f"{path} is no store of MLflow, or it is damaged: {error}") from None


def _asked(run_id: str) -> list[Point]:
    """From a server, through MLflow's own client."""
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        raise MissingExtra("mlflow", "mlflow", "reading a run from a tracking server") from None

    def ask() -> list[Point]:
        client = MlflowClient()
        keys = client.get_run(run_id).data.metrics
        return [
            (key, each.step, each.value) for key in keys for each in client.get_metric_history(run_id, key)
        ]

    try:
        # MLflow itself asks a server that is busy again and again, for many minutes.
        return run_within(
            SECONDS_TO_WAIT, ask, f"MLflow did not answer within {SECONDS_TO_WAIT:.0f} s: try again later"
        )
    except MlflowException as error:
        raise HundredError(f"MLflow: {str(error).splitlines()[0][:160]}") from None


def _table(points: Iterable[Point]) -> Columns:
    """Metrics side by side, a row a step; a metric's last value at a step counts.

    Steps may be batches, with epochs in a metric of that name, as Lightning's logger does.
    """
    cells: dict[int, dict[str, float]] = {}
    for key, step, value in points:
        cells.setdefault(step, {})[key] = value
    if not cells:
        raise HundredError("the MLflow run has no metrics")
    counts = Counter(key for row in cells.values() for key in row)
    if max(counts.values()) > 1:
        # What was logged once is a figure of the whole run, such as its test accuracy, and no curve.
        cells = {
            step: {key: value for key, value in row.items() if counts[key] > 1} for step, row in cells.items()
        }
    steps = sorted(step for step, row in cells.items() if row)
    names = list(dict.fromkeys(key for row in cells.values() for key in row))
    columns: Columns = {name: [cells[step].get(name) for step in steps] for name in names}
    if "epoch" not in columns:
        columns["epoch"] = list(steps)
    return columns
