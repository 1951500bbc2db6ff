"""The study as its folder tells it: table, lessons, page; most runs here are written, not trained."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hundred.data.names import FINE_NAMES
from hundred.errors import HundredError, UsageError
from hundred.evaluation.intervals import summarize
from hundred.recipe.load import load_recipe
from hundred.recipe.write import to_toml
from hundred.runs.history import HEADER
from hundred.study.plan import StudyPlan, save_plan
from hundred.study.result import Study, open_study
from hundred.study.runner import run_study
from hundred.study.systems import SYSTEMS, chosen
from tests.making.datasets import few_pictures

CLASSES, IMAGES = 100, 10  # test images of each class


def write_run(
    folder: Path,
    recipe: str,
    seed: int,
    right: dict[str, float] | float,
    *,
    gap: float = 0.1,
    epochs: int | None = None,
    cuts: int = 0,
    stopped: str = "epochs",
    protocol: str = "holdout",
    **overrides: Any,
) -> Path:
    """A finished run directory whose share of right test images is `right`, for all classes or by name."""
    whole = load_recipe(recipe, {"seed": seed, "data.protocol": protocol, **overrides}).recipe
    epochs = epochs or whole.training.epochs
    path = folder / recipe / f"seed-{seed}"
    path.mkdir(parents=True)
    logits, labels = _predictions(right, seed)
    accuracy = float((logits.argmax(1) == labels).mean())
    np.savez(path / "predictions.npz", test_logits=logits, test_labels=labels)
    (path / "recipe.toml").write_text(to_toml(whole))
    rows = [
        f"{n},{accuracy + gap},1.0,{accuracy * n / epochs},1.0,{1e-3 * 0.5 ** min(n - 1, cuts)},1.0,50.0"
        for n in range(1, epochs + 1)
    ]
    (path / "history.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    events = [{"kind": "learning-rate-cut", "epoch": n, "time": "x"} for n in range(1, cuts + 1)]
    (path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    result = {
        "name": path.name, "recipe": recipe, "model": whole.model.name, "parameters": 1000, "epochs": epochs,
        "seed": seed, "device": "cpu", "data": "cifar100", "data_digest": "d", "protocol": protocol,
        "val_accuracy": accuracy, "test_accuracy": accuracy, "test_top5_accuracy": 0.8,
        "test_coarse_accuracy": 0.7, "test_loss": 1.0, "calibration_error": 0.1, "train_seconds": 60.0,
        "total_seconds": 70.0, "images_per_second": 50.0, "stopped": stopped, "model_bytes": 4000,
    }  # fmt: skip
    (path / "result.json").write_text(json.dumps(result))
    return path


def _predictions(right: dict[str, float] | float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(CLASSES), IMAGES)
    shares = [right if isinstance(right, float) else right.get(name, right[""]) for name in FINE_NAMES]
    generator = np.random.default_rng(seed)
    answers = labels.copy()
    for label, share in enumerate(shares):
        wrong = generator.permutation(IMAGES)[round(share * IMAGES) :]
        answers[label * IMAGES + wrong] = (label + 1 + generator.integers(0, 90, len(wrong))) % CLASSES
    return np.eye(CLASSES, dtype=np.float32)[answers] * 5, labels


def a_study(folder: Path, *, protocol: str = "holdout") -> Study:
    save_plan(folder, StudyPlan("d", "cifar100", None, None, protocol), {"resnet50": "out of memory"})
    return Study(folder)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Five systems, three seeds each of school and its revisited form, which knows seals."""
    for seed in range(3):
        school = {"": 0.5, "seal": 0.1, "otter": 0.1, "squirrel": 0.1, "bear": 0.1}
        write_run(tmp_path, "school", seed, {**school, "apple": 0.4 + 0.1 * seed}, gap=0.2, cuts=3)
        revisited = {**school, "": 0.7, "seal": 0.6}
        write_run(
            tmp_path, "school-revisited", seed, {**revisited, "apple": 0.3 + 0.3 * seed}, gap=0.05, cuts=1
        )
    write_run(tmp_path, "initial", 0, 0.3, gap=0.5, stopped="early-stopping", epochs=11)
    write_run(tmp_path, "intermediate", 0, 0.4, gap=0.3, epochs=5)
    write_run(tmp_path, "simple", 0, {"": 0.4, "rose": 0.9}, gap=0.25, **{"training.batch_size": 256})
    return a_study(tmp_path)


