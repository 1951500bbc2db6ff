"""What all callbacks share, and what is our own: monitors, targets, names, errors."""

import io
from typing import Any

import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.training.callbacks.base import Callback
from hundred.training.callbacks.custom import CustomCallback
from hundred.training.callbacks.early_stopping import EarlyStopping
from hundred.training.callbacks.monitor import Monitor, check_monitors, validate_monitor
from hundred.training.callbacks.plateau import ReduceOnPlateau
from hundred.training.callbacks.registry import CALLBACKS, build_callback
from hundred.training.callbacks.stop_at import StopAt
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, LearningRateCut


def row(epoch: int = 1, **values: Any) -> EpochEnded:
    defaults: dict[str, Any] = {
        "accuracy": 0.5,
        "loss": 1.0,
        "val_accuracy": 0.4,
        "val_loss": 2.0,
        "learning_rate": 0.1,
        "seconds": 1.0,
        "images_per_second": 100.0,
    }
    return EpochEnded(epoch=epoch, **(defaults | values))


class Watcher:
    """A user's own callback, with state."""

    def __init__(self) -> None:
        self.seen = 0

    def after_epoch(self, row: EpochEnded, control: Control) -> None:
        self.seen += 1

    def state_dict(self) -> dict[str, int]:
        return {"seen": self.seen}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.seen = state["seen"]


MAKERS: dict[str, Any] = {
    "reduce-on-plateau": lambda: build_callback("reduce-on-plateau", patience=2, cooldown=1),
    "early-stopping": lambda: build_callback("early-stopping", patience=5, restore_best_weights=True),
    "best-weights": lambda: build_callback("best-weights"),
    "stop-at": lambda: build_callback("stop-at", monitor="val_accuracy", value=0.9),
    "custom": lambda: CustomCallback(Watcher()),
}


def test_the_contract_below_covers_every_callback_that_has_a_name() -> None:
    assert set(MAKERS) == {*CALLBACKS, "custom"}


@pytest.mark.parametrize("name", MAKERS)
class TestEveryCallback:
    def test_it_has_the_methods_and_returns_events(self, name: str) -> None:
        callback = MAKERS[name]()
        assert isinstance(callback, Callback)
        control = Control(nn.Linear(1, 1), 0.1)
        for epoch in range(1, 5):
            assert all(isinstance(event, Event) for event in callback.after_epoch(row(epoch), control))
        assert all(isinstance(event, Event) for event in callback.at_end(control))

    def test_at_end_before_any_epoch_leaves_the_network_alone(self, name: str) -> None:
        network = nn.Linear(1, 1)
        before = network.weight.item()
        assert list(MAKERS[name]().at_end(Control(network, 0.1))) == []
        assert network.weight.item() == before

    def test_epochs_without_validation_change_nothing(self, name: str) -> None:
        callback, control = MAKERS[name](), Control(nn.Linear(1, 1), 0.1)
        for epoch in range(1, 9):
            assert list(callback.after_epoch(row(epoch, val_loss=None, val_accuracy=None), control)) == []
        assert (control.stopped, control.learning_rate) == (False, 0.1)

    def test_its_state_goes_through_a_file_without_unpickling(self, name: str) -> None:
        callback, control = MAKERS[name](), Control(nn.Linear(1, 1), 0.1)
        for epoch in range(1, 4):
            list(callback.after_epoch(row(epoch), control))
        file = io.BytesIO()
        torch.save(callback.state_dict(), file)
        file.seek(0)
        read = torch.load(file, weights_only=True)
        fresh = MAKERS[name]()
        fresh.load_state_dict(read)
        assert str(fresh.state_dict()) == str(callback.state_dict())


def test_a_cut_is_told_with_its_reason() -> None:
    callback, control = ReduceOnPlateau(patience=2, factor=0.2), Control(nn.Linear(1, 1), 1e-3)
    events = [event for epoch in range(1, 4) for event in callback.after_epoch(row(epoch), control)]
    new = 0.00020000001  # float32(0.001) * 0.2 in float32, as in Keras, in its shortest decimals
    assert events == [LearningRateCut(3, 1e-3, new, "val_loss has not improved for 2 epochs")]
    assert control.learning_rate == new


def test_at_the_floor_nothing_is_cut_nor_told() -> None:
    callback, control = ReduceOnPlateau(patience=1, factor=0.01, floor=1e-4), Control(nn.Linear(1, 1), 1e-3)
    events = [event for epoch in range(1, 9) for event in callback.after_epoch(row(epoch), control)]
    assert [event.epoch for event in events if isinstance(event, LearningRateCut)] == [2]
    assert control.learning_rate == 1e-4


def test_early_stopping_says_since_when() -> None:
    callback, control = EarlyStopping(patience=2), Control(nn.Linear(1, 1), 1e-3)
    for epoch, loss in enumerate([3.0, 2.0, 2.5, 2.5], start=1):
        list(callback.after_epoch(row(epoch, val_loss=loss), control))
    assert control.reason == "early-stopping"
    assert control.detail == "val_loss has not improved since epoch 2"


@pytest.mark.parametrize(
    ("monitor", "value", "series", "stops_after"),
    [
        ("val_accuracy", 0.64, [0.6, 0.64, 0.7], 2),
        ("loss", 1.0, [1.5, 1.01, 0.9], 3),
        ("loss", 0.1, [1.0], None),
    ],
)
def test_stop_at_stops_at_the_first_epoch_on_target(
    monitor: str, value: float, series: list[float], stops_after: int | None
) -> None:
    callback, control = StopAt(monitor, value), Control(nn.Linear(1, 1), 1e-3)
    stopped = None
    for epoch, figure in enumerate(series, start=1):
        list(callback.after_epoch(row(epoch, **{monitor: figure}), control))
        stopped = stopped or (epoch if control.stopped else None)
    assert stopped == stops_after
    if stopped:
        assert control.detail == f"{monitor} reached {value:g} in epoch {stops_after}"


def test_the_first_to_stop_a_run_is_the_one_reported() -> None:
    control = Control(nn.Linear(1, 1), 1e-3)
    control.stop("early-stopping", "enough")
    control.stop("callback", "me too")
    assert (control.stopped, control.reason, control.detail) == (True, "early-stopping", "enough")


def test_a_persons_own_words_for_stopping_are_kept_as_the_detail() -> None:
    control = Control(nn.Linear(1, 1), 1e-3)
    control.stop("coffee", "is ready")
    assert (control.reason, control.detail) == ("callback", "coffee: is ready")


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Monitor("val_los"), "did you mean 'val_loss'"),
        (lambda: Monitor("val_loss", "down"), "'down'"),  # type: ignore[arg-type]
        (lambda: Monitor("learning_rate"), "set mode"),
        (lambda: ReduceOnPlateau(factor=1.0), "1.0"),
        (lambda: build_callback("early-stoping"), "did you mean 'early-stopping'"),
        (lambda: build_callback("stop-at", valu=1), "valu"),
        (lambda: validate_monitor("val_loss", ["loss", "accuracy"]), "loss, accuracy"),
    ],
)
def test_wrong_options_are_refused_with_a_hint(make: Any, text: str) -> None:
    with pytest.raises(UsageError, match=text):
        make()


def test_monitoring_validation_in_a_run_without_it_is_refused_at_the_start() -> None:
    callbacks = [CustomCallback(Watcher()), EarlyStopping("val_accuracy")]
    check_monitors(callbacks, validation=True)
    with pytest.raises(UsageError, match="val_accuracy"):
        check_monitors(callbacks, validation=False)
    check_monitors([EarlyStopping("accuracy")], validation=False)
