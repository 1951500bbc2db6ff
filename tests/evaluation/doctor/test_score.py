"""The doctor against ground truth: real trainings whose fault was chosen before they were run.

The histories were made by `python -m benchmarks.doctor make`. docs/doctor.md says which of them the doctor
was tuned on, and what it reached on those it had not seen; here it is held to that.
"""

import shlex
from pathlib import Path

import pytest

from benchmarks.doctor.score import BEGIN, END, HISTORIES, PAGE, Judged, Score, judge, score, table
from benchmarks.doctor.suite import PARTS, cases, file_name, part_of
from hundred.evaluation.doctor.diagnosis import doctor
from hundred.recipe.load import load_recipe
from hundred.training.optim.schedules import Schedule


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    return judge()


@pytest.mark.parametrize("part", PARTS)
def test_precision_and_recall(judged: list[Judged], part: str) -> None:
    those = [each for each in judged if each.part == part]
    found = score(those)
    assert found.precision is not None
    assert found.recall is not None
    assert found.precision >= 0.9
    assert found.recall >= 0.8


@pytest.mark.parametrize("part", PARTS)
def test_no_false_alarm_on_sound_runs(judged: list[Judged], part: str) -> None:
    assert [each for each in judged if each.label == "healthy" and each.part == part and each.wrong] == []


def test_all_advice_is_a_change_that_a_recipe_takes_and_a_shell_passes_on() -> None:
    seen = set()
    for path in sorted(HISTORIES.glob("*--*.csv")):
        for finding in doctor(path).findings:
            lines = [shlex.split(line) for line in finding.advice]
            assert all(option == "--set" and "=" in change for option, change in lines)
            recipe = load_recipe("school", [change for _, change in lines]).recipe
            Schedule(**recipe.training.schedule.model_dump())
            seen.add(finding.name)
            assert lines or finding.name == "healthy"
            assert finding.as_dict()["evidence"]["epochs"]
    assert len(seen) > 8


def test_every_history_is_of_a_case(judged: list[Judged]) -> None:
    known = {file_name(case): (part_of(case), case.label) for case in cases()}
    assert {each.file: (each.part, each.label) for each in judged}.items() <= known.items()
    assert {path.name for path in HISTORIES.glob("*.csv")} == {each.file for each in judged} | {"labels.csv"}
    assert sum(path.stat().st_size for path in HISTORIES.iterdir()) < 1_250 * len(judged)


def test_the_table_in_the_docs_is_that_of_these_histories(judged: list[Judged]) -> None:
    text = Path(PAGE).read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == table(judged)


def test_a_score_counts_what_was_said_wrongly_and_what_was_not_said() -> None:
    sound = Judged("a", "tuning", "healthy", frozenset(), ("healthy",))
    alarmed = Judged("b", "tuning", "healthy", frozenset(), ("plateau",))
    both = Judged("c", "tuning", "overfitting", frozenset(("plateau",)), ("overfitting", "plateau"))
    assert score([sound, alarmed, both]) == Score(2, 1, 1)
    assert score([sound, alarmed, both], "plateau") == Score(0, 1, 0)
    assert score([sound], "plateau").precision is None
