"""Precision and recall of the doctor on the recorded histories, as a table in docs/doctor.md."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.doctor.histories import read_histories
from benchmarks.doctor.suite import PARTS, cases, part_of
from hundred.evaluation.doctor.diagnosis import doctor
from hundred.evaluation.doctor.findings import NAMES
from hundred.files import write_text

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
BEGIN, END = "<!-- score: begin -->", "<!-- score: end -->"


@dataclass(frozen=True)
class Outcome:
    """A case with its label, what else its fault brings with it, and what the doctor found, each with its
    confidence."""

    key: str
    part: str
    label: str
    also: frozenset[str]
    found: tuple[str, ...]
    confidences: tuple[float, ...] = ()

    @property
    def wrong(self) -> list[str]:
        """Findings that the run was not made to show."""
        return [name for name in self.found if name != self.label and name not in self.also]


@dataclass(frozen=True)
class Score:
    """Counts of findings: right, wrong, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float | None:
        """The share of all findings that is right; None without a finding."""
        found = self.right + self.wrong
        return self.right / found if found else None

    @property
    def recall(self) -> float | None:
        """The share of all labels that was found; None without a label."""
        labelled = self.right + self.missed
        return self.right / labelled if labelled else None


def outcomes() -> list[Outcome]:
    """Each case that has a history, with what the doctor finds in it."""
    histories = read_histories()
    found = []
    for case in cases():
        if case.key in histories:
            findings = doctor(histories[case.key]).findings
            names = tuple(each.name for each in findings)
            confidences = tuple(each.confidence for each in findings)
            found.append(
                Outcome(case.key, part_of(case), case.label, frozenset(case.also), names, confidences)
            )
    return found


def score(found: Iterable[Outcome], name: str = "") -> Score:
    """The counts of one finding, or of all together."""
    found = list(found)
    wanted = [each for each in found if name in ("", each.label)]
    right = sum(each.label in each.found for each in wanted)
    wrong = sum(1 for each in found for other in each.wrong if name in ("", other))
    return Score(right, wrong, len(wanted) - right)


def table(found: list[Outcome]) -> str:
    """The score of each part, that of each finding in the last part, and all disagreements, in Markdown."""
    lines = [
        "| part | runs | precision | recall | sound runs | of them with a false alarm |",
        "|---|" + "--:|" * 5,
    ]
    for part in PARTS:
        those = [each for each in found if each.part == part]
        sound = [each for each in those if each.label == "healthy"]
        alarms = sum(bool(each.wrong) for each in sound)
        lines.append(f"| {part} | {len(those)} | {_shares(score(those))} | {len(sound)} | {alarms} |")
    last = [each for each in found if each.part == PARTS[-1]]
    lines += ["", f"| finding, {PARTS[-1]} | runs | precision | recall |", "|---|--:|--:|--:|"]
    for name in NAMES:
        counts = score(last, name)
        lines.append(f"| `{name}` | {counts.right + counts.missed} | {_shares(counts)} |")
    differing = [
        f"- `{each.key}` ({each.part}): found {', '.join(each.found) or 'nothing'}"
        for each in found
        if each.wrong or each.label not in each.found
    ]
    return "\n".join([*lines, "", "Not as labelled:" if differing else "All as labelled.", *differing])


def write_score(page: Path = PAGE) -> None:
    """Put the table between its marks in `page`, and print it."""
    text = page.read_text(encoding="utf-8")
    found = table(outcomes())
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    write_text(page, f"{before}{BEGIN}\n{found}\n{END}{after}")
    print(found)


def _shares(counts: Score) -> str:
    """Precision and recall as two cells."""
    return " | ".join("-" if value is None else f"{value:.2f}" for value in (counts.precision, counts.recall))
