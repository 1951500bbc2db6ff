"""Tables in text files: CSV of any framework with any separator and padding, JSON, a printed Python dict."""

import ast
import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hundred.errors import HundredError, UsageError, nearest
from hundred.runs.os_errors import os_errors_as_hundred_errors

Columns = dict[str, list[Any]]

MAX_BYTES = 50_000_000
# Columns that say which of several runs a row belongs to.
_IDS = (
    "model_id",
    "run_id",
    "run",
    "run_name",
    "run_uuid",
    "trial_id",
    "experiment_id",
    "model",
    "name",
    "seed",
)


def read_text(path: Path, run: str | None = None) -> Columns:
    """The columns in the file `path`, by name, cells as text or numbers. `run` chooses among several runs.

    Raises UsageError for a file of several runs where none is chosen, HundredError where it is no table.
    """
    with os_errors_as_hundred_errors(path, "cannot read"):
        if path.stat().st_size > MAX_BYTES:
            raise HundredError(f"{path}: {path.stat().st_size:,} bytes is no history (at most {MAX_BYTES:,})")
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    if "\0" in text:
        raise HundredError(f"{path} is no text: give a history as CSV or JSON, or a run directory")
    start = text.lstrip()[:1]
    columns = columns_of(_parsed(text, path)) if start in ("{", "[") else _csv_columns(text, path)
    return of_one_run(columns, str(path), run)


def columns_of(value: Any) -> Columns:
    """Columns from what JSON or Python gives: figures by name, or one mapping an epoch.

    Also where that lies under `history` (a dumped Keras History) or `log_history` (a Hugging Face trainer).

    Raises HundredError for anything else.
    """
    if isinstance(value, Mapping):
        for inner in ("history", "log_history"):
            if isinstance(value.get(inner), Mapping | list) and not _is_list_of_numbers(value[inner]):
                return columns_of(value[inner])
        columns = {str(name): list(cells) for name, cells in value.items() if _is_list_of_numbers(cells)}
        if columns:
            return columns
        raise HundredError("the history has no lists of figures: give a mapping such as {'loss': [2.1, 1.9]}")
    if isinstance(value, Sequence) and value and all(isinstance(row, Mapping) for row in value):
        return _transposed(value)
    raise HundredError(
        "a history is a mapping of names to lists of figures, or a list of one mapping an epoch"
    )


def of_one_run(columns: Columns, source: str, run: str | None) -> Columns:
    """The rows of one run, where a column of names tells several apart.

    Raises UsageError where there are several and none, or an unknown one, is chosen.
    """
    for name, cells in columns.items():
        if name.strip().lower() not in _IDS:
            continue
        known = list(dict.fromkeys(str(cell).strip() for cell in cells if str(cell).strip()))
        if len(known) < 2 and (run is None or run in known):
            continue
        if run is None or run not in known:
            shown = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
            chosen = (
                f"has no run {run!r}{nearest(run, known)}" if run is not None else f"holds {len(known)} runs"
            )
            raise UsageError(f"{source} {chosen}: name one of them with --run\nit has {shown}")
        kept = [row for row, cell in enumerate(cells) if str(cell).strip() == run]
        return {key: [values[row] for row in kept if row < len(values)] for key, values in columns.items()}
    if run is not None:
        raise UsageError(f"{source} holds one run, so --run {run} has nothing to choose from")
    return columns


def _is_list_of_numbers(value: Any) -> bool:
    if (
        isinstance(value, str | bytes | Mapping)
        or not hasattr(value, "__len__")
        or not hasattr(value, "__iter__")
    ):
        return False
    return all(
        cell is None or isinstance(cell, int | float | str) or hasattr(cell, "__float__") for cell in value
    )


def _transposed(rows: Iterable[Mapping[str, Any]]) -> Columns:
    rows = list(rows)
    names = dict.fromkeys(str(name) for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _parsed(text: str, path: Path) -> Any:
    """JSON (also one object a line), or a Python literal in which nan and inf may stand."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        pass
    # 1e999 reads as infinite; to the doctor that and NaN are the same news.
    plain = re.sub(r"(?<![\w'\"])(?:nan|-?inf)(?![\w'\"])", "1e999", text)
    plain = re.sub(r"\bnp\.float\d+\(([^()]*)\)", r"\1", plain)
    try:
        return ast.literal_eval(plain.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise HundredError(f"{path} is neither JSON, a Python dict, nor a table of columns") from None


def _csv_columns(text: str, path: Path) -> Columns:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) < 1:
        raise HundredError(f"{path} is empty: a history has a line of column names and one line an epoch")
    counts = {mark: lines[0].count(mark) for mark in ",;\t|"}
    mark = max(counts, key=lambda each: counts[each])
    if counts[mark] == 0:
        rows = [line.split() for line in lines]
    else:
        rows = [
            [cell.strip() for cell in row]
            for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=mark)
        ]
    names = rows[0]
    # A line that repeats the names (runs appended to one log) or was cut off while written is no row.
    whole = [row for row in rows[1:] if row != names]
    if len(whole) > 1 and len(whole[-1]) < len(names):
        whole.pop()
    columns: Columns = {}
    for place, name in enumerate(names):
        columns.setdefault(name, [row[place] if place < len(row) else None for row in whole])
    return columns
