"""A user's own callbacks: a part of the interface is enough, and mistakes are named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from hundred.errors import HundredError, UsageError
from hundred.training.callbacks.custom import CustomCallback, load_custom
from hundred.training.callbacks.registry import build_callback
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, Stopped, Warned, notify

ROW = EpochEnded(1, 0.5, 1.0, None, None, 0.1, 1.0, 100.0)


def control() -> Control:
    return Control(nn.Linear(1, 1), 0.1)


class OnlyListens:
    def __init__(self) -> None:
        self.heard: list[Event] = []

    def on_epoch_ended(self, event: EpochEnded) -> None:
        self.heard.append(event)


def test_a_listener_is_a_callback_that_hears_its_events_and_does_nothing() -> None:
    target = OnlyListens()
    callback = CustomCallback(target)
    notify([callback], ROW)
    notify([callback], Stopped(1, "epochs"))
    assert target.heard == [ROW]
    assert list(callback.after_epoch(ROW, control())) == []
    assert callback.state_dict() == {}
    callback.load_state_dict({})


def test_it_acts_through_control_and_may_return_events_or_be_a_generator() -> None:
    class Halve:
        def after_epoch(self, row: EpochEnded, control: Control) -> Iterator[Event]:
            control.learning_rate /= 2
            yield Warned("halved")

    handle = control()
    assert list(CustomCallback(Halve()).after_epoch(ROW, handle)) == [Warned("halved")]
    assert handle.learning_rate == 0.05


def test_its_own_failure_is_told_with_its_name() -> None:
    class Broken:
        def after_epoch(self, row: EpochEnded, control: Control) -> None:
            raise KeyError("recall")

    with pytest.raises(HundredError, match="Broken failed in after_epoch: KeyError: 'recall'"):
        CustomCallback(Broken()).after_epoch(ROW, control())


def test_what_it_returns_must_be_events() -> None:
    class Chatty:
        def at_end(self, control: Control) -> list[str]:
            return ["bye"]

    with pytest.raises(HundredError, match="'bye'"):
        CustomCallback(Chatty()).at_end(control())


@pytest.mark.parametrize("target", [object(), 3, "early-stopping"])
def test_an_object_without_any_of_the_methods_is_refused(target: object) -> None:
    with pytest.raises(UsageError, match="cannot be a callback"):
        CustomCallback(target)


def test_half_a_state_is_refused() -> None:
    class Half(OnlyListens):
        def state_dict(self) -> dict[str, Any]:
            return {}

    with pytest.raises(UsageError, match="both"):
        CustomCallback(Half())


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    text = "class Watch:\n    def __init__(self, every=1):\n        self.every = int(every)\n"
    text += "    def on_stopped(self, event):\n        pass\n"
    (tmp_path / "own_callbacks_for_a_test.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    return "own_callbacks_for_a_test"


def test_a_class_in_the_current_folder_is_found_by_name(own_module: str) -> None:
    callback = build_callback(f"{own_module}:Watch", every=3)
    assert isinstance(callback, CustomCallback)
    assert callback.target.every == 3  # type: ignore[attr-defined]
    assert callback.name == "Watch"


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("{}", {}, "package.module:Class"),
        ("{}:Wach", {}, "did you mean 'Watch'"),
        ("no_such_module_here:Watch", {}, "no_such_module_here"),
        ("{}:Watch", {"evry": 1}, "evry"),
        ("{}:Watch", {"every": "often"}, "often"),
    ],
)
def test_names_and_options_that_lead_nowhere_are_told(
    own_module: str, name: str, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(UsageError, match=text):
        load_custom(name.format(own_module), **options)
