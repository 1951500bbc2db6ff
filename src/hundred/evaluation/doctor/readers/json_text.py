"""Histories as JSON (whole, or one object a line) or as a printed Python dict, in whatever way they are
nested: lists of figures, one object an epoch, and the six orientations of pandas' `to_json`."""

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hundred.errors import HundredError
from hundred.evaluation.doctor.readers.columns import meaning_of, recognize
from hundred.evaluation.doctor.readers.table import Columns, Table, from_records

_DEPTH = 8
# Keys that hold a history and are no part of the names of its figures.
_CONTAINERS = {
    "history",
    "log_history",
    "metrics",
    "logs",
    "log",
    "results",
    "epochs",
    "data",
    "training_history",
}


def json_table(text: str, source: str) -> Table:
    """The table in `text`.

    Raises HundredError where it is neither JSON nor a Python dict, or has no figures.
    """
    value, form = _parsed(text, source)
    return table_of(value, form)


def table_of(value: Any, form: str = "Python objects") -> Table:
    """Columns from what JSON or Python gives: figures by name, or one mapping an epoch.

    Raises HundredError for anything else.
    """
    wall = _tensorboard(value)
    if wall:
        return wall
    columns = _flatten(value)
    found = columns if _figures(columns) else _oriented(value)
    if not found:
        if isinstance(value, Mapping):
            raise HundredError(
                "the history has no lists of figures: give a mapping such as {'loss': [2.1, 1.9]}"
            )
        raise HundredError(
            "a history is a mapping of names to lists of figures, or a list of one mapping an epoch"
        )
    return Table(found, form, classes=_classes(value))


def _parsed(text: str, source: str) -> tuple[Any, str]:
    try:
        return json.loads(text), "JSON"
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()], "JSON, one object a line"
    except (ValueError, RecursionError):
        pass
    try:
        return python_literal(text), "a printed Python dict"
    except ValueError:
        raise HundredError(f"{source} is neither JSON, a Python dict, nor a table of columns") from None


def python_literal(text: str) -> Any:
    """A Python literal in which nan, inf and NumPy's numbers may stand; nothing is executed.

    Raises ValueError for anything else.
    """
    # 1e999 reads as infinite; to the doctor that and NaN are the same news.
    plain = re.sub(r"(?<![\w'\"])(?:nan|-?inf)(?![\w'\"])", "1e999", text)
    plain = re.sub(r"\bnp\.float\d+\(([^()]*)\)", r"\1", plain)
    try:
        return ast.literal_eval(plain.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _figures(columns: Columns) -> int:
    """How many columns are figures of a training, with whatever prefix."""
    known = [
        name for name in columns if meaning_of(name).figure not in ("", "epoch", "step", "learning_rate")
    ]
    return len(known)


def _flatten(value: Any, prefix: str = "", depth: int = 0) -> Columns:
    """All lists of cells in nested mappings, by their path, and records as columns."""
    columns: Columns = {}
    if depth > _DEPTH:
        return columns
    if _is_list_of_cells(value):
        return {prefix: list(value)} if prefix else {}
    if _is_records(value):
        records = [flat_record(record) for record in value]
        joined = from_records([record for record in records if record])
        return {f"{prefix}/{name}".strip("/"): cells for name, cells in joined.items()}
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = str(key)
            is_container = name.lower() in _CONTAINERS and not _is_list_of_cells(inner)
            path = prefix if is_container else f"{prefix}/{name}".strip("/")
            columns.update(_flatten(inner, path, depth + 1))
    return columns


def flat_record(record: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """One mapping a row, with nested mappings as paths: {"val": {"loss": 2}} is {"val/loss": 2}."""
    flat: dict[str, Any] = {}
    for key, inner in record.items():
        name = f"{prefix}/{key}".strip("/") if str(key).lower() not in _CONTAINERS else prefix or str(key)
        if isinstance(inner, Mapping) and depth < _DEPTH:
            flat.update(
                flat_record(inner, name if str(key).lower() not in _CONTAINERS else prefix, depth + 1)
            )
        elif isinstance(inner, int | float | str) or inner is None or hasattr(inner, "__float__"):
            flat[name] = inner
    return flat


def _oriented(value: Any) -> Columns:
    """pandas' orientations: {column: {row: cell}}, {row: {column: cell}}, split, table, and records of
    either."""
    if isinstance(value, Mapping):
        if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
            return _split(value["columns"], value["data"])
        if isinstance(value.get("schema"), Mapping) and _is_records(value.get("data")):
            return from_records([flat_record(record) for record in value["data"]])
        inner = {str(key): each for key, each in value.items() if isinstance(each, Mapping) and each}
        if inner and all(_is_cells(each.values()) for each in inner.values()):
            if set(recognize(inner)) - {"epoch", "step"}:
                rows = list(dict.fromkeys(str(row) for each in inner.values() for row in each))
                cells = {name: {str(row): cell for row, cell in each.items()} for name, each in inner.items()}
                return {name: [each.get(row) for row in rows] for name, each in cells.items()}
            records = from_records(list(inner.values()))
            if _figures(records):
                keys = list(inner)
                is_epoch = "epoch" not in recognize(records) and all(key.isdigit() for key in keys)
                return {"epoch": [int(key) for key in keys], **records} if is_epoch else records
        for each in value.values():
            if isinstance(each, Mapping) and (found := _oriented(each)):
                return found
    return {}


def _split(names: Sequence[Any], rows: Sequence[Any]) -> Columns:
    """`to_json(orient="split")`: names apart from rows."""
    if not all(isinstance(row, list) for row in rows):
        return {}
    return {
        str(name): [row[place] if place < len(row) else None for row in rows]
        for place, name in enumerate(names)
    }


def _tensorboard(value: Any) -> Table | None:
    """TensorBoard's JSON download: a list of [wall time, step, value]."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    if not all(isinstance(row, list) and len(row) == 3 and _is_list_of_cells(row) for row in value):
        return None
    if not all(isinstance(row[0], int | float) and row[0] > 1e8 for row in value):
        return None
    names = ("Wall time", "Step", "Value")
    return Table(
        {name: [row[place] for row in value] for place, name in enumerate(names)},
        "a JSON export of TensorBoard",
    )


def _classes(value: Any) -> int | None:
    """How many names of classes the file lists."""
    names = next(
        (value[key] for key in ("classes", "class_names") if isinstance(value, Mapping) and key in value),
        None,
    )
    if isinstance(names, list) and len(names) > 1 and all(isinstance(name, str) for name in names):
        return len(names)
    return None


def _is_records(value: Any) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _is_list_of_cells(value: Any) -> bool:
    if (
        isinstance(value, str | bytes | Mapping)
        or not hasattr(value, "__len__")
        or not hasattr(value, "__iter__")
    ):
        return False
    return _is_cells(value)


def _is_cells(values: Iterable[Any]) -> bool:
    return all(
        cell is None or isinstance(cell, int | float | str) or hasattr(cell, "__float__") for cell in values
    )
