"""Tables of the page: the text of each cell, its sort value, and its bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hundred.formatting import MISSING, duration, file_size, is_known, number, percent, points, readable
from hundred.reports.figures.stages import shape_text
from hundred.reports.page.data import Change, Confusion, Setting
from hundred.reports.page.text import exact

MOST_PAIRS = 40


@dataclass(frozen=True)
class Column:
    """A column's heading; numeric ones are set right and sort by value."""

    title: str
    numeric: bool = True


@dataclass(frozen=True)
class Bar:
    """A bar in a cell from `left`, `width` long, both in percent. whisker: (from, to) in percent, or None."""

    left: float
    width: float
    css: str = ""
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True)
class Cell:
    """A cell: its text, its sort value (a number with all its digits, or the text), and its bar."""

    text: str
    value: str = ""
    bar: Bar | None = None
    css: str = ""


@dataclass(frozen=True)
class Table:
    """A table that sorts and filters.

    choices: the column (its place) whose values can be chosen from a list, or None.
    tools: whether it has a filter (a short table needs none).
    order: the column its rows come sorted by, and `ascending` or `descending`. sorts: whether it can be.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    choices: int | None = None
    tools: bool = True
    order: tuple[int, str] | None = None
    sorts: bool = True

    @property
    def choice_values(self) -> list[str]:
        """The values of the column of choices, each once, sorted."""
        return sorted({row[self.choices].text for row in self.rows}) if self.choices is not None else []


def class_rows(key: str, classes: pd.DataFrame) -> Table:
    """The fine classes, hardest first, with their error as a bar."""
    ranked = classes.sort_values("error", ascending=False, na_position="last")
    grouped = "superclass" in classes
    rows = tuple(
        (
            name_cell(row["class"]),
            *((name_cell(row["superclass"]),) if grouped else ()),
            share_cell(row["error"], "wrong"),
            share_cell(row["precision"]),
            share_cell(row["recall"]),
            share_cell(row["f1"]),
            number_cell(row["support"]),
        )
        for row in ranked.to_dict("records")
    )
    titles = ("Error", "Precision", "Recall", "F1", "Images")
    names = ("Class", "Superclass") if grouped else ("Class",)
    columns = (*(Column(name, numeric=False) for name in names), *map(Column, titles))
    choices = 1 if grouped else None
    return Table(
        key,
        "Fine classes" if grouped else "Classes",
        columns,
        rows,
        choices=choices,
        order=(len(names), "descending"),
    )


def superclass_rows(key: str, superclasses: pd.DataFrame) -> Table:
    """The superclasses, hardest first: mean error as a bar, whiskers from easiest to hardest class."""
    rows = []
    for row in superclasses.sort_values("mean_error", ascending=False, na_position="last").to_dict("records"):
        mean, low, high = (row[name] for name in ("mean_error", "min_error", "max_error"))
        bar = Bar(0, 100 * mean, "wrong", (100 * low, 100 * high)) if is_known(mean) else None
        rows.append(
            (
                name_cell(row["superclass"]),
                Cell(percent(mean, 1), exact(mean), bar),
                share_cell(low),
                share_cell(high),
                name_cell(row.get("easiest")),
                name_cell(row.get("hardest")),
            )
        )
    columns = (
        Column("Superclass", numeric=False),
        *map(Column, ("Mean error", "Least", "Most")),
        Column("Easiest class", numeric=False),
        Column("Hardest class", numeric=False),
    )
    return Table(key, "Superclasses", columns, tuple(rows), tools=False, order=(1, "descending"))


def pair_rows(key: str, confusion: Confusion) -> Table:
    """The most confused pairs of classes."""
    counts = np.asarray(confusion.matrix)
    totals, coarse = counts.sum(axis=1), np.asarray(confusion.fine_to_coarse)
    grouped = len(confusion.coarse_names) > 1
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    rows = []
    for flat in np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]:
        true, predicted = divmod(int(flat), len(counts))
        if not wrong[true, predicted]:
            break
        rows.append(
            (
                name_cell(confusion.fine_names[true]),
                name_cell(confusion.fine_names[predicted]),
                number_cell(wrong[true, predicted]),
                share_cell(wrong[true, predicted] / max(1, totals[true]), "wrong"),
                *((Cell("yes" if coarse[true] == coarse[predicted] else "no"),) if grouped else ()),
            )
        )
    columns = (
        Column("True class", numeric=False),
        Column("Predicted", numeric=False),
        Column("Images"),
        Column("Share of class"),
        *((Column("Same superclass", numeric=False),) if grouped else ()),
    )
    return Table(key, "Most confused pairs", columns, tuple(rows), order=(2, "descending"))


def history_rows(key: str, history: pd.DataFrame) -> Table:
    """Every epoch in numbers."""
    forms = {
        "accuracy": ("Accuracy", percent),
        "val_accuracy": ("Validation accuracy", percent),
        "loss": ("Loss", number),
        "val_loss": ("Validation loss", number),
        "learning_rate": ("Learning rate", number),
        "seconds": ("Time", duration),
    }
    there = [name for name in forms if name in history]
    rows = tuple(
        (number_cell(row["epoch"]), *(Cell(forms[name][1](row[name]), exact(row[name])) for name in there))
        for row in history.to_dict("records")
    )
    return Table(
        key, "Epochs", (Column("Epoch"), *(Column(forms[name][0]) for name in there)), rows, tools=False
    )


def layer_rows(key: str, layers: Sequence[Any]) -> Table:
    """Every layer with its output shape and parameters, in forward order."""
    rows = tuple(
        (
            number_cell(place + 1),
            Cell(row.name),
            Cell(row.kind),
            Cell(shape_text(row.output_shape), exact(np.prod(row.output_shape)) if row.output_shape else ""),
            number_cell(row.parameters),
        )
        for place, row in enumerate(layers)
    )
    columns = (
        Column("No."),
        Column("Layer", numeric=False),
        Column("Kind", numeric=False),
        Column("Output shape"),
        Column("Parameters"),
    )
    return Table(key, "Layers", columns, rows)


def reliability_rows(key: str, table: pd.DataFrame) -> Table:
    """The bins of confidence."""
    rows = tuple(
        (
            Cell(f"{row['low']:.0%} to {row['high']:.0%}", exact(row["low"])),
            share_cell(row["confidence"]),
            share_cell(row["accuracy"]),
            number_cell(row["count"]),
        )
        for row in table.to_dict("records")
    )
    titles = ("Confidence bin", "Mean confidence", "Accuracy", "Images")
    return Table(key, "Reliability", tuple(map(Column, titles)), rows, tools=False)


def change_rows(key: str, table: pd.DataFrame, first: str, second: str) -> Table:
    """Per class: how much more accurate the first is than the second, with a bar to either side."""
    most = max(0.01, float((table["first"] - table["second"]).abs().max())) if len(table) else 1.0
    rows = []
    for row in table.to_dict("records"):
        gain = row["first"] - row["second"]
        length = 50 * abs(gain) / most
        bar = Bar(50 - (length if gain < 0 else 0), length, "better" if gain > 0 else "worse")
        beyond = row.get("change")
        rows.append(
            (
                name_cell(row["class"]),
                Cell(points(gain), exact(gain), bar, "diverging"),
                share_cell(row["first"]),
                share_cell(row["second"]),
                Cell(
                    {"better": "better", "worse": "worse"}.get(str(beyond), "within chance")
                    if beyond is not None
                    else MISSING
                ),
            )
        )
    columns = (
        Column("Class", numeric=False),
        Column("Gain in points"),
        Column(first),
        Column(second),
        Column("Beyond chance", numeric=False),
    )
    return Table(key, f"{first} against {second}, by class", columns, tuple(rows), choices=4)


def contender_rows(key: str, table: pd.DataFrame, confidence: float) -> Table:
    """What is compared: accuracy with its interval, and the cost."""
    rows = []
    for row in table.to_dict("records"):
        interval = (
            f"{percent(row.get('low'), 1)} to {percent(row.get('high'), 1)}"
            if is_known(row.get("low"))
            else MISSING
        )
        rows.append(
            (
                Cell(str(row["name"])),
                number_cell(row.get("runs")),
                Cell(percent(row["accuracy"], 2), exact(row["accuracy"])),
                Cell(interval, exact(row.get("low"))),
                Cell(duration(row.get("train_seconds")), exact(row.get("train_seconds"))),
                number_cell(row.get("parameters")),
                Cell(file_size(row.get("file_bytes")), exact(row.get("file_bytes"))),
                Cell(
                    points(row.get("accuracy_per_minute")).removeprefix("+"),
                    exact(row.get("accuracy_per_minute")),
                ),
            )
        )
    titles = (
        "Runs",
        "Test accuracy",
        f"{confidence:.0%} interval",
        "Time",
        "Parameters",
        "File",
        "Points per minute",
    )
    columns = (Column("Name", numeric=False), *map(Column, titles))
    return Table(key, "Accuracy and cost", columns, tuple(rows), tools=False)


def recipe_rows(key: str, changes: Sequence[Change], name: str, parent: str) -> Table:
    """What differs from the parent recipe."""
    rows = tuple((Cell(c.key, css="code setting"), _toml(c.parent_value), _toml(c.value)) for c in changes)
    columns = (Column("Setting", numeric=False), Column(parent, numeric=False), Column(name, numeric=False))
    return Table(key, f"What differs from {parent}", columns, rows, tools=len(rows) > 20)


def setting_rows(key: str, settings: Sequence[Setting], names: Sequence[str]) -> Table:
    """The settings that differ between runs."""
    rows = tuple((Cell(s.key, css="code setting"), *map(_toml, s.values)) for s in settings)
    columns = (Column("Setting", numeric=False), *(Column(name, numeric=False) for name in names))
    return Table(key, "Settings that differ", columns, rows, tools=len(rows) > 12)


def _toml(value: str | None) -> Cell:
    return Cell("not set", css="quiet") if value is None else Cell(value, css="code")


def name_cell(value: Any) -> Cell:
    """A class or superclass name."""
    return Cell(readable(str(value))) if is_known(value) else Cell(MISSING)


def number_cell(value: Any) -> Cell:
    """A number with its exact value to sort by."""
    return Cell(number(value), exact(value))


def share_cell(value: Any, css: str | None = None) -> Cell:
    """A fraction in percent, with a bar of that length where `css` names its colour."""
    bar = Bar(0, 100 * float(value), css) if css is not None and is_known(value) else None
    return Cell(percent(value, 1), exact(value), bar)
