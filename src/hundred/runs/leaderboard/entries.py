"""The runs in a folder with their figures, read from their files; repeats, sweeps and studies as groups.

Only small files are read (result.json, the first event, the last epoch of what is unfinished), so that a
thousand runs are listed at once.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hundred.errors import HundredError, UsageError, nearest
from hundred.reading import MOST_TOML_BYTES, open_regular, parse_toml, read_toml
from hundred.runs import layout
from hundred.runs.directory import is_written
from hundred.runs.history import read_rows
from hundred.runs.labels import read_labels
from hundred.runs.leaderboard.groups import group_values, kind_of_group
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import read_result

DEEPEST = 4  # a study holds systems, which hold repeats, which hold runs
_SKIPPED = {"mlartifacts", "mlruns", "wandb", layout.FIGURES, "tables", "tensorboard"}
_EPOCH_FIGURES = ("val_accuracy", "val_loss", "accuracy", "loss", "learning_rate")


@dataclass(frozen=True)
class Entry:
    """A run, or a group of runs. kind: `run`, `repeats`, `sweep`, `study` or `folder`.

    values: its figures by name; see `hundred.runs.leaderboard.board.COLUMNS`.
    """

    path: Path
    kind: str
    values: dict[str, Any]
    members: tuple["Entry", ...] = field(default=())

    @property
    def runs(self) -> "list[Entry]":
        """The runs in it, itself where it is one."""
        return [run for member in self.members for run in member.runs] if self.members else [self]

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """Values of recipe.toml by dotted key; of a group, those that all its runs share."""
        if self.members:
            first, *others = [run.recipe for run in self.runs]
            return {key: value for key, value in first.items() if all(o.get(key) == value for o in others)}
        try:
            return dict(_leaves(read_toml(self.path / layout.RECIPE)))
        except (OSError, HundredError):
            return {}

    def get(self, column: str) -> Any:
        """The value of a column: a figure, or a recipe's value by its dotted key; None if absent."""
        if column == "size":
            return size_of(self.path)
        return self.recipe.get(column) if "." in column else self.values.get(column)


def entries(folder: Path | str) -> list[Entry]:
    """The runs and groups in `folder`, by name; [] where there is no such folder."""
    folder = Path(folder)
    if not folder.is_dir():
        return []
    return list(_scan(folder, "", DEEPEST))


def find_entry(what: str | Path, folder: Path | str) -> Entry:
    """The run or group at the path `what`, or of that name in `folder`.

    Raises UsageError where there is none, naming the nearest.
    """
    for path in (Path(what), Path(folder) / what):
        if path.is_dir():
            found = _entry(path, path.name, DEEPEST)
            if found is not None:
                return found
    known = [entry.values["name"] for entry in entries(folder)]
    raise UsageError(f"there is no run {str(what)!r} in {folder}{nearest(Path(what).name, known)}")


def size_of(path: Path) -> int:
    """Bytes of all files below `path`."""
    return sum(file.lstat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())


def _scan(folder: Path, prefix: str, depth: int) -> Iterator[Entry]:
    with os_errors_as_hundred_errors(folder, "cannot read"):
        children = sorted(child for child in folder.iterdir() if child.is_dir() and not child.is_symlink())
    for child in children:
        found = _entry(child, prefix + child.name, depth)
        if found is not None:
            yield found


def _entry(path: Path, name: str, depth: int) -> Entry | None:
    if path.name.startswith(".") or path.name in _SKIPPED:
        return None
    names = set(_names(path))
    if names & {layout.RECIPE, layout.RESULT, layout.HISTORY, layout.EVENTS}:
        return Entry(path, "run", {"name": name, "kind": "run", **_run_values(path, names), **_labels(path)})
    members = tuple(_scan(path, f"{name}/", depth - 1)) if depth > 1 else ()
    if not members:
        return None
    kind = kind_of_group(names)
    found = Entry(path, kind, {}, members)
    values = group_values(path, kind, [run.values for run in found.runs])
    found.values.update({"name": name, "kind": kind, **values, **_labels(path)})
    return found


def _names(path: Path) -> list[str]:
    with os_errors_as_hundred_errors(path, "cannot read"):
        return [child.name for child in path.iterdir()]


def _run_values(path: Path, names: set[str]) -> dict[str, Any]:
    begun = _first_event(path / layout.EVENTS) if layout.EVENTS in names else {}
    found: dict[str, Any] = {
        "runs": 1,
        "started": begun.get("time"),
        "planned_epochs": begun.get("epochs"),
        "model": begun.get("model"),
        "parameters": begun.get("parameters"),
        "device": begun.get("device"),
    }
    try:
        if layout.RESULT in names:
            result = read_result(path / layout.RESULT)
            return {**found, "state": "finished", **{k: v for k, v in result.items() if k != "name"}}
        rows = read_rows(path / layout.HISTORY) if layout.HISTORY in names else []
    except HundredError as error:
        return {**found, "state": "damaged", "error": str(error)}
    found["state"] = "running" if layout.LOCK in names and is_written(path) else "unfinished"
    found["recipe"] = _recipe_name(path)
    if rows:
        found["epochs"] = int(rows[-1]["epoch"])
        found |= {name: rows[-1][name] for name in _EPOCH_FIGURES if name in rows[-1]}
        found["train_seconds"] = sum(row["seconds"] for row in rows)
    else:
        found["epochs"] = 0
    return found


def _labels(path: Path) -> dict[str, Any]:
    try:
        labels = read_labels(path)
    except HundredError as error:
        return {"tags": [], "note": str(error), "archived": False}
    return {"tags": list(labels.tags), "note": labels.note, "archived": labels.archived}


def _first_event(path: Path) -> dict[str, Any]:
    try:
        with open_regular(path) as file:
            event = json.loads(file.readline(65536))
    except (OSError, HundredError, ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _recipe_name(path: Path) -> str | None:
    """The recipe's name without reading the whole file: it comes before the first table."""
    try:
        with open_regular(path / layout.RECIPE) as file:
            for line in file.read(MOST_TOML_BYTES).decode().splitlines():
                if line.startswith("["):
                    break
                if line.startswith("name = "):
                    return str(parse_toml(line)["name"])
    except (OSError, HundredError, ValueError):
        pass
    return None


def _leaves(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
