"""The recorded histories of the benchmark: one CSV file with a row per case and epoch."""

import csv
from pathlib import Path

from hundred.files import atomic_write

HISTORIES = Path(__file__).parents[2] / "tests" / "evaluation" / "doctor" / "histories.csv"
COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate")

Columns = dict[str, list[float]]


def read_histories(path: Path = HISTORIES) -> dict[str, Columns]:
    """The columns of each history by the key of its case, in the order of the file."""
    histories: dict[str, Columns] = {}
    if not path.exists():
        return histories
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            columns = histories.setdefault(row["case"], {name: [] for name in COLUMNS})
            for name in COLUMNS:
                columns[name].append(float(row[name]))
    return histories


def append_history(key: str, rows: list[list[str]], path: Path = HISTORIES) -> None:
    """Add the rows of a case, as text, to the file, which is written whole."""
    before = path.read_text(encoding="utf-8") if path.exists() else ",".join(("case", *COLUMNS)) + "\n"
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        file.write(before)
        csv.writer(file, lineterminator="\n").writerows([key, *row] for row in rows)