def test_the_table_has_means_intervals_and_differences_to_what_was_published(study: Study) -> None:
    table = study.table.set_index("recipe")
    assert list(table.index) == ["initial", "intermediate", "school", "school-revisited", "simple"]
    row = table.loc["school"]
    expected = summarize([run.result["test_accuracy"] for run in study.runs["school"]])
    assert (row["test_accuracy"], row["sd"], row["low"], row["runs"]) == (
        expected.mean, expected.sd, expected.low, 3,
    )  # fmt: skip
    assert row["difference"] == pytest.approx(expected.mean - 0.57)
    assert (row["interval"], table.loc["initial", "interval"]) == ("runs", "images")
    assert table.loc["initial", "difference"] == pytest.approx(0.3 - 0.35)
    assert table.loc["simple", "changed"] == "training.batch_size=256"
    assert not table.loc["school", "changed"]


@pytest.mark.parametrize(("measured", "difference"), [(0.36, 0.0), (0.4, 0.03), (0.3, -0.05)])
def test_within_a_published_range_there_is_no_difference(measured: float, difference: float) -> None:
    from hundred.study.result import _difference

    assert _difference(measured, SYSTEMS[0]) == pytest.approx(difference)


def test_runs_with_fewer_epochs_are_marked_cut_short_and_early_stops_are_not(study: Study) -> None:
    cut = study.table.set_index("recipe")["cut_short"]
    assert dict(cut) == {
        "initial": False,
        "intermediate": True,
        "school": False,
        "school-revisited": False,
        "simple": False,
    }


def test_under_the_study_s_protocol_the_best_epoch_is_what_is_compared(tmp_path: Path) -> None:
    path = write_run(tmp_path, "school", 0, 0.5, protocol="test-as-validation")
    lines = (path / "history.csv").read_text().splitlines()
    best = lines[5].split(",")
    best[3] = "0.61"
    (path / "history.csv").write_text("\n".join([*lines[:5], ",".join(best), *lines[6:]]) + "\n")
    table = a_study(tmp_path, protocol="test-as-validation").table
    assert table.loc[0, "measured"] == 0.61
    assert table.loc[0, "difference"] == pytest.approx(0.04)


def test_lessons_are_told_where_the_runs_tell_them(study: Study) -> None:
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


def test_lessons_are_silent_where_the_runs_cannot_say(tmp_path: Path) -> None:
    write_run(tmp_path, "school", 0, 0.5, epochs=2)
    findings = [lesson.finding for lesson in a_study(tmp_path).lessons]
    assert findings[:3] == ["cannot say"] * 3
    assert findings[4] == "cannot say"


def test_a_revisited_recipe_that_is_worse_contradicts_the_first_lessons(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path, "school", seed, {"": 0.7, "apple": 0.5 + 0.1 * seed}, cuts=3)
        write_run(tmp_path, "school-revisited", seed, {"": 0.4, "apple": 0.5 + 0.1 * seed}, cuts=1)
    findings = [lesson.finding for lesson in a_study(tmp_path).lessons]
    assert findings[:2] == ["disagrees", "disagrees"]


def test_runs_too_short_for_any_callback_say_nothing_about_callbacks(tmp_path: Path) -> None:
    write_run(tmp_path, "school", 0, 0.3, epochs=2)
    write_run(tmp_path, "school-revisited", 0, 0.5, epochs=2)
    findings = [lesson.finding for lesson in a_study(tmp_path).lessons]
    assert findings[:2] == ["cannot say", "cannot say"]


