"""One command from recipe to run directory: what lies in it, agrees with itself, and opens elsewhere."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import hundred
from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.evaluation.metrics import evaluate
from hundred.experiment.build.model import starting_network, table_of_file
from hundred.runs.run import Run

from .conftest import TEST_PER_CLASS, TRAIN_PER_CLASS, Train, file_weights, rows

FILES = {
    ".lock",
    "environment.json",
    "events.jsonl",
    "finished.pt",
    "history.csv",
    "model.h5",
    "predictions.npz",
    "recipe.toml",
    "result.json",
    "sittings.json",
}
KEYS = {
    "name",
    "recipe",
    "model",
    "parameters",
    "epochs",
    "seed",
    "device",
    "data",
    "data_digest",
    "protocol",
    "val_accuracy",
    "test_accuracy",
    "test_top5_accuracy",
    "test_coarse_accuracy",
    "test_loss",
    "calibration_error",
    "train_seconds",
    "total_seconds",
    "images_per_second",
    "stopped",
}


def test_a_run_directory_is_complete_and_agrees_with_itself(train: Train, small_data: Dataset) -> None:
    run = train(epochs=2)
    assert {path.name for path in run.path.iterdir()} == FILES
    result = json.loads((run.path / "result.json").read_text())
    assert set(result) >= KEYS
    assert (result["epochs"], result["stopped"], result["data"]) == (2, "epochs", "sample")
    assert 0 < result["train_seconds"] < result["total_seconds"]
    assert len(run.history) == 2
    kept = run.predictions()
    again = evaluate(kept["test_logits"], kept["test_labels"], small_data.fine_to_coarse)
    assert again.accuracy == result["test_accuracy"]
    assert again.loss == result["test_loss"]
    assert np.array_equal(kept["val_labels"], small_data.train.fine.numpy()[kept["val_indices"]])
    validated = evaluate(kept["val_logits"], kept["val_labels"], small_data.fine_to_coarse)
    assert validated.accuracy == result["val_accuracy"] == run.history["val_accuracy"].iloc[-1]


def test_all_pictures_and_tables_are_made(train: Train) -> None:
    run = train(epochs=1, figures=True)
    assert set(run.figures) >= {"curves", "classes", "confusions", "samples", "architecture", "augmented"}
    assert {path.stem for path in (run.path / "tables").iterdir()} >= {"classes", "confused-pairs"}
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert len(page) > 10_000
    # The page was written with the last word on every figure, the time in all among them.
    assert json.dumps(run.result["total_seconds"]) in page
    assert not [event for event in run.events if event["kind"] == "warned"]


def test_testing_a_run_gives_its_result_to_the_last_digit(train: Train, small_data: Dataset) -> None:
    run = train(epochs=2)
    again = hundred.test(run.path, data=small_data).as_dict()
    for key in ("test_accuracy", "test_top5_accuracy", "test_coarse_accuracy", "test_loss"):
        assert again[key] == run.result[key]
    assert again["calibration_error"] == run.result["calibration_error"]
    assert again["parameters"] == run.result["parameters"]


def test_a_run_on_a_part_of_the_data_is_tested_on_that_part(
    train: Train, whole_sample: Dataset, small_data: Dataset
) -> None:
    part = {"data.train_per_class": TRAIN_PER_CLASS, "data.test_per_class": TEST_PER_CLASS}
    run = train(epochs=1, data=whole_sample, set=part)
    assert run.result["data_digest"] == small_data.digest
    again = hundred.test(run.path, data=whole_sample)
    assert again.metrics.images == len(small_data.test)
    assert again.metrics.loss == run.result["test_loss"]


@pytest.mark.filterwarnings("ignore")  # what Keras warns of while it loads is its own
def test_keras_opens_the_model_and_predicts_the_same_on_raw_pixels(train: Train, small_data: Dataset) -> None:
    import keras

    run = train(epochs=2)
    model = keras.models.load_model(run.model_path, compile=False)
    pixels = small_data.test.images.permute(0, 2, 3, 1).float().numpy()
    ours = torch.from_numpy(run.predictions()["test_logits"]).softmax(1).numpy()
    assert np.abs(model.predict(pixels, verbose=0) - ours).max() < 1e-4
    assert np.abs(hundred.load(run.model_path).predict(pixels) - ours).max() < 1e-6


def test_the_recipe_in_the_directory_repeats_the_run(train: Train) -> None:
    first = train(epochs=2, seed=5, set={"training.label_smoothing": 0.1})
    second = train(first.path / "recipe.toml")
    assert second.path != first.path
    assert rows(first) == rows(second)
    assert file_weights(first.model_path) == file_weights(second.model_path)


def test_another_seed_is_another_run(train: Train) -> None:
    assert rows(train(epochs=1, seed=1)) != rows(train(epochs=1, seed=2))


def test_protocols_differ_in_what_validates(train: Train, small_data: Dataset) -> None:
    full = train(epochs=1, protocol="full")
    assert full.history["val_loss"].isna().all()
    assert full.result["val_accuracy"] is None
    assert set(full.predictions()) == {"test_logits", "test_labels"}
    test = train(epochs=1, protocol="test-as-validation")
    assert (
        test.result["val_accuracy"] == test.result["test_accuracy"] == test.history["val_accuracy"].iloc[-1]
    )
    started = [next(e for e in run.events if e["kind"] == "run-started") for run in (full, test)]
    assert [event["training_images"] for event in started] == [400, 400]


def test_a_callback_that_needs_validation_is_refused_before_anything_is_made(
    train: Train, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="monitors 'val_loss'"):
        train("school", protocol="full", set={"model.name": "sprint"})
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"set": {"model.name": "scool"}}, "did you mean 'school'"),
        ({"set": {"model.depth": "x"}}, "depth"),
        ({"data": "/nowhere"}, "/nowhere"),
        ({"recipe": "sprnt"}, "sprint"),
        ({"minutes": 0.0}, "--minutes 0"),
        ({"minutes": float("nan")}, "--minutes nan"),
        ({"repeat": 0}, "--repeat 0"),
        ({"target": 2.0}, "--target 2"),
        ({"device": "gpu"}, "no device"),
        ({"scale": "0-1"}, "--from"),
        ({"start_from": "/nowhere.h5"}, "no such file"),
        ({"name": "../x"}, "cannot be named"),
    ],
)
def test_a_wrong_call_is_said_and_leaves_no_directory(
    train: Train, tmp_path: Path, options: dict, said: str
) -> None:
    with pytest.raises(HundredError, match=said) as caught:
        train(options.pop("recipe", "sprint"), **options)
    assert len(str(caught.value).splitlines()) <= 2
    assert not list((tmp_path / "runs").glob("*")) if (tmp_path / "runs").exists() else True


def test_a_name_that_is_taken_is_refused_and_the_run_stays(train: Train) -> None:
    run = train(epochs=1, name="mine")
    before = run.result
    with pytest.raises(UsageError, match="--resume"):
        train(epochs=1, name="mine")
    assert run.result == before


class Counting:
    """A listener of a user's own."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_run_started(self, event: object) -> None:
        self.seen.append("started")

    def on_epoch_ended(self, event: object) -> None:
        self.seen.append("epoch")

    def on_stopped(self, event: object) -> None:
        self.seen.append("stopped")


