"""`--minutes`: runs end in time, whatever the recipe and however slow the machine turns out."""

from typing import Any

import pytest

import hundred
from hundred.errors import UsageError
from tests.experiment.conftest import Clock, Train

MINUTES = 0.15


def recipe_epochs(run: Any) -> int:
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
    run = train(minutes=MINUTES, set=more)
    assert 0.5 * MINUTES * 60 < clock.now - begin < MINUTES * 60
    assert run.result["stopped"] == "epochs"
    assert run.result["epochs"] >= 2
    assert run.history["learning_rate"].iloc[-1] > 0


def test_the_epochs_of_the_plan_are_those_of_the_recipe_that_is_kept(train: Train) -> None:
    run = train(minutes=30.0, epochs=2)
    assert run.result["epochs"] == recipe_epochs(run) == 2


def test_too_few_minutes_to_begin_with_are_refused(train: Train) -> None:
    with pytest.raises(UsageError, match="too few to begin with"):
        train(minutes=0.01)


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
