"""Lessons are judged only from runs that went to their own end."""

from pathlib import Path

from hundred.study.result import Study
from tests.making.study_runs import write_run, write_study


def test_each_lesson_has_its_finding_and_figures(study: Study) -> None:
    lessons = {lesson.number: lesson for lesson in study.lessons}
    findings = {number: lesson.finding for number, lesson in lessons.items()}
    assert findings[1] == "agrees"
    assert findings[2] == "agrees"
    assert "school-revisited had 1 learning-rate cuts a run, school 3" in lessons[2].text
    assert findings[3] == "agrees"
    assert "−1.00" in lessons[3].text
    assert findings[4] == "agrees"
    assert "seal 10% to 60% right (beyond chance)" in lessons[4].text
    assert "otter 10% to 10% right (not beyond chance)" in lessons[4].text
    assert findings[5] == ("agrees" if "is 1." in lessons[5].text else "disagrees")
    assert findings[6] == "agrees"
    assert "9 runs" in lessons[6].text


def test_without_whole_runs_five_lessons_cannot_say(tmp_path: Path) -> None:
    write_run(tmp_path, "school", 0, 0.5, epochs=2)
    findings = [lesson.finding for lesson in write_study(tmp_path).lessons]
    assert findings == [*["cannot say"] * 5, "agrees"]


def test_a_revisited_recipe_that_is_worse_contradicts_the_first_lessons(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path, "school", seed, {"": 0.7, "apple": 0.5 + 0.1 * seed}, cuts=3)
        write_run(tmp_path, "school-revisited", seed, {"": 0.4, "apple": 0.5 + 0.1 * seed}, cuts=1)
    findings = [lesson.finding for lesson in write_study(tmp_path).lessons]
    assert findings[:2] == ["disagrees", "disagrees"]


def test_runs_cut_short_are_named_and_not_counted(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path, "school", seed, {"": 0.5, "apple": 0.4 + 0.1 * seed}, cuts=3)
        write_run(tmp_path, "school-revisited", seed, {"": 0.3, "apple": 0.4 + 0.1 * seed}, epochs=20, cuts=1)
    lessons = write_study(tmp_path).lessons
    assert [lesson.finding for lesson in lessons[:2]] == ["cannot say", "cannot say"]
    assert "Not counted, since they were cut short: school-revisited (20 epochs, seed 0)" in lessons[0].text
    # The same runs, stopped by their own callback, are whole.
    for seed in range(3):
        write_run(tmp_path / "b", "school", seed, {"": 0.5, "apple": 0.4 + 0.1 * seed}, cuts=3)
        write_run(
            tmp_path / "b",
            "school-revisited",
            seed,
            {"": 0.3, "apple": 0.4 + 0.1 * seed},
            epochs=20,
            cuts=1,
            stopped="early-stopping",
        )
    assert [lesson.finding for lesson in write_study(tmp_path / "b").lessons[:2]] == ["disagrees"] * 2


def test_without_any_callback_that_acted_nothing_follows_about_callbacks(tmp_path: Path) -> None:
    write_run(tmp_path, "school", 0, 0.3)
    write_run(tmp_path, "school-revisited", 0, 0.5)
    lessons = write_study(tmp_path).lessons
    assert [lesson.finding for lesson in lessons[:2]] == ["cannot say", "cannot say"]
    assert "No callback of the compared runs acted" in lessons[0].text
