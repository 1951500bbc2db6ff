"""Tables in text files: CSV with any separator, padding and decimal mark, Markdown tables, JSON, console
output."""

import csv
import io
import re
from pathlib import Path

from hundred.errors import HundredError
from hundred.evaluation.doctor.readers.columns import recognize
from hundred.evaluation.doctor.readers.console import console_table
from hundred.evaluation.doctor.readers.json_text import json_table
from hundred.evaluation.doctor.readers.table import Columns, Table, is_numeric
from hundred.evaluation.doctor.readers.tfevents import is_event_file, read_events
from hundred.reading import read_bytes
from hundred.runs.os_errors import os_errors_as_hundred_errors

MAX_BYTES = 10_000_000
MOST_COLUMNS = 2_000
_MARKS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_DECIMAL_COMMA = re.compile(r"-?\d+,\d+(?:[eE][-+]?\d+)?")


def read_text(path: Path) -> Table:
    """The table in the file `path`.

    Raises HundredError where it is none.
    """
    if is_event_file(path):
        return read_events([path], path.parent)
    with os_errors_as_hundred_errors(path, "cannot read"):
        data = read_bytes(path, MAX_BYTES)
    utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # as PowerShell's > writes it
    text = data.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    if "\0" in text:
        raise HundredError(f"{path} is no text: give a history as CSV or JSON, or a run directory")
    if not text.strip():
        raise HundredError(f"{path} is empty: a history has a line of column names and one line an epoch")
    if text.lstrip()[0] in "{[":
        try:
            return json_table(text, str(path))
        except HundredError:
            found = console_table(text)  # a log may print its figures as dicts
            if found:
                return found
            raise
    plain = _metric_file(text, path) or _delimited(text)
    if plain and _has_figures(plain):
        return plain
    found = console_table(text)
    if found:
        return found
    if plain and ("separated" in plain.form or any(is_numeric(cells) for cells in plain.columns.values())):
        return plain  # a table without a known figure: the error for it says which columns it has
    raise HundredError(
        f"{path} is no table of figures, and no figures by epoch were found in its text\n"
        "give a CSV or JSON file with columns such as epoch, loss, accuracy, val_loss, val_accuracy"
    )


def _has_figures(table: Table) -> bool:
    found = recognize(table.columns)
    figures = set(found) - {"epoch", "step", "learning_rate"}
    # Words of a text stand in columns, too; of a table, those are numbers.
    is_text = "spaces" in table.form and not all(is_numeric(table.columns[name]) for name in found.values())
    return (bool(figures) and not is_text) or _is_reshaped_later(table)


def _is_reshaped_later(table: Table) -> bool:
    """Whether its names are not in its first line: a transposed or long table, or an export of
    TensorBoard."""
    first = [str(cell) for cell in next(iter(table.columns.values()), [])]
    names = {name.strip().lower() for name in table.columns}
    return "value" in names or bool(set(recognize(first)) - {"epoch", "step"})


def _metric_file(text: str, path: Path) -> Table | None:
    """A metric of MLflow's file store: lines of time, value and step, named by its file."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    if any(len(row) != 3 or not is_numeric(row) or not re.fullmatch(r"\d{12,14}", row[0]) for row in rows):
        return None
    return Table(
        {"step": [row[2] for row in rows], path.name: [row[1] for row in rows]}, "one metric of an MLflow run"
    )


def _delimited(text: str) -> Table | None:
    lines = [
        line.strip() if "\t" not in line else line.rstrip() for line in text.splitlines() if line.strip()
    ]
    head = next((i for i, line in enumerate(lines) if _is_head(line)), None)
    if head is None:
        head = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
        if head == len(lines) - 1:
            return None
    names_line = lines[head].lstrip("# ")
    counts = {mark: names_line.count(mark) for mark in _MARKS}
    mark = max(counts, key=lambda each: counts[each])
    if counts[mark] == 0:
        rows, form = [line.split() for line in lines[head + 1 :]], "a table with columns set apart by spaces"
        names = names_line.split()
    else:
        kept = [line for line in lines[head + 1 :] if not line.startswith("#")]
        strip = "|" if mark == "|" else ""
        parsed = csv.reader(io.StringIO("\n".join([names_line, *kept])), delimiter=mark)
        try:
            rows = [[cell.strip() for cell in (_unframed(row) if strip else row)] for row in parsed]
        except csv.Error as error:  # a field of over 128 KB, or a newline in none
            raise HundredError(f"the table is no CSV: {error}") from None
        names, rows = (
            rows[0],
            [row for row in rows[1:] if not all(set(cell) <= set("-: ") and cell for cell in row)],
        )
        form = f"a table with columns separated by {_MARKS[mark]}"
    if len(names) > MOST_COLUMNS:
        raise HundredError(f"the table has {len(names):,} columns: at most {MOST_COLUMNS:,} are read")
    columns, notes = _columns(names, rows)
    if mark != "," and _decimal_commas(columns):
        notes.append("numbers have decimal commas")
    return Table(columns, form, notes)


def _unframed(row: list[str]) -> list[str]:
    """A row of a Markdown table without the empty cells before its first and after its last bar."""
    begin = 1 if row and not row[0].strip() else 0
    return row[begin : len(row) - 1 if len(row) > 1 and not row[-1].strip() else len(row)]


def _is_head(line: str) -> bool:
    """Whether a line is one of column names, two of which are figures of a training or its epochs."""
    line = line.lstrip("# ")
    mark = max(_MARKS, key=line.count)
    cells = line.split(mark) if line.count(mark) else line.split()
    if len(cells) > 200 or any(re.fullmatch(r"\s*-?\d*[.,]?\d+\s*", cell) for cell in cells):
        return False
    return len(recognize(cells)) >= 2


def _columns(names: list[str], rows: list[list[str]]) -> tuple[Columns, list[str]]:
    """Columns, without lines that repeat the names (runs appended to one log), lines that are no rows of the
    table, and a last line that was cut off while it was written."""
    notes: list[str] = []
    whole = [row for row in rows if row != names]
    if len(whole) > 1 and len(whole[-1]) < len(names):
        whole.pop()
        notes.append("the last line is incomplete and was left out")
    while whole and len(whole[-1]) == 1 and len(names) > 1:
        whole.pop()
    columns: Columns = {}
    for place, name in enumerate(names):
        columns.setdefault(name, [row[place] if place < len(row) else None for row in whole])
    return columns, notes


def _decimal_commas(columns: Columns) -> bool:
    """Turn decimal commas into points, in place; whether there were any."""
    found = False
    for name, cells in columns.items():
        marked = [bool(cell and _DECIMAL_COMMA.fullmatch(cell)) for cell in cells]
        if any(marked):
            found = True
            columns[name] = [
                cell.replace(",", ".") if is_marked else cell
                for cell, is_marked in zip(cells, marked, strict=True)
            ]
    return found