def test_listeners_hear_the_run(train: Train) -> None:
    listener = Counting()
    train(epochs=2, listeners=[listener])
    assert listener.seen == ["started", "epoch", "epoch", "stopped"]


CUSTOM = """
class Stop:
    def __init__(self):
        self.epochs = 0
    def after_epoch(self, row, control):
        self.epochs += 1
        if self.epochs == 2:
            control.stop("enough for me")
    def on_epoch_ended(self, event):
        with open("heard.txt", "a") as file:
            file.write(f"{event.epoch}\\n")
    def state_dict(self):
        return {"epochs": self.epochs}
    def load_state_dict(self, state):
        self.epochs = state["epochs"]
"""


def test_a_callback_of_the_users_own_works_from_a_recipe_file(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_callbacks_of_this_test.py").write_text(CUSTOM)
    (tmp_path / "own.toml").write_text(
        'extends = "sprint"\n[callbacks]\ncustom = ["my_callbacks_of_this_test:Stop"]\n'
    )
    run = train(tmp_path / "own.toml", epochs=5)
    assert (run.result["stopped"], run.result["epochs"]) == ("callback", 2)
    assert run.result["stopped_detail"] == "enough for me"
    assert (tmp_path / "heard.txt").read_text().split() == ["1", "2"]


def test_what_was_trained_is_what_the_best_epoch_was(train: Train) -> None:
    checkpoint = {
        "callbacks.checkpoint": {"monitor": "val_loss", "keep": "best"},
        "training.learning_rate": 0.6,
    }
    run = train(epochs=5, set=checkpoint)
    best = run.history.loc[run.history["val_loss"].idxmin()]
    assert run.result["val_accuracy"] == best["val_accuracy"]


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_model_is_on_the_disk_while_training_goes_on(train: Train, tmp_path: Path, keep: str) -> None:
    seen: list[bool] = []

    class Look:
        def on_checkpoint_written(self, event: object) -> None:
            path = tmp_path / "runs" / "one" / "model.h5"
            seen.append(path.exists() and hundred.load(path).origin == "hundred")

    checkpoint = {"callbacks.checkpoint": {"monitor": "loss", "keep": keep}}
    train(epochs=3, name="one", set=checkpoint, listeners=[Look()])
    assert seen == [True, True, True]


# For networks that take images of one size only.
ADAM = {"training.optimizer": "adam", "training.resolutions": []}


def test_a_network_that_cannot_take_the_sizes_of_the_recipe_is_refused(train: Train) -> None:
    with pytest.raises(UsageError, match=r"images of 20x20, which .*build_tiny cannot take") as caught:
        train(model=build_tiny)
    assert "\n" not in str(caught.value)


def build_tiny(classes: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 5, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 49, classes))


