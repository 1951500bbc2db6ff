"""Studies that train, on a few random pictures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hundred.errors import HundredError, UsageError
from hundred.experiment.train import train
from hundred.study import runner
from hundred.study.plan import StudyPlan
from hundred.study.runner import _ready, run_study
from hundred.study.systems import chosen
from tests.making.datasets import few_pictures
from tests.making.study_runs import write_run, write_study

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


def test_an_interrupted_run_is_resumed(tmp_path: Path) -> None:
    class Stop:
        def on_epoch_ended(self, event: Any) -> None:
            raise KeyboardInterrupt

    data = few_pictures()
    overrides = {**QUICKEST, "training.epochs": 2}
    folder = tmp_path / "study-b" / "simple"
    with pytest.raises(KeyboardInterrupt):
        train("simple", data=data, set=overrides, name="seed-0", runs=folder, listeners=[Stop()], quiet=True)
    study = run_study(["simple"], name="b", data=data, epochs=2, set=QUICKEST, runs=tmp_path, quiet=True)
    assert study.runs["simple"][0].result["epochs"] == 2
    assert len(study.runs["simple"][0].history) == 2


def test_a_study_whose_folder_is_moved_between_two_runs_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = runner.train

    def then_move(*given: Any, **options: Any) -> Any:
        run = original(*given, **options)
        if (tmp_path / "study-c").exists():
            (tmp_path / "study-c").rename(tmp_path / "elsewhere")
        return run

    monkeypatch.setattr(runner, "train", then_move)
    call: dict[str, Any] = {"data": few_pictures(), "epochs": 1, "set": QUICKEST, "quiet": True}
    with pytest.raises(HundredError, match="study-c was moved or deleted"):
        run_study(["simple"], name="c", repeat=2, runs=tmp_path, **call)
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
    assert (tmp_path / "elsewhere" / "simple" / "seed-0" / "result.json").is_file()


def test_named_weights_that_are_not_there_stop_the_call_and_unnamed_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    plan = StudyPlan("d", "cifar100", None, None, "holdout")
    ready, skipped = _ready(chosen([]), plan, explicit=False)
    assert "resnet50-imagenet" not in [system.recipe for system in ready]
    assert "weights" in skipped["resnet50-imagenet"]
    with pytest.raises(UsageError, match="--set model"):
        run_study(["resnet50-imagenet"], data=few_pictures(), runs=tmp_path)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a study would train, which it does not."""
    found: list[str] = []

    def train_nothing(_: object, recipe: str, seed: int, *__: object) -> None:
        found.append(f"{recipe} {seed}")

    monkeypatch.setattr("hundred.study.runner._StudyRunner._train", train_nothing)
    return found


def test_a_study_is_resumed_by_its_name_alone(tmp_path: Path, trained: list[str]) -> None:
    data, folder = few_pictures(), tmp_path / "study-a"
    write_run(folder, "school", 1, 0.5)
    run_study(["simple"], name="a", data=data, epochs=3, runs=tmp_path, quiet=True)
    run_study(["initial", "school"], name="a", data=data, epochs=3, repeat=2, runs=tmp_path, quiet=True)
    trained.clear()
    study = run_study(name="a", runs=tmp_path, data=data, resume=True, quiet=True)
    assert trained == ["initial 0", "initial 1", "school 0", "simple 0"]
    assert study.plan.epochs == 3
    with pytest.raises(UsageError, match="begun with other images"):
        run_study(name="a", runs=tmp_path, data=replace(data, digest="1" * 64), resume=True)
    with pytest.raises(UsageError, match="is not a study"):
        run_study(name="nowhere", runs=tmp_path, resume=True)


def test_a_study_of_an_earlier_version_is_resumed_with_the_runs_that_it_has(
    tmp_path: Path, trained: list[str]
) -> None:
    folder = write_study(tmp_path / "study-a").path
    write_run(folder, "school", 0, 0.5)
    (folder / "school" / "seed-1").mkdir()
    content = json.loads((folder / "study.json").read_text())
    for key in ("requested", "data_path"):
        del content["plan"][key]
    (folder / "study.json").write_text(json.dumps(content))
    run_study(name="a", runs=tmp_path, data=replace(few_pictures(), digest="d"), resume=True, quiet=True)
    assert trained == ["school 1"]
