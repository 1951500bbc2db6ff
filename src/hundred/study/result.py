"""A study read from its folder: the runs of each system, and what they reached against what was published."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from hundred.errors import HundredError, UsageError
from hundred.files import write_text
from hundred.formatting import csv_safe
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run, list_runs
from hundred.study.lessons import Lesson, judge_lessons
from hundred.study.plan import PLAN, StudyPlan, read_plan
from hundred.study.systems import NAMES
from hundred.study.table import study_table

PAGE = "study.html"
TABLE = "study.csv"


@dataclass(frozen=True)
class Study:
    """The study in `path`. Everything is computed from its run directories, so it can be copied and shown
    anywhere."""

    path: Path

    @property
    def plan(self) -> StudyPlan:
        """Its settings."""
        return read_plan(self.path)[0]

    @property
    def missing(self) -> dict[str, str]:
        """Why systems or runs are missing, by name."""
        return read_plan(self.path)[1]

    @cached_property
    def runs(self) -> dict[str, list[Run]]:
        """The finished runs of each system by its recipe's name, in the study's order and by seed."""
        found = {name: [run for run in list_runs(self.path / name) if run.finished] for name in NAMES}
        return {name: sorted(runs, key=_seed) for name, runs in found.items() if runs}

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each system that was run: see `hundred.study.table.study_table`."""
        return study_table(self.runs)

    @cached_property
    def lessons(self) -> list[Lesson]:
        """Whether these runs bear out each of the study's six lessons."""
        return judge_lessons(self.runs)

    @property
    def page(self) -> Path:
        """The page, once written."""
        return self.path / PAGE

    @property
    def csv(self) -> Path:
        """The table as CSV, once written."""
        return self.path / TABLE

    def write(self) -> Path:
        """Write the page and the CSV from the runs so far, and return the page's path.

        Raises HundredError where no run has finished.
        """
        from hundred.study.page import PageContents, render  # matplotlib takes a second

        if not self.runs:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.missing.items())
            raise HundredError(
                f"no run of the study in {self.path} has finished{': ' if reasons else ''}{reasons}"
            )
        contents = PageContents(self.path, self.plan, self.missing, self.runs, self.table, self.lessons)
        with os_errors_as_hundred_errors(self.path):
            write_text(self.csv, self.table.map(csv_safe).to_csv(index=False))
            write_text(self.page, render(contents))
        return self.page

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "name": self.path.name,
            "path": str(self.path),
            "page": str(self.page),
            "csv": str(self.csv),
            "data": self.plan.data,
            "protocol": self.plan.protocol,
            "quick": self.plan.quick,
            "systems": self.table.astype(object).where(self.table.notna(), None).to_dict(orient="records"),
            "lessons": [lesson.as_dict() for lesson in self.lessons],
            "missing": self.missing,
        }

    def __repr__(self) -> str:
        """Such as ``Study('runs/study-quick': 7 systems, 7 runs)``."""
        runs = sum(len(runs) for runs in self.runs.values())
        return f"Study({str(self.path)!r}: {len(self.runs)} systems, {runs} runs)"


def is_study(path: Path) -> bool:
    """Whether `path` is a study's folder."""
    return (path / PLAN).is_file()


def open_study(path: Path | str) -> Study:
    """The study in the folder `path`. Raises UsageError where there is none."""
    path = Path(path)
    if not is_study(path):
        raise UsageError(f"{path} is not a study: it has no {PLAN}")
    return Study(path)


def _seed(run: Run) -> int:
    seed = run.result.get("seed")
    return seed if isinstance(seed, int) else 0