def test_a_network_of_the_users_own_trains_from_a_function_or_as_it_is(train: Train) -> None:
    adam = {**ADAM, "training.learning_rate": 1e-3}
    by_function = train(model=build_tiny, epochs=2, set=adam)
    assert by_function.result["model"].endswith(":build_tiny")
    torch.manual_seed(0)
    network = build_tiny(100)
    before = network[0].weight.clone()
    as_it_is = train(model=network, epochs=2, set=adam)
    assert rows(as_it_is) == rows(by_function)
    assert not torch.equal(network[0].weight, before)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda classes: nn.Linear(4, classes), "fails on images"),
        (lambda classes: nn.Sequential(nn.Flatten(), nn.Linear(3072, 7)), r"not into logits \[2, 100\]"),
        (lambda classes: 3, "not a torch.nn.Module"),
    ],
)
def test_a_network_that_cannot_be_trained_is_refused_in_one_line(
    train: Train, model: object, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        train(model=model)
    assert "\n" not in str(caught.value)


class Odd(nn.Module):
    """A network that no Keras file can hold."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * 32 * 32, 100)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cumsum(self.linear(x.flatten(1)), 1)


def test_a_network_that_no_keras_file_holds_is_trained_tested_and_kept_all_the_same(train: Train) -> None:
    run = train(model=lambda _: Odd(), epochs=1, set=ADAM)
    assert run.result["test_accuracy"] is not None
    assert not run.model_path.exists()
    state = torch.load(run.path / "weights.pt", weights_only=True)
    assert set(state) == {"linear.weight", "linear.bias"}
    assert any("weights.pt" in event["message"] for event in run.events if event["kind"] == "warned")


def test_a_saved_model_is_trained_further_with_the_scale_it_had(
    train: Train, small_data: Dataset, tmp_path: Path
) -> None:
    first = train(epochs=1)
    start = starting_network(table_of_file(first.path), 100)
    assert start.scaling is not None
    with torch.no_grad():
        logits = start.network(start.scaling(small_data.test.images))
    assert np.allclose(logits.numpy(), first.predictions()["test_logits"], atol=1e-5)
    further = train(start_from=first.path, epochs=1, set={**ADAM, "data.scaling": "0-1"})
    assert further.result["model"] == f"file:{first.model_path.resolve()}"
    again = hundred.train(
        further.path / "recipe.toml", data=small_data, runs=tmp_path, figures=False, quiet=True
    )
    assert rows(again) == rows(further)


def test_options_are_refused_for_a_network_from_a_file(train: Train) -> None:
    first = train(epochs=1)
    with pytest.raises(UsageError, match="has no meaning"):
        train(set={"model.name": f"file:{first.model_path}"})


def test_the_python_api_reads_runs_back(train: Train, tmp_path: Path) -> None:
    run = train(epochs=1, name="one")
    assert isinstance(run, Run)
    assert [each.name for each in hundred.list_runs(tmp_path / "runs")] == ["one"]
    assert hundred.open_run(tmp_path / "runs" / "one").result == run.result
    assert "sprint" in repr(run)


def test_a_run_without_a_model_file_cannot_be_tested(train: Train, small_data: Dataset) -> None:
    run = train(epochs=1)
    run.model_path.unlink()
    with pytest.raises(HundredError, match=r"has no model\.h5"):
        hundred.test(run.path, data=small_data)
    with pytest.raises(UsageError, match="no run and no file"):
        hundred.test("nowhere", data=small_data)
