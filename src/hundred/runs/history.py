"""history.csv: one row per epoch, on the disk before the next one begins; cut back when a run is resumed."""

from pathlib import Path
from typing import TYPE_CHECKING

from hundred.errors import HundredError
from hundred.files import write_text
from hundred.reading import read_bytes
from hundred.runs.os_errors import append_line, os_errors_as_hundred_errors

if TYPE_CHECKING:
    import pandas

    from hundred.training.events import EpochEnded, RunStarted

COLUMNS = (
    "epoch",
    "accuracy",
    "loss",
    "val_accuracy",
    "val_loss",
    "learning_rate",
    "seconds",
    "images_per_second",
)
HEADER = ",".join(COLUMNS)


class HistoryCsv:
    """Listener: appends each epoch to a history.csv, flushed and synced, with every digit a float has."""

    def __init__(self, path: Path | str) -> None:
        """`path` is the history.csv. Its content is kept: cut it with `cut_history` before a resume."""
        self.path = Path(path)

    def on_run_started(self, event: "RunStarted") -> None:
        """Write the header where the file is new."""
        self._start()

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Append one row. Raises HundredError (full disk, no permission)."""
        self._start()
        append_line(self.path, ",".join(_field(getattr(event, name)) for name in COLUMNS), sync=True)

    def _start(self) -> None:
        if not self.path.exists():
            with os_errors_as_hundred_errors(self.path):
                write_text(self.path, HEADER + "\n")


def cut_history(path: Path | str, epoch: int) -> None:
    """Rewrite the history at `path` so that it ends with `epoch`; 0 keeps only the header.

    A half-written last line, as a killed process leaves, is dropped.

    Raises HundredError where the file is damaged or lacks one of the epochs 1 to `epoch`.
    """
    path = Path(path)
    rows = _rows(path) if path.exists() else []
    kept = rows[:epoch]
    if len(kept) < epoch:
        raise HundredError(
            f"{path} ends at epoch {len(kept)}, but the checkpoint beside it is at epoch {epoch}: "
            "restore the file, or start a new run"
        )
    with os_errors_as_hundred_errors(path):
        write_text(path, "\n".join([HEADER, *(",".join(row) for row in kept)]) + "\n")


def read_history(path: Path | str) -> "pandas.DataFrame":
    """The history at `path` as a data frame with the columns of `COLUMNS`, one row per epoch.

    `epoch` is int64, the others float64; what was not measured is NaN. A half-written last line is left out.

    Raises HundredError where the file is missing or damaged.
    """
    import pandas as pd

    numbers = [[float(text or "nan") for text in row] for row in _rows(Path(path))]
    return pd.DataFrame(numbers, columns=list(COLUMNS), dtype="float64").astype({"epoch": "int64"})


def read_rows(path: Path | str) -> list[dict[str, float]]:
    """The history as one dict per epoch without what was not measured: `read_history` without pandas."""
    return [
        {name: float(text) for name, text in zip(COLUMNS, row, strict=True) if text}
        for row in _rows(Path(path))
    ]


def _field(value: float | int | None) -> str:
    """'' for None; else the shortest text that reads back as exactly the same number."""
    if value is None:
        return ""
    return repr(value if isinstance(value, int) else float(value))


def _rows(path: Path) -> list[list[str]]:
    """The checked fields of each whole line after the header: epochs 1, 2, 3..., numbers or ''."""
    with os_errors_as_hundred_errors(path, "cannot read"):
        data = read_bytes(path)
    # Bytes after the last newline were being written when the process was killed.
    lines = data[: data.rfind(b"\n") + 1].decode(errors="replace").splitlines()
    if not lines:
        return []
    if lines[0] != HEADER:
        raise HundredError(f"{path} is not a history: its first line is {lines[0][:60]!r}, not {HEADER!r}")
    rows = [line.split(",") for line in lines[1:]]
    for number, row in enumerate(rows, start=1):
        if not _is_row(row, number):
            found = ",".join(row)[:60]
            raise HundredError(f"{path} is damaged at line {number + 1}: {found!r} is not epoch {number}")
    return rows


def _is_row(row: list[str], epoch: int) -> bool:
    if len(row) != len(COLUMNS) or row[0] != str(epoch):
        return False
    try:
        for text in row[1:]:
            float(text or "nan")
    except ValueError:
        return False
    return True
