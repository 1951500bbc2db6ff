"""The last layer of a frozen network trains on cached features; all layers in the time that is left."""

import pytest
import torch
from torch import nn

from hundred.recipe.load import load_recipe
from hundred.training.optim.schedules import Schedule
from tests.experiment.conftest import Clock, Train, file_weights, rows
from tests.making.killing import KillAt, Killed

HEAD_EPOCHS = 4
TUNED = {
    "training.optimizer": "adamw",
    "training.learning_rate": 0.01,
    "training.resolutions": [],
    "training.epochs": HEAD_EPOCHS,
    "training.freeze": ["backbone"],
    "training.cache_features": True,
    "training.unfreeze_at": 0.9,
    "training.validate_every": 0,
    "training.schedule": {"name": "linear", "warmup": 0.0, "tuning": 0.25},
}


def network(classes: int) -> nn.Module:
    torch.manual_seed(3)
    body = nn.Conv2d(3, 8, 5, stride=4), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    return nn.Sequential(*body, nn.Linear(8, classes))


def test_the_last_layer_has_its_epochs_and_tuning_the_time_that_is_left(train: Train, clock: Clock) -> None:
    begin, clock.step_seconds = clock.now, 3.0
    run = train(model=network, minutes=3.0, set=TUNED, name="planned")
    assert 0.9 * 180 <= clock.now - begin <= 180
    recipe = load_recipe(run.path / "recipe.toml").recipe.training
    assert recipe.epochs == run.result["epochs"] > HEAD_EPOCHS + 5
    # The rate falls to nothing, and once more from a quarter of it.
    rates = run.history["learning_rate"].tolist()
    assert rates[HEAD_EPOCHS - 1] < 0.003
    assert 0.002 < rates[HEAD_EPOCHS] < 0.0025
    assert rates[HEAD_EPOCHS:] == sorted(rates[HEAD_EPOCHS:], reverse=True)
    # What was planned is in the recipe: it repeats the run.
    again = train(run.path / "recipe.toml", model=network, name="again")
    assert rows(again) == rows(run)
    assert file_weights(again.model_path) == file_weights(run.model_path)


@pytest.mark.parametrize("epoch", [2, HEAD_EPOCHS, HEAD_EPOCHS + 2])
def test_a_planned_run_cut_off_in_either_part_resumes_to_the_same_bits(
    train: Train, clock: Clock, epoch: int
) -> None:
    clock.step_seconds = 5.0
    whole = train(model=network, minutes=1.5, set=TUNED, name="whole")
    killed = KillAt("on_checkpoint_written", epoch)
    with pytest.raises(Killed):
        train(model=network, minutes=1.5, set=TUNED, name="cut", listeners=[killed])
    run = train(model=network, name="cut", resume=True)
    assert rows(run) == rows(whole)
    assert file_weights(run.model_path) == file_weights(whole.model_path)


def test_without_time_for_an_epoch_of_all_layers_only_the_last_is_trained(train: Train, clock: Clock) -> None:
    clock.step_seconds = 8.0
    run = train(model=network, minutes=0.5, set=TUNED)
    assert run.result["epochs"] == HEAD_EPOCHS
    assert load_recipe(run.path / "recipe.toml").recipe.training.unfreeze_at == 0.0
    assert any("only the last" in event["message"] for event in run.events if event["kind"] == "warned")


def test_a_schedule_with_tuning_is_the_schedule_twice() -> None:
    plain = Schedule("cosine", warmup=0.2, final=0.1)
    twice = Schedule("cosine", warmup=0.2, final=0.1, tuning=0.25, tuning_from=0.6)
    for progress in (0.0, 0.1, 0.5, 0.99):
        assert twice.factor(0.6 * progress) == pytest.approx(plain.factor(progress))
        assert twice.factor(0.6 + 0.4 * progress) == pytest.approx(0.25 * plain.factor(progress))
