"""Resuming: from wherever a run was cut off, to the result of the undisturbed one."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.experiment.run import finalize
from hundred.runs.directory import lock_run
from hundred.runs.sittings import read_sittings
from tests.experiment.conftest import Train, file_weights, rows
from tests.making.killing import KillAt, Killed

EVERYTHING = {
    "training.optimizer": "adam",
    "training.learning_rate": 0.02,
    "training.ema": 0.9,
    "augment.mixup": 0.2,
    "callbacks.reduce_on_plateau": {"patience": 1, "factor": 0.5, "monitor": "loss"},
    "callbacks.early_stopping": {"patience": 2, "monitor": "val_accuracy", "restore_best_weights": True},
    "callbacks.checkpoint": {"monitor": "val_loss"},
}


def killed(*_: object, **__: object) -> Any:
    raise Killed


@pytest.mark.parametrize("method", ["on_epoch_ended", "on_checkpoint_written", "on_new_best", "on_stopped"])
def test_a_run_cut_off_at_an_event_ends_as_the_undisturbed_one(train: Train, method: str) -> None:
    whole = train(epochs=5, set=EVERYTHING, name="whole")
    epoch = 2
    if method == "on_stopped":
        epoch = whole.result["epochs"]
    if method == "on_new_best":
        epoch = next(event["epoch"] for event in whole.events if event["kind"] == "new-best")
    with pytest.raises(Killed):
        train(epochs=5, set=EVERYTHING, name="cut", listeners=[KillAt(method, epoch)])
    resumed = train(name="cut", resume=True)
    assert rows(resumed) == rows(whole)
    assert file_weights(resumed.model_path) == file_weights(whole.model_path)
    for key in ("test_loss", "test_accuracy", "val_accuracy", "stopped", "stopped_detail", "epochs"):
        assert resumed.result[key] == whole.result[key]


@pytest.mark.parametrize(
    "moment", ["save_model", "predict", "save_predictions", "_write_result", "_retire_checkpoint", "draw"]
)
def test_a_run_cut_off_while_it_finishes_trains_no_epoch_again(
    train: Train, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(epochs=2, name="whole")
    with monkeypatch.context() as patch:
        patch.setattr(f"hundred.experiment.run.finalize.{moment}", killed)
        patch.setattr("hundred.experiment.run.lifecycle.draw", finalize.draw)
        with pytest.raises(Killed):
            train(epochs=2, name="cut", figures=True)
    trained: list[int] = []

    class Hear:
        def on_epoch_ended(self, event: Any) -> None:
            trained.append(event.epoch)

    resumed = train(name="cut", resume=True, listeners=[Hear()])
    assert trained == []
    assert rows(resumed) == rows(whole)
    assert file_weights(resumed.model_path) == file_weights(whole.model_path)
    assert np.array_equal(resumed.predictions()["test_logits"], whole.predictions()["test_logits"])
    assert not (resumed.path / "checkpoint.pt").exists()


def test_an_early_stop_followed_by_a_kill_does_not_train_on(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = {"callbacks.stop_at": {"monitor": "loss", "value": 1e9}}
    with monkeypatch.context() as patch:
        patch.setattr("hundred.experiment.run.finalize.predict", killed)
        with pytest.raises(Killed):
            train(epochs=4, name="cut", set=stop)
    resumed = train(name="cut", resume=True)
    assert (resumed.result["stopped"], resumed.result["epochs"]) == ("callback", 1)
    assert len(resumed.history) == 1


def test_a_claimed_directory_without_any_file_is_simply_started(train: Train, tmp_path: Path) -> None:
    whole = train(epochs=1, name="whole")
    for name, files in (
        ("empty", []),
        ("locked", [".lock"]),
        ("half", [".lock", ".recipe.toml.abcd1234.toml"]),
    ):
        (tmp_path / "runs" / name).mkdir()
        for file in files:
            (tmp_path / "runs" / name / file).write_text("")
        run = train(epochs=1, name=name, resume=True)
        assert rows(run) == rows(whole)
        assert [path.name for path in run.path.glob(".*")] == [".lock"]


def test_a_folder_that_holds_something_else_is_not_resumed(train: Train, tmp_path: Path) -> None:
    (tmp_path / "runs" / "photos").mkdir(parents=True)
    (tmp_path / "runs" / "photos" / "cat.jpg").write_text("")
    with pytest.raises(UsageError, match="is not a run"):
        train(name="photos", resume=True)


def test_a_finished_run_is_returned_as_it_is(train: Train) -> None:
    run = train(epochs=1, name="one")
    before = {path.name: path.stat().st_mtime_ns for path in run.path.iterdir() if path.name != ".lock"}
    again = train(name="one", resume=True)
    assert again.result == run.result
    assert {p.name: p.stat().st_mtime_ns for p in run.path.iterdir() if p.name != ".lock"} == before


def cut(train: Train, **options: Any) -> None:
    with pytest.raises(Killed):
        train(epochs=3, listeners=[KillAt("on_checkpoint_written", 1)], **options)


def test_the_newest_unfinished_run_is_found_without_a_name(train: Train) -> None:
    train(epochs=1)
    cut(train)
    assert train(resume=True).result["epochs"] == 3
    with pytest.raises(UsageError, match="no unfinished run"):
        train(resume=True)


def test_without_a_recipe_any_unfinished_run_is_taken(train: Train, tmp_path: Path) -> None:
    cut(train, name="mine")
    run = train(None, resume=True)
    assert run.path == tmp_path / "runs" / "mine"
    assert len(run.history) == 3


def test_a_run_directory_as_recipe_is_the_run_to_resume(train: Train, tmp_path: Path) -> None:
    cut(train, name="mine")
    run = train(tmp_path / "runs" / "mine", resume=True)
    assert run.path.name == "mine"
    assert len(run.history) == 3


def test_values_that_decide_what_the_run_is_are_refused(train: Train) -> None:
    cut(train, name="mine")
    with pytest.raises(UsageError, match=r"began with training\.optimizer = 'muon', not 'adam'"):
        train(name="mine", resume=True, set={"training.optimizer": "adam"})
    with pytest.raises(UsageError, match=r"began with model\.width3 = 8, not 9"):
        train(name="mine", resume=True, set={"model.width3": 9})
    assert train(name="mine", resume=True, epochs=3).result["epochs"] == 3


def test_other_images_than_the_run_began_with_are_refused(train: Train, whole_sample: Dataset) -> None:
    cut(train, name="mine")
    with pytest.raises(UsageError, match="began with data digest"):
        train(name="mine", resume=True, data=whole_sample)


def test_a_damaged_checkpoint_is_said_in_one_line_and_nothing_is_lost(train: Train, tmp_path: Path) -> None:
    cut(train, name="mine")
    path = tmp_path / "runs" / "mine"
    shutil.copytree(path, tmp_path / "before")
    (path / "checkpoint.pt").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(HundredError, match="damaged") as caught:
        train(name="mine", resume=True)
    assert "\n" not in str(caught.value)
    assert (path / "history.csv").read_bytes() == (tmp_path / "before" / "history.csv").read_bytes()


def test_a_run_that_another_process_writes_is_left_alone(train: Train, tmp_path: Path) -> None:
    cut(train, name="mine")
    with lock_run(tmp_path / "runs" / "mine"), pytest.raises(HundredError, match="by another process"):
        train(name="mine", resume=True)


def test_seldom_checkpoints_cost_the_epochs_since_the_last(train: Train) -> None:
    seldom = {"training.checkpoint_every": 2}
    whole = train(epochs=4, name="whole", set=seldom)
    with pytest.raises(Killed):
        train(epochs=4, name="cut", set=seldom, listeners=[KillAt("on_epoch_ended", 4)])
    trained: list[int] = []

    class Hear:
        def on_epoch_ended(self, event: Any) -> None:
            trained.append(event.epoch)

    resumed = train(name="cut", resume=True, listeners=[Hear()])
    assert trained == [3, 4]
    assert rows(resumed) == rows(whole)


def test_a_checkpoint_stays_where_that_was_asked_for(train: Train) -> None:
    run = train(epochs=1, keep_checkpoint=True)
    assert (run.path / "checkpoint.pt").exists()


def test_training_seconds_add_up_over_the_sittings(train: Train) -> None:
    cut(train, name="mine")
    run = train(name="mine", resume=True)
    assert run.result["train_seconds"] >= run.history["seconds"].sum()


def test_total_seconds_are_of_all_sittings(train: Train, tmp_path: Path) -> None:
    cut(train, name="mine")
    (first,) = read_sittings(tmp_path / "runs" / "mine")
    (tmp_path / "runs" / "mine" / "sittings.json").write_text(
        json.dumps({"sittings": [{**vars(first), "seconds": 5000.0}]})
    )
    result = train(name="mine", resume=True).result
    assert result["sittings"] == 2
    assert 5000.0 < result["total_seconds"] < 5600.0


def test_a_run_whose_loss_was_not_finite_says_so_again(train: Train, tmp_path: Path) -> None:
    explode = {"training.learning_rate": 1e30, "training.optimizer": "sgd"}
    for options in ({"set": explode}, {"resume": True}):
        with pytest.raises(HundredError, match="try a learning rate below") as caught:
            train(epochs=3, name="mine", **options)
        assert len(str(caught.value).splitlines()) == 2
    run = hundred.open_run(tmp_path / "runs" / "mine")
    assert run.result["stopped"] == "not-finite"
    assert run.result["test_accuracy"] is not None
    assert np.isfinite(run.predictions()["test_logits"]).all()
    assert all(
        np.isfinite(np.frombuffer(values, np.float32)).all()
        for name, values in file_weights(run.model_path).items()
    )


def edit(run: Path, key: str, value: str) -> None:
    recipe = run / "recipe.toml"
    lines = recipe.read_text().splitlines()
    (place,) = (number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
    lines[place] = f"{key} = {value}"
    recipe.write_text("\n".join(lines))


def test_a_recipe_edited_after_the_checkpoint_needs_a_decision(train: Train, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    whole = train(epochs=2, set={"training.learning_rate": 0.001}, name="whole")
    with pytest.raises(Killed):
        train(
            epochs=2,
            set={"training.learning_rate": 0.001},
            name="old",
            listeners=[KillAt("on_checkpoint_written", 1)],
        )
    shutil.copytree(runs / "old", runs / "new")
    for name in ("old", "new"):
        edit(runs / name, "learning_rate", "0.1")
        with pytest.raises(UsageError) as caught:
            train(name=name, resume=True)
        assert str(caught.value).splitlines() == [
            f"{runs / name / 'recipe.toml'} was edited after the last checkpoint: "
            "training.learning_rate was 0.001 and is 0.1",
            "go on as it began: --set training.learning_rate=0.001; "
            "go on with the change: --set training.learning_rate=0.1",
        ]
        with pytest.raises(UsageError, match="leave that out to resume it"):
            train(name=name, resume=True, set={"training.learning_rate": 0.5})
    old = train(name="old", resume=True, set={"training.learning_rate": 0.001})
    assert rows(old) == rows(whole)
    assert "learning_rate = 0.001" in old.recipe_text
    new = train(name="new", resume=True, set={"training.learning_rate": 0.1})
    assert rows(new) != rows(whole)
    assert [event["message"] for event in new.events if event["kind"] == "warned"] == [
        "up to epoch 1 this run had training.learning_rate = 0.001, from now on 0.1"
    ]


def test_edits_that_change_no_epoch_need_no_decision(train: Train, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with pytest.raises(Killed):
        train(epochs=2, name="cut", listeners=[KillAt("on_checkpoint_written", 1)])
    edit(runs / "cut", "summary", '"mine"')
    edit(runs / "cut", "epochs", "9")
    resumed = train(name="cut", resume=True)
    assert resumed.result["epochs"] == 2
    (warning,) = [event["message"] for event in resumed.events if event["kind"] == "warned"]
    assert warning.startswith("the run goes on to epoch 2, as planned when it began, not to 9; more epochs: ")


def test_resuming_with_another_torch_or_other_threads_warns(train: Train, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with pytest.raises(Killed):
        train(epochs=2, name="cut", listeners=[KillAt("on_checkpoint_written", 1)])
    path = runs / "cut" / "environment.json"
    environment = json.loads(path.read_text())
    path.write_text(json.dumps({**environment, "torch": "1.0", "threads": 77}))
    resumed = train(name="cut", resume=True)
    (warning,) = [event["message"] for event in resumed.events if event["kind"] == "warned"]
    now = f"(now {environment['torch']}), threads 77 (now {environment['threads']})"
    assert warning.startswith(f"this run began with torch 1.0 {now}: its last digits will differ")
