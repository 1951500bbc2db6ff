"""The doctor against ground truth: real trainings whose fault was chosen before they were run.

The histories were made by `python -m benchmarks.doctor make`. docs/doctor.md says which of them the doctor
was tuned on, and what it reached on those it had not seen; these tests hold it to that.
"""

import shlex
from pathlib import Path

import pytest

from benchmarks.doctor.histories import read_histories
from benchmarks.doctor.score import BEGIN, END, PAGE, Outcome, Score, outcomes, score, table
from benchmarks.doctor.suite import PARTS, cases
from hundred.evaluation.doctor.diagnosis import diagnose
from hundred.evaluation.doctor.history import Context
from hundred.evaluation.doctor.readers.build import history_of
from hundred.recipe.load import load_recipe
from hundred.training.optim.schedules import Schedule


@pytest.fixture(scope="module")
def found() -> list[Outcome]:
    return outcomes()


@pytest.mark.parametrize("part", PARTS)
def test_precision_and_recall(found: list[Outcome], part: str) -> None:
    those = [each for each in found if each.part == part]
    counts = score(those)
    assert counts.precision is not None
    assert counts.recall is not None
    assert counts.precision >= 0.9
    assert counts.recall >= 0.8


@pytest.mark.parametrize("part", PARTS)
def test_no_false_alarm_on_sound_runs(found: list[Outcome], part: str) -> None:
    assert [each for each in found if each.label == "healthy" and each.part == part and each.wrong] == []


def test_all_advice_is_a_change_that_a_recipe_takes_and_a_shell_passes_on() -> None:
    seen = set()
    for columns in read_histories().values():
        for finding in diagnose(history_of(columns, Context(framework="hundred"))).findings:
            lines = [shlex.split(line) for line in finding.advice]
            assert all(option == "--set" and "=" in change for option, change in lines)
            recipe = load_recipe("school", [change for _, change in lines]).recipe
            Schedule(**recipe.training.schedule.model_dump())
            seen.add(finding.name)
            assert lines or finding.name == "healthy"
            assert finding.as_dict()["evidence"]["epochs"]
    assert len(seen) > 8


def test_every_history_belongs_to_a_case() -> None:
    assert set(read_histories()) <= {case.key for case in cases()}


def test_the_table_in_the_docs_is_that_of_these_histories(found: list[Outcome]) -> None:
    text = Path(PAGE).read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == table(found)


def test_a_score_counts_wrong_findings_and_missed_ones() -> None:
    sound = Outcome("a", "tuning", "healthy", frozenset(), ("healthy",))
    alarmed = Outcome("b", "tuning", "healthy", frozenset(), ("plateau",))
    both = Outcome("c", "tuning", "overfitting", frozenset(("plateau",)), ("overfitting", "plateau"))
    assert score([sound, alarmed, both]) == Score(2, 1, 1)
    assert score([sound, alarmed, both], "plateau") == Score(0, 1, 0)
    assert score([sound], "plateau").precision is None
