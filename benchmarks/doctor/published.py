"""The doctor on published histories whose figures were read before it was asked, as tables in docs/doctor.md.

The histories are not part of the repository: `--cases` names the folder with their `readings.csv`, with
columns file, main (the finding that was read), also_right and must_not (findings between bars).
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from benchmarks.doctor.score import PAGE, Outcome, outcomes
from hundred.errors import HundredError
from hundred.evaluation.doctor.diagnosis import doctor
from hundred.files import write_text

BEGIN, END = "<!-- published: begin -->", "<!-- published: end -->"
NOTHING, UNREADABLE = "(nothing)", "(unreadable)"
_BINS = ((0.5, 0.6), (0.6, 0.8), (0.8, 0.95), (0.95, 1.0))


def read_published(folder: Path) -> list[Outcome]:
    """Each history in `folder` with its reading and what the doctor finds; the part says whether that is
    forbidden."""
    with (folder / "readings.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        try:
            findings = doctor(folder / row["file"]).findings
            names = tuple(each.name for each in findings) or (NOTHING,)
            confidences = tuple(each.confidence for each in findings) or (0.0,)
        except HundredError:
            names, confidences = (UNREADABLE,), (0.0,)
        also = frozenset(row["also_right"].split("|")) - {""}
        found.append(Outcome(row["file"], row["must_not"], row["main"], also, names, confidences))
    return found


def table(found: Sequence[Outcome]) -> str:
    """How many first findings are as read, and every history in a row."""
    main = sum(each.found[0] == each.label for each in found)
    also = sum(each.found[0] != each.label and each.found[0] in each.also for each in found)
    forbidden = [each for each in found if any(name in each.part.split("|") for name in each.found)]
    other = len(found) - main - also
    lines = [
        f"Of {len(found)} files, the first finding is that reading in {main}, an accepted second one in "
        f"{also}, another in {other}; a finding that the figures rule out is in {len(forbidden)}.",
        "",
        "| history | read | accepted too | found (confidence) |",
        "|---|---|---|---|",
    ]
    for each in found:
        names = [
            name if name.startswith("(") else f"{name} ({confidence:.2f})"
            for name, confidence in zip(each.found, each.confidences, strict=True)
        ]
        mark = "" if each.found[0] == each.label or each.found[0] in each.also else " **differs**"
        accepted = ", ".join(sorted(each.also)) or "-"
        lines.append(f"| `{each.key}` | {each.label} | {accepted} | {', '.join(names)}{mark} |")
    return "\n".join(lines)


def calibration(groups: dict[str, Sequence[Outcome]]) -> str:
    """How often findings are right by how sure the doctor was, in Markdown; right is the label or what it
    brings with it."""
    lines = ["| confidence | " + " | ".join(f"{name}: findings | right" for name in groups) + " |"]
    lines.append("|---|" + "--:|--:|" * len(groups))
    for low, high in _BINS:
        cells = []
        for found in groups.values():
            rights = [
                name == each.label or name in each.also
                for each in found
                for name, confidence in zip(each.found, each.confidences, strict=True)
                if low <= confidence < high or (high == 1.0 and confidence >= low)
            ]
            cells += [str(len(rights)), f"{sum(rights) / len(rights):.2f}" if rights else "-"]
        lines.append(f"| {low:.2f} to {high:.2f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_published(folder: Path, page: Path = PAGE) -> None:
    """Put both tables between their marks in `page`, and print them."""
    published = read_published(folder)
    text = f"{table(published)}\n\n{calibration({'made': outcomes(), 'published': published})}"
    before, after = (
        page.read_text(encoding="utf-8").split(BEGIN)[0],
        page.read_text(encoding="utf-8").split(END)[1],
    )
    write_text(page, f"{before}{BEGIN}\n{text}\n{END}{after}")
    print(text)
