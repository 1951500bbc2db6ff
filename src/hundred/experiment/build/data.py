"""Opening the data for a command, with the progress of a download or first reading on standard error."""

import sys
import time
from pathlib import Path

from hundred.data.dataset import Dataset
from hundred.data.open import open_dataset

SECONDS_BETWEEN_LINES = 2.0


class Lines:
    """A line every few seconds: how much is done, its share, and the time left."""

    def __init__(self, doing: str, unit: str, factor: float = 1.0) -> None:
        """Such as `Lines("downloading", "MB", 1e-6)`; the clock starts with the first call."""
        self._doing, self._unit, self._factor = doing, unit, factor
        self._begin: tuple[float, int] | None = None
        self._printed = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        """`done` of `total` are done; `total` is None where it is unknown."""
        now = time.monotonic()
        if self._begin is None:
            self._begin = (now, done)
        if now - self._printed < SECONDS_BETWEEN_LINES and done != total:
            return
        self._printed = now
        begin, at = self._begin
        speed = (done - at) / max(now - begin, 1e-9)
        line = f"{self._doing}: {done * self._factor:,.0f}"
        if total:
            left = f", {(total - done) / speed:.0f} s left" if speed > 0 else ""
            line += f" of {total * self._factor:,.0f} {self._unit} ({done / total:.0%}){left}"
        else:
            line += f" {self._unit}"
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def downloading() -> Lines:
    """The lines of a download."""
    return Lines("downloading CIFAR-100", "MB", 1e-6)


def open_data(where: str | Path | Dataset | None) -> Dataset:
    """`open_dataset` with progress lines; a dataset that is open already as it is."""
    if isinstance(where, Dataset):
        return where
    reading = Lines("unpacking CIFAR-100, this once", "images")
    return open_dataset(where, progress=downloading(), reading=reading)
