"""What was understood of a file before anything is judged: its form, its columns, its trainings, what is
missing."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ColumnUse:
    """A column of the file, the figure that it was taken for, and why."""

    column: str
    figure: str
    why: str


@dataclass(frozen=True)
class TrainingPart:
    """One training in the file: its first and last epoch as the file counts them, and how many rows it
    has."""

    first: float
    last: float
    rows: int
    judged: bool
    unit: str = "epoch"


@dataclass(frozen=True)
class Reading:
    """What was understood of a history.

    source: where it is from. form: what kind of file. framework, task: what wrote it and what it is about, ""
    where not known. columns: those in use; unused: the names of the others. trainings: those found, in the
    order of the file. unit: what a point of the curves is: epoch, step, evaluation or row. missing: figures
    that it lacks. broken: columns that were left out, with the reason. notes: anything else.
    """

    source: str
    form: str = ""
    framework: str = ""
    task: str = ""
    run: str = ""
    columns: tuple[ColumnUse, ...] = ()
    unused: tuple[str, ...] = ()
    trainings: tuple[TrainingPart, ...] = ()
    unit: str = "epoch"
    missing: tuple[str, ...] = ()
    broken: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """As `hundred doctor --explain --json` gives it."""
        return {
            "source": self.source,
            "form": self.form,
            "framework": self.framework or None,
            "task": self.task or None,
            "run": self.run or None,
            "columns": [
                {"column": each.column, "figure": each.figure, "why": each.why} for each in self.columns
            ],
            "unused_columns": list(self.unused),
            "trainings": [
                {"first": each.first, "last": each.last, "rows": each.rows, "judged": each.judged}
                for each in self.trainings
            ],
            "unit": self.unit,
            "missing": list(self.missing),
            "broken": [{"column": name, "why": why} for name, why in self.broken],
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """The same in words, one fact a line."""
        known = [
            self.form,
            f"written by {self.framework}" if self.framework else "",
            f"task: {self.task}" if self.task else "",
        ]
        lines = [f"{self.source}: {', '.join(each for each in known if each) or 'a history'}"]
        if self.run:
            lines.append(f"run: {self.run}")
        width = max((len(each.column.strip()) for each in self.columns), default=0)
        lines += [f"  {each.column.strip():{width}}  {each.figure}: {each.why}" for each in self.columns]
        if self.unused:
            shown = ", ".join(name.strip() for name in self.unused[:12]) + (
                " ..." if len(self.unused) > 12 else ""
            )
            lines.append(f"not used: {shown}")
        for number, each in enumerate(self.trainings, start=1):
            judged = "judged here" if each.judged else f"--run {number} judges it"
            which = (
                f"training {number} of {len(self.trainings)}" if len(self.trainings) > 1 else "one training"
            )
            after = f" ({judged})" if len(self.trainings) > 1 else ""
            lines.append(f"{which}: {each.unit} {each.first:g} to {each.last:g}, {each.rows} rows{after}")
        lines += [f"left out: {name.strip()}: {why}" for name, why in self.broken]
        if self.missing:
            lines.append(f"missing: {', '.join(self.missing)}")
        return [*lines, *(f"note: {note}" for note in self.notes)]
