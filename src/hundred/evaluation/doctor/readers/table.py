"""A table as it was found in a file: columns of cells, with what was understood of its form."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Number = float | None  # None: not measured; NaN: measured, and not a number
Columns = dict[str, list[Any]]

EMPTY = ("", "none", "null", "na", "n/a", "-", "--")


@dataclass
class Table:
    """Columns by name, each cell text, a number or None.

    form: what kind of file it is, in words. notes: sentences on how it was read. run: the name of the run,
    where several were in the file. classes: how many, where the file says so.
    """

    columns: Columns
    form: str
    notes: list[str] = field(default_factory=list)
    run: str = ""
    classes: int | None = None

    @property
    def rows(self) -> int:
        """How many rows the longest column has."""
        return max((len(cells) for cells in self.columns.values()), default=0)

    def take(self, rows: Sequence[int]) -> Columns:
        """The columns with only these rows."""
        return {
            name: [cells[row] if row < len(cells) else None for row in rows]
            for name, cells in self.columns.items()
        }


def number(cell: Any) -> Number:
    """A cell as a number; None where it is empty.

    Raises ValueError where it is neither.
    """
    if cell is None or isinstance(cell, bool):
        return None if cell is None else float(cell)
    if isinstance(cell, str):
        text = cell.strip().rstrip("%").strip()
        if text.lower() in EMPTY:
            return None
        return float(text)
    try:
        return float(cell)
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


def is_numeric(cells: Iterable[Any]) -> bool:
    """Whether all cells are numbers or empty, and at least one is a number."""
    found = False
    for cell in cells:
        try:
            found = number(cell) is not None or found
        except ValueError:
            return False
    return found


def numbers(cells: Iterable[Any]) -> list[Number]:
    """The cells of a numeric column."""
    return [number(cell) for cell in cells]


def is_empty(cell: Any) -> bool:
    """Whether a cell has nothing in it."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in EMPTY) or _is_nan(cell)


def _is_nan(cell: Any) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def from_records(records: Sequence[Mapping[str, Any]]) -> Columns:
    """Columns from one mapping a row."""
    names = dict.fromkeys(str(name) for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}
