"""The doctor on histories that were published with other projects, and were read before it was asked.

HUNDRED_CASES names the folder that holds `histories/readings.csv`; without it these tests are skipped.
"""

import csv
import os
from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.evaluation.doctor.diagnosis import doctor

from .test_evidence import check

FOLDER = Path(os.environ.get("HUNDRED_CASES", "")) / "histories"
pytestmark = pytest.mark.skipif(
    not os.environ.get("HUNDRED_CASES") or not (FOLDER / "readings.csv").is_file(),
    reason="HUNDRED_CASES names no folder with histories/readings.csv",
)


def readings() -> list[dict[str, str]]:
    with (FOLDER / "readings.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_first_findings_are_those_that_were_read_in_the_figures() -> None:
    wrong, histories = [], 0
    for row in readings():
        readable = row["main"] != "(unreadable)"
        histories += readable
        try:
            found = doctor(FOLDER / row["file"])
        except HundredError:
            assert not readable, f"{row['file']} was not read"
            continue
        assert check(found) == [], row["file"]
        first = found.names[0] if found.names else "(nothing)"
        if first not in (row["main"], *row["also_right"].split("|")):
            wrong.append((row["file"], first))
        forbidden = {
            each.name: each.confidence for each in found.findings if each.name in row["must_not"].split("|")
        }
        assert all(confidence <= 0.6 for confidence in forbidden.values()), (row["file"], forbidden)
    assert len(wrong) <= 0.05 * histories, wrong


def test_a_cut_of_the_learning_rate_group_changes_no_finding() -> None:
    plain, bias = (doctor(FOLDER / f"yolo-still-improving-pg0-{kind}.csv") for kind in ("plain", "bias"))
    assert plain.as_dict() == bias.as_dict()
