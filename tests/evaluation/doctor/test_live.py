"""The doctor beside a training: it speaks once, acts where it may, and survives a resume."""

from torch import nn

from hundred.evaluation.doctor.history import Context
from hundred.evaluation.doctor.live import LiveDoctor
from hundred.training.callbacks.base import Callback
from hundred.training.control import Control
from hundred.training.events import EpochEnded, Event, Finding, LearningRateCut
from tests.making.histories import Columns, curves

OVERFITTED = curves(30, overfit=1.5, rate="constant", tau=0.1)
CONTEXT = Context(optimizer="adam", classes=100, epochs=30)


def rows(columns: Columns) -> list[EpochEnded]:
    return [
        EpochEnded(int(epoch), accuracy, loss, val_accuracy, val_loss, rate, 1.0, 100.0)
        for epoch, accuracy, loss, val_accuracy, val_loss, rate in zip(*columns.values(), strict=True)
    ]


def follow(doctor: LiveDoctor, columns: Columns, control: Control, first: int = 0) -> list[Event]:
    events: list[Event] = []
    for row in rows(columns)[first:]:
        events.extend(doctor.after_epoch(row, control))
        if control.stopped:
            break
    return events


def control() -> Control:
    return Control(nn.Linear(1, 1), 1e-3)


def plateau(epochs: int = 30) -> Columns:
    columns = curves(epochs, tau=0.05, rate="constant", floor=2.6, val_floor=2.6)
    return {**columns, "learning_rate": [0.01] * epochs}


def test_it_is_a_callback_and_says_each_finding_once() -> None:
    doctor = LiveDoctor(CONTEXT)
    assert isinstance(doctor, Callback)
    events = follow(doctor, OVERFITTED, control())
    findings = [event for event in events if isinstance(event, Finding)]
    assert [event.name for event in findings].count("overfitting") == 1
    event = next(event for event in findings if event.name == "overfitting")
    assert 8 < event.epoch < 28
    assert event.confidence >= 0.7
    assert event.evidence
    assert event.advice[0].startswith("--set ")


def test_without_permission_it_does_nothing() -> None:
    untouched = control()
    follow(LiveDoctor(CONTEXT), OVERFITTED, untouched)
    assert not untouched.stopped
    assert untouched.learning_rate == 1e-3


def test_it_stops_an_overfitting_run_and_says_why() -> None:
    stopped = control()
    events = follow(LiveDoctor(CONTEXT, act=("stop",)), OVERFITTED, stopped)
    assert stopped.stopped
    assert stopped.reason == "callback"
    assert "overfitting since epoch" in stopped.detail
    assert isinstance(events[-1], Finding)


def test_it_cuts_the_learning_rate_on_a_plateau_once() -> None:
    cut = control()
    doctor = LiveDoctor(CONTEXT, act=("cut-learning-rate",), factor=0.5, confidence=0.6)
    events = follow(doctor, plateau(), cut)
    cuts = [event for event in events if isinstance(event, LearningRateCut)]
    assert len(cuts) == 1
    assert cuts[0].new == cut.learning_rate == 0.5e-3
    assert "plateau" in cuts[0].reason


def test_a_resumed_doctor_says_what_the_undisturbed_one_says() -> None:
    for cut in (3, 9, 12, 15, 20):
        whole, first, second = (LiveDoctor(CONTEXT, act=("stop",)) for _ in range(3))
        expected = follow(whole, OVERFITTED, control())
        before = follow(first, {k: v[:cut] for k, v in OVERFITTED.items()}, control())
        second.load_state_dict(first.state_dict())
        after = [] if len(before) == len(expected) else follow(second, OVERFITTED, control(), first=cut)
        assert [*before, *after] == expected


def test_a_sound_run_hears_nothing() -> None:
    for seed in range(5):
        assert follow(LiveDoctor(CONTEXT), curves(30, seed=seed), control()) == []
