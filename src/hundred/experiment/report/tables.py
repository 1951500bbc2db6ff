"""The tables of a run's test as CSV files, for spreadsheets and scripts."""

from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.evaluation.tables import tables, tables_to_csv
from hundred.formatting import readable
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run

TABLES = "tables"


def write_tables(run: Run, dataset: Dataset, logits: Any) -> dict[str, Path]:
    """Write tables/*.csv into the directory of `run`; the paths by name.

    logits: float [n, classes] for the test images of `dataset`.
    """
    fine = [readable(name) for name in dataset.fine_names]
    coarse = [readable(name) for name in dataset.coarse_names]
    frames = tables(logits, dataset.test.fine, fine, coarse, dataset.fine_to_coarse)
    with os_errors_as_hundred_errors(run.path / TABLES):
        return tables_to_csv(run.path / TABLES, frames)
