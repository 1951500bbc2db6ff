"""More epochs for a run, finished or not: exactly as if it had been planned so, or a clear line."""

from pathlib import Path
from typing import Any

import pytest

from hundred.errors import UsageError
from tests.experiment.conftest import Train, file_weights, rows
from tests.making.killing import KillAt, Killed

CONSTANT = {
    "training.optimizer": "adam",
    "training.learning_rate": 0.01,
    "training.resolutions": [],
    "training.schedule": {"name": "constant", "warmup": 0.0},
    "augment.mixup": 0.2,
    "callbacks.reduce_on_plateau": {"patience": 1, "factor": 0.5, "monitor": "loss"},
}


def messages(run: Any) -> list[str]:
    return [event["message"] for event in run.events if event["kind"] == "warned"]


def test_a_finished_run_of_constant_rate_goes_on_exactly(train: Train) -> None:
    whole = train(epochs=4, name="whole", set=CONSTANT)
    train(epochs=2, name="mine", set=CONSTANT)
    run = train(name="mine", resume=True, epochs=3)
    assert messages(run) == ["the run goes on to epoch 3 instead of 2"]
    assert rows(run) == rows(whole)[:3]
    run = train(run.path, resume=True, epochs=4)
    assert rows(run) == rows(whole)
    assert file_weights(run.model_path) == file_weights(whole.model_path)
    assert run.result["epochs"] == 4
    assert "epochs = 4" in run.recipe_text
    assert train(run.path, resume=True).result == run.result


@pytest.mark.parametrize("moment", ["on_run_started", "on_checkpoint_written"])
def test_an_extension_that_is_killed_is_resumed(train: Train, moment: str) -> None:
    whole = train(epochs=4, name="whole", set=CONSTANT)
    train(epochs=2, name="mine", set=CONSTANT)
    at = 0 if moment == "on_run_started" else 3
    with pytest.raises(Killed):
        train(name="mine", resume=True, epochs=4, listeners=[KillAt(moment, at)])
    run = train(name="mine", resume=True, epochs=4)
    assert rows(run) == rows(whole)


def test_an_unfinished_run_is_given_more_epochs_and_another_rate(train: Train) -> None:
    with pytest.raises(Killed):
        train(epochs=2, name="mine", set=CONSTANT, listeners=[KillAt("on_checkpoint_written", 1)])
    run = train(name="mine", resume=True, epochs=3, set={"training.learning_rate": 0.001})
    assert run.history["learning_rate"].tolist() == [0.01, 0.001, 0.001]
    assert "the run goes on to epoch 3 instead of 2" in messages(run)
    assert "up to epoch 1 this run had training.learning_rate = 0.01, from now on 0.001" in messages(run)
    assert "learning_rate = 0.001" in run.recipe_text


def test_a_batch_of_another_size_and_more_patience_are_taken(train: Train) -> None:
    stop = {"callbacks.early_stopping": {"patience": 1, "monitor": "loss", "min_delta": 100.0}}
    first = train(epochs=5, name="mine", set={**CONSTANT, **stop})
    assert first.result["stopped"] == "early-stopping"
    more = {"callbacks.early_stopping.patience": 9, "training.batch_size": 50}
    run = train(name="mine", resume=True, set=more)
    assert run.result["epochs"] == 5
    started = [event["steps_per_epoch"] for event in run.events if event["kind"] == "run-started"]
    assert started[-1] == 2 * started[0]


def test_a_schedule_that_has_ended_needs_a_decision(train: Train) -> None:
    run = train(epochs=2, name="mine")
    with pytest.raises(UsageError, match=r"(?s)has ended: more epochs .*--rewarm"):
        train(name="mine", resume=True, epochs=4)
    assert train(name="mine", resume=True).result == run.result
    again = train(name="mine", resume=True, epochs=4, rewarm=True)
    rates = again.history["learning_rate"].tolist()
    assert len(rates) == 4
    assert rates[2] > rates[1]
    assert "with the learning-rate schedule once more" in messages(again)[0]


def test_the_rest_of_a_schedule_fills_the_epochs_of_an_unfinished_run(train: Train) -> None:
    linear = {"training.schedule": {"name": "linear", "warmup": 0.0}, "training.optimizer": "adam"}
    with pytest.raises(Killed):
        train(epochs=2, name="mine", set=linear, listeners=[KillAt("on_checkpoint_written", 1)])
    rates = train(name="mine", resume=True, epochs=5, set={}).history["learning_rate"].tolist()
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == 5


def test_what_cannot_be_trained_on_says_why(train: Train, tmp_path: Path) -> None:
    run = train(epochs=2, name="mine", set=CONSTANT)
    with pytest.raises(UsageError, match=r"has trained 2 epochs: give more"):
        train(name="mine", resume=True, epochs=1)
    with pytest.raises(UsageError, match=r"began with model\.width1"):
        train(name="mine", resume=True, epochs=4, set={"model.width1": 16})
    with pytest.raises(UsageError, match=r"began without callbacks\.stop_at"):
        train(name="mine", resume=True, epochs=4, set={"callbacks.stop_at": {"value": 0.9}})
    (run.path / "finished.pt").unlink()
    with pytest.raises(UsageError, match=r"(?s)was not kept .* --from"):
        train(name="mine", resume=True, epochs=4)
    assert train(name="mine", resume=True).result == run.result
