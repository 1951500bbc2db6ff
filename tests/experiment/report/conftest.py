"""Finished runs and their reports."""

import shutil
from pathlib import Path

import pytest

from hundred.experiment.report.contents import run_report
from hundred.reports.page.data import RunReport
from hundred.runs.run import Run
from tests.making.finished import Finished


@pytest.fixture(scope="session")
def full(finished: Finished) -> RunReport:
    """The report of run `a` with its images."""
    from hundred.data.subset import subset_per_class

    return run_report(Run(finished.a), subset_per_class(finished.data, 4, 2))


@pytest.fixture
def copied(finished: Finished, tmp_path: Path) -> Path:
    """A copy of run `a`, to be changed."""
    shutil.copytree(finished.a, tmp_path / "copied")
    return tmp_path / "copied"
