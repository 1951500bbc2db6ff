"""Precision and recall of the doctor on the histories of `make`, as a table in docs/doctor.md."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.doctor.suite import PARTS
from hundred.evaluation.doctor.diagnosis import doctor
from hundred.evaluation.doctor.findings import NAMES
from hundred.files import write_text

HISTORIES = Path(__file__).parents[2] / "tests" / "evaluation" / "doctor" / "histories"
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
BEGIN, END = "<!-- score: begin -->", "<!-- score: end -->"


@dataclass(frozen=True)
class Judged:
    """A history with what it was made to show, what else that brings with it, and what the doctor found."""

    file: str
    part: str
    label: str
    also: frozenset[str]
    found: tuple[str, ...]

    @property
    def wrong(self) -> list[str]:
        """Findings that the run was not made to show."""
        return [name for name in self.found if name != self.label and name not in self.also]


@dataclass(frozen=True)
class Score:
    """Counts of findings: rightly said, wrongly said, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        """Of what was said, the share that is right; None where nothing was said."""
        said = self.right + self.wrong
        return self.right / said if said else None

    @property
    def recall(self) -> float | None:
        """Of what there was to say, the share that was said; None where there was nothing."""
        there = self.right + self.missed
        return self.right / there if there else None


def judge(folder: Path = HISTORIES, part: str = "") -> list[Judged]:
    """Each history in `folder` (of one part, where given) with what the doctor says of it."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if part in ("", row["part"])]
    rows = [row for row in rows if (folder / row["file"]).exists()]
    return [
        Judged(
            row["file"],
            row["part"],
            row["label"],
            frozenset(row["also"].split()),
            tuple(doctor(folder / row["file"]).names),
        )
        for row in rows
    ]


def score(judged: Iterable[Judged], name: str = "") -> Score:
    """The counts of one finding, or of all together."""
    judged = list(judged)
    wanted = [each for each in judged if name in ("", each.label)]
    right = sum(each.label in each.found for each in wanted)
    wrong = sum(1 for each in judged for found in each.wrong if name in ("", found))
    return Score(right, wrong, len(wanted) - right)


def table(judged: list[Judged]) -> str:
    """The score of each part, that of each finding in the last part, and what is not as labelled, in
    Markdown."""
    lines = [
        "| part | runs | precision | recall | sound runs | of them with a false alarm |",
        "|---|" + "--:|" * 5,
    ]
    for part in PARTS:
        those = [each for each in judged if each.part == part]
        sound = [each for each in those if each.label == "healthy"]
        alarms = sum(bool(each.wrong) for each in sound)
        lines.append(f"| {part} | {len(those)} | {_shares(score(those))} | {len(sound)} | {alarms} |")
    last = [each for each in judged if each.part == PARTS[-1]]
    lines += ["", f"| finding, {PARTS[-1]} | runs | precision | recall |", "|---|--:|--:|--:|"]
    for name in NAMES:
        found = score(last, name)
        lines.append(f"| `{name}` | {found.right + found.missed} | {_shares(found)} |")
    missed = [
        f"- `{each.file.removesuffix('.csv')}` ({each.part}): said {', '.join(each.found) or 'nothing'}"
        for each in judged
        if each.wrong or each.label not in each.found
    ]
    return "\n".join([*lines, "", "Not as labelled:" if missed else "All as labelled.", *missed])


def write_score(page: Path = PAGE) -> None:
    """Put the table between its marks in `page`, and print it."""
    text = page.read_text(encoding="utf-8")
    found = table(judge())
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    write_text(page, f"{before}{BEGIN}\n{found}\n{END}{after}")
    print(found)


def _shares(found: Score) -> str:
    """Precision and recall as two cells."""
    return " | ".join("-" if value is None else f"{value:.2f}" for value in (found.precision, found.recall))
