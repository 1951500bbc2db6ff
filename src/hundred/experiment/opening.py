"""Opening the data for a command, with the download's progress on standard error where there is one."""

import sys
import time
from pathlib import Path

from hundred.data import open_dataset
from hundred.data.dataset import Dataset

SECONDS_BETWEEN_LINES = 2.0


class DownloadLines:
    """A line every few seconds: megabytes so far, share, and time left."""

    def __init__(self) -> None:
        """The clock starts with the first bytes."""
        self._begin: tuple[float, int] | None = None
        self._told = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        """`done` of `total` bytes are here; `total` is None where the server does not say."""
        now = time.monotonic()
        if self._begin is None:
            self._begin = (now, done)
        if now - self._told < SECONDS_BETWEEN_LINES and done != total:
            return
        self._told = now
        begin, at = self._begin
        speed = (done - at) / max(now - begin, 1e-9)
        line = f"downloading CIFAR-100: {done / 1e6:.0f} MB"
        if total:
            left = f", {(total - done) / speed:.0f} s left" if speed > 0 else ""
            line += f" of {total / 1e6:.0f} MB ({done / total:.0%}){left}"
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def open_data(where: str | Path | Dataset | None) -> Dataset:
    """`open_dataset` with progress lines; a dataset that is open already as it is."""
    return where if isinstance(where, Dataset) else open_dataset(where, progress=DownloadLines())