def test_the_page_is_self_contained_and_says_what_matters(study: Study) -> None:
    page = study.write().read_text(encoding="utf-8")
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert page.count("data:image/png;base64,") == 4
    for said in ("intermediate †", "35–37%", "out of memory", "resnet50", "seal", "training.batch_size=256"):
        assert said in page
    assert page.count("<li>") == 6
    assert "sample set" not in page
    saved = pd.read_csv(study.csv)
    assert list(saved["recipe"]) == list(study.table["recipe"])
    assert saved["test_accuracy"].tolist() == study.table["test_accuracy"].tolist()


def test_a_run_under_way_or_a_folder_without_runs_is_left_out(study: Study, tmp_path: Path) -> None:
    (study.path / "school" / "seed-2" / "result.json").unlink()
    assert len(open_study(study.path).runs["school"]) == 2
    empty = tmp_path / "empty"
    save_plan(empty, StudyPlan("d", "cifar100", None, None, "holdout"), {})
    with pytest.raises(HundredError, match="no run of the study"):
        open_study(empty).write()
    with pytest.raises(UsageError, match="not a study"):
        open_study(tmp_path / "nowhere")


def test_systems_are_chosen_by_name_in_the_study_s_order() -> None:
    assert [system.recipe for system in chosen(["school-revisited", "initial"])] == [
        "initial",
        "school-revisited",
    ]
    assert chosen([]) == list(SYSTEMS)
    with pytest.raises(UsageError, match="did you mean 'school-revisited'"):
        chosen(["school-revised"])


QUICKEST = {"training.batch_size": 4, "tracking.mlflow": False}


def test_a_study_trains_goes_on_and_adds_systems(tmp_path: Path) -> None:
    call = {
        "data": few_pictures(),
        "epochs": 1,
        "set": QUICKEST,
        "runs": tmp_path,
        "quiet": True,
        "device": "cpu",
    }
    first = run_study(["simple"], name="a", **call)
    run = first.path / "simple" / "seed-0"
    assert first.path == tmp_path / "study-a"
    assert first.page.is_file()
    assert first.csv.is_file()
    before = (run / "result.json").read_text()
    # A process killed in its first moment leaves a folder with a lock and nothing else.
    (first.path / "simple" / "seed-1").mkdir()
    (first.path / "simple" / "seed-1" / ".lock").touch()
    second = run_study(["simple"], name="a", repeat=2, **call)
    assert (run / "result.json").read_text() == before
    assert second.table[["recipe", "runs", "seeds"]].to_dict("records") == [
        {"recipe": "simple", "runs": 2, "seeds": "0 1"}
    ]
    with pytest.raises(UsageError, match="was begun with epochs 1, not 2"):
        run_study(["simple"], name="a", **{**call, "epochs": 2})
    with pytest.raises(UsageError, match=r"was begun with training\.batch_size 4, not 8"):
        run_study(["simple"], name="a", **{**call, "set": {**QUICKEST, "training.batch_size": 8}})


def test_a_cut_off_run_is_gone_on_with(tmp_path: Path) -> None:
    class Stop:
        def on_epoch_ended(self, event: Any) -> None:
            raise KeyboardInterrupt

    from hundred.experiment.train import train

    data = few_pictures()
    overrides = {**QUICKEST, "training.epochs": 2}
    folder = tmp_path / "study-b" / "simple"
    with pytest.raises(KeyboardInterrupt):
        train("simple", data=data, set=overrides, name="seed-0", runs=folder, listeners=[Stop()], quiet=True)
    study = run_study(["simple"], name="b", data=data, epochs=2, set=QUICKEST, runs=tmp_path, quiet=True)
    assert study.runs["simple"][0].result["epochs"] == 2
    assert len(study.runs["simple"][0].history) == 2


def test_named_weights_that_are_not_there_stop_the_call_and_unnamed_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hundred.study.runner import _ready

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    plan = StudyPlan("d", "cifar100", None, None, "holdout")
    ready, skipped = _ready(chosen([]), plan, explicit=False)
    assert "resnet50-imagenet" not in [system.recipe for system in ready]
    assert "weights" in skipped["resnet50-imagenet"]
    with pytest.raises(UsageError, match="--set model"):
        run_study(["resnet50-imagenet"], data=few_pictures(), runs=tmp_path)
