"""`--minutes`: runs end in time, whatever the recipe and however slow the machine turns out."""

from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.errors import UsageError
from tests.experiment.conftest import Clock, Train, rows

MINUTES = 0.15


def recipe_epochs(run: Any) -> float:
    return hundred.load_recipe(run.path / "recipe.toml").recipe.training.epochs


@pytest.mark.parametrize(
    "more",
    [
        {},
        {
            "training.validate_every": 0,
            "training.optimizer": "adam",
            "callbacks.early_stopping": {"patience": 1000},
            "callbacks.reduce_on_plateau": {"patience": 2, "monitor": "loss"},
        },
    ],
)
def test_a_run_ends_within_its_minutes_and_uses_them(
    train: Train, clock: Clock, more: dict[str, Any]
) -> None:
    begin = clock.now
    clock.step_seconds = 0.2
    run = train(minutes=MINUTES, set={"training.resolutions": [], **more})
    assert 0.5 * MINUTES * 60 < clock.now - begin < MINUTES * 60
    assert run.result["stopped"] == "epochs"
    assert run.result["epochs"] >= 2
    assert run.history["learning_rate"].iloc[-1] > 0


def test_nine_tenths_of_the_time_are_used_where_an_epoch_takes_long(train: Train, clock: Clock) -> None:
    begin, clock.step_seconds = clock.now, 22.0
    run = train(minutes=10.0, set={"training.resolutions": [], "training.validate_every": 0})
    assert 0.9 * 600 <= clock.now - begin <= 600
    assert run.result["epochs"] == recipe_epochs(run)
    assert run.result["epochs"] % 1
    again = train(run.path / "recipe.toml", name="again")  # what was planned can be repeated
    assert rows(again) == rows(run)


def test_the_epochs_of_the_plan_are_those_of_the_recipe_that_is_kept(train: Train) -> None:
    run = train(minutes=30.0, epochs=2)
    assert run.result["epochs"] == recipe_epochs(run) == 2


def test_too_few_minutes_are_refused_with_what_would_be_enough(
    train: Train, tmp_path: Path, clock: Clock
) -> None:
    clock.step_seconds = 1.0
    with pytest.raises(
        UsageError, match=r"with one epoch of training it needs --minutes ([\d.]+)$"
    ) as caught:
        train(minutes=0.01, name="mine")
    assert not (tmp_path / "runs" / "mine").exists()
    enough = float(str(caught.value).rpartition(" ")[2])
    run = train(minutes=enough, name="mine")
    assert run.result["epochs"] == 1
    assert not any("not even one epoch" in e["message"] for e in run.events if e["kind"] == "warned")


def test_measuring_takes_a_tenth_of_the_time_on_a_slow_machine(train: Train, clock: Clock) -> None:
    clock.step_seconds = 4.0
    begin, measured = clock.now, []

    class Begin:
        def on_run_started(self, event: Any) -> None:
            measured.append(clock.now - begin)

    sides = [[0.3, 16], [0.6, 24], [1.0, 32]]
    train(minutes=3.0, set={"training.resolutions": sides}, listeners=[Begin()])
    assert measured[0] <= 0.1 * 180
    assert clock.now - begin < 180


def test_a_machine_that_turns_slow_gets_fewer_epochs_and_a_warning(train: Train, clock: Clock) -> None:
    class Slow:
        def on_epoch_ended(self, event: Any) -> None:
            clock.step_seconds = 0.5

    begin = clock.now
    run = train(minutes=MINUTES, listeners=[Slow()])
    assert clock.now - begin < MINUTES * 60
    assert any("slower than measured" in e["message"] for e in run.events if e["kind"] == "warned")
    assert recipe_epochs(run) >= run.result["epochs"]


def test_a_machine_that_turns_fast_gets_more_epochs_and_a_warning(train: Train, clock: Clock) -> None:
    class Fast:
        def on_epoch_ended(self, event: Any) -> None:
            clock.step_seconds = 0.05

    clock.step_seconds = 0.2
    run = train(minutes=MINUTES, listeners=[Fast()])
    assert any("faster than measured" in e["message"] for e in run.events if e["kind"] == "warned")
    assert recipe_epochs(run) == run.result["epochs"]


def test_a_resumed_run_with_too_little_time_left_only_finishes(train: Train, clock: Clock) -> None:
    from tests.experiment.run.test_resume import cut

    cut(train, name="mine")
    run = train(name="mine", resume=True, minutes=0.049)
    assert run.result["epochs"] == 1
    assert len(run.history) == 1
