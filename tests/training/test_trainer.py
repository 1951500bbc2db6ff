"""The fit loop: the same draws give the same run, a resumed run is the undisturbed one; every way to end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hundred.data.normalize import zero_to_one
from hundred.training.callbacks.best_weights import BestWeights
from hundred.training.callbacks.early_stopping import EarlyStopping
from hundred.training.callbacks.plateau import ReduceOnPlateau
from hundred.training.callbacks.stop_at import StopAt
from hundred.training.evaluate import all_finite, evaluate
from hundred.training.events import EpochEnded, RunStarted, StepsDone, WeightsRestored
from hundred.training.optim.schedules import Schedule
from hundred.training.strategies.threads import ThreadedStrategy
from hundred.training.trainer import Trainer
from tests.training.tiny import network, noise, rows, same, stopped, through_a_file, trainer, weights


def everything() -> dict[str, Any]:
    return {
        "dropout": 0.3,
        "augment": True,
        "mixup": True,
        "ema": 0.9,
        "learning_rate": 0.03,
        "callbacks": [
            ReduceOnPlateau("val_loss", patience=1, factor=0.5),
            EarlyStopping("val_loss", patience=4, restore_best_weights=True),
            BestWeights("val_accuracy"),
        ],
    }


KINDS: dict[str, Callable[[], dict[str, Any]]] = {
    "everything at once": everything,
    "muon": lambda: {"optimizer": "muon", "learning_rate": 0.05, "momentum": 0.6},
    "one cycle": lambda: {"optimizer": "sgd", "learning_rate": 0.1, "schedule": Schedule("one-cycle")},
    "growing images": lambda: {
        "optimizer": "adamw",
        "resolutions": ((0.4, 16), (1.0, 32)),
        "schedule": Schedule("cosine", warmup=0.2),
    },
    "half an epoch at the end": lambda: {
        "epochs": 4.5,
        "schedule": Schedule("linear", warmup=0.2),
        "resolutions": ((0.4, 16), (1.0, 32)),
        "ema": 0.8,
    },
    "seldom validated": lambda: {"validate_every": 3, "ema": 0.8},
    "in parts": lambda: {"strategy": ThreadedStrategy(2), "optimizer": "sgd", "learning_rate": 0.1},
    "in parts, with everything": lambda: {**everything(), "strategy": ThreadedStrategy(2)},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_run_to_the_last_bit(kind: str) -> None:
    first, second = trainer(**KINDS[kind]()), trainer(**KINDS[kind]())
    assert rows(list(first.run())) == rows(list(second.run()))
    assert same(weights(first.network), weights(second.network))


def test_another_seed_gives_another_run() -> None:
    net = network(0)
    first = trainer(net=net, dropout=0.0, seed=1)
    second = trainer(net=network(0), seed=2)
    assert rows(list(first.run())) != rows(list(second.run()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_resumed_after_any_epoch_is_the_undisturbed_one(kind: str, tmp_path: Path) -> None:
    whole = trainer(**{"epochs": 6, **KINDS[kind]()})
    expected, end = rows(events := list(whole.run())), stopped(events)
    for cut in range(1, len(expected) + 1):
        before = trainer(**{"epochs": 6, **KINDS[kind]()})
        kept: list[int] = []

        def save_checkpoint(
            epoch: int, _state: object, _last: bool, cut: int = cut, kept: list[int] = kept
        ) -> None:
            kept.append(epoch)
            if epoch == cut:
                raise KeyboardInterrupt  # as abrupt as it gets inside one process

        before.save_checkpoint = save_checkpoint
        with pytest.raises(KeyboardInterrupt):
            list(before.run())
        after = trainer(**{"epochs": 6, **KINDS[kind]()})
        through_a_file(before, after, tmp_path / "checkpoint.pt")
        rest = list(after.run())
        assert rows(rest) == expected[cut:]
        assert stopped(rest) == end
        assert same(weights(after.network), weights(whole.network))
        assert [row["epoch"] for row in after.history] == [row[0] for row in expected]


def test_a_fraction_of_an_epoch_ends_within_it_with_the_schedule_at_its_end() -> None:
    half = trainer(epochs=2.4, schedule=Schedule("linear"), validate_every=0)  # 2.4 times 5 steps of 8 images
    events = list(half.run())
    ended = [event for event in events if isinstance(event, EpochEnded)]
    assert [row.images for row in ended] == [38, 38, 16]
    assert [row.val_loss is not None for row in ended] == [False, False, True]
    assert ended[-1].learning_rate == pytest.approx(0.01 * (1 - 11 / 12))
    assert [event.epochs for event in events if isinstance(event, RunStarted)] == [2.4]
    assert stopped(events).epoch == 2.4
    # Up to its end it is the run of whole epochs.
    whole = trainer(epochs=3, schedule=Schedule("constant"), validate_every=0)
    same_rate = trainer(epochs=2.4, schedule=Schedule("constant"), validate_every=0)
    assert rows(list(same_rate.run()))[:2] == rows(list(whole.run()))[:2]


def test_the_state_is_kept_after_every_epoch_and_the_last_is_marked() -> None:
    seen: list[tuple[int, bool]] = []
    one = trainer(epochs=3)
    one.save_checkpoint = lambda epoch, _state, last: seen.append((epoch, last))
    list(one.run())
    assert seen == [(1, False), (2, False), (3, True)]


def test_an_early_stop_marks_its_epoch_as_the_last() -> None:
    seen: list[tuple[int, bool]] = []
    one = trainer(epochs=5, callbacks=[StopAt("loss", 1e9)])
    one.save_checkpoint = lambda epoch, _state, last: seen.append((epoch, last))
    assert stopped(list(one.run())).reason == "callback"
    assert seen == [(1, True)]


def test_loss_and_accuracy_of_a_row_are_means_over_images_not_over_batches() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 5))
    split = noise(38)
    with torch.no_grad():
        logits = net(zero_to_one()(split.images))
    one = trainer(net=net, optimizer="sgd", learning_rate=1e-12, epochs=1, batch_size=12)
    row = next(event for event in one.run() if isinstance(event, EpochEnded))
    assert row.loss == pytest.approx(float(F.cross_entropy(logits, split.fine)), rel=1e-5)
    assert row.accuracy == pytest.approx(float((logits.argmax(1) == split.fine).float().mean()))


def test_measuring_is_done_in_evaluation_mode_and_over_all_images() -> None:
    net, split = network(3, dropout=0.5), noise(23)
    net.train()
    accuracy, loss = evaluate(net, split, zero_to_one(), torch.float32, batch_size=10)
    with torch.no_grad():
        logits = net.eval()(zero_to_one()(split.images))
    assert loss == pytest.approx(float(F.cross_entropy(logits, split.fine)), rel=1e-5)
    assert accuracy == pytest.approx(float((logits.argmax(1) == split.fine).float().mean()))


def test_without_validation_the_rows_say_so() -> None:
    assert [row[3:5] for row in rows(list(trainer(validation=False).run()))] == [(None, None)] * 4


@pytest.mark.parametrize(("every", "validated"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (0, [5])])
def test_validation_comes_as_often_as_asked_and_always_at_the_end(every: int, validated: list[int]) -> None:
    found = rows(list(trainer(epochs=5, validate_every=every).run()))
    assert [row[0] for row in found if row[3] is not None] == validated


def test_an_average_of_weights_is_what_is_validated_and_what_remains() -> None:
    one = trainer(ema=0.99, epochs=3)
    last = rows(list(one.run()))[-1]
    assert one.validation is not None
    assert evaluate(one.network, one.validation, zero_to_one(), torch.float32) == (last[3], last[4])


def test_a_callback_that_cuts_the_rate_changes_the_next_epoch() -> None:
    class Halve:
        def after_epoch(self, row: EpochEnded, control: Any) -> list[Any]:
            control.learning_rate /= 2
            return []

        def at_end(self, control: Any) -> list[Any]:
            return []

        def state_dict(self) -> dict[str, Any]:
            return {}

        def load_state_dict(self, state: dict[str, Any]) -> None: ...

    one = trainer(callbacks=[Halve()], learning_rate=0.08)
    assert [row[5] for row in rows(list(one.run()))] == [0.08, 0.04, 0.02, 0.01]
    assert one.optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_the_rate_of_a_row_is_that_of_its_last_step() -> None:
    one = trainer(epochs=2, schedule=Schedule("linear"), learning_rate=1.0, optimizer="sgd")
    steps = one.plan.steps_per_epoch
    expected = [1 - (steps - 1) / (2 * steps), 1 - (2 * steps - 1) / (2 * steps)]
    assert [row[5] for row in rows(list(one.run()))] == pytest.approx(expected)


def test_an_interruption_ends_after_the_step_and_keeps_the_epochs() -> None:
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return steps == 7

    one = trainer(interrupted=count)
    events = list(one.run())
    assert steps == 7
    assert stopped(events).reason == "interrupted"
    assert stopped(events).epoch == len(rows(events)) == 1
    assert "epoch 2, after step 2 of 5" in stopped(events).detail


def spoiled(one: Trainer, at: int, spoil: Callable[[Tensor], Tensor]) -> Trainer:
    """`one` with its loss or weights spoiled in step `at` (from 1)."""
    real, count = one.step, 0

    def step(*batch: Any) -> tuple[Tensor, Tensor]:
        nonlocal count
        count += 1
        loss, correct = real(*batch)
        return (spoil(loss) if count == at else loss), correct

    one.step = step  # type: ignore[method-assign]
    return one


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_loss_that_is_not_finite_ends_the_run_with_the_last_good_weights(ema: float) -> None:
    good = trainer(epochs=2, ema=ema)
    list(good.run())
    one = trainer(epochs=4, ema=ema)
    poison(one, at=12)
    events = list(one.run())
    end = stopped(events)
    assert (end.reason, end.epoch) == ("not-finite", 2)
    assert "in epoch 3" in end.detail
    assert "learning rate below 0.01" in end.detail
    assert any(isinstance(event, WeightsRestored) and event.epoch == 2 for event in events)
    assert same(weights(one.network), weights(good.network))


def test_callbacks_that_go_back_to_the_same_epoch_say_so_once() -> None:
    same_epoch = [EarlyStopping("loss", restore_best_weights=True), BestWeights("loss")]
    seen = [e for e in trainer(epochs=3, callbacks=same_epoch).run() if isinstance(e, WeightsRestored)]
    assert len(seen) == 1
    least, most = BestWeights("loss"), BestWeights("loss", mode="max")
    seen = [e for e in trainer(epochs=3, callbacks=[least, most]).run() if isinstance(e, WeightsRestored)]
    assert len({event.epoch for event in seen}) == len(seen) == 2


def poison(one: Trainer, at: int) -> None:
    """Let step `at` set a weight to NaN."""

    def spoil(loss: Tensor) -> Tensor:
        with torch.no_grad():
            next(one.network.parameters()).view(-1)[0] = float("nan")
        return loss

    spoiled(one, at, spoil)


@pytest.mark.parametrize("validation", [True, False])
def test_weights_spoiled_by_the_last_step_of_an_epoch_do_not_count_as_good(validation: bool) -> None:
    one = trainer(epochs=3, validation=validation)
    poison(one, at=3 * 5)
    events = list(one.run())
    assert stopped(events).reason == "not-finite"
    assert stopped(events).epoch == len(rows(events)) == 2
    assert all_finite(one.network)


def test_a_loss_that_is_infinite_counts_as_not_finite() -> None:
    one = spoiled(trainer(), 3, lambda loss: loss * float("inf"))
    assert "the loss became inf in step 3" in stopped(list(one.run())).detail


def test_a_deadline_ends_an_epoch_where_it_is_and_the_run_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    one = trainer(epochs=10)
    one.plan.deadline = 8.5
    monkeypatch.setattr("hundred.training.epoch_plan.time.monotonic", clock)
    events = list(one.run())
    assert stopped(events).reason == "epochs"
    assert stopped(events).epoch == len(rows(events)) < 10
    assert rows(events)[-1][3] is not None


def test_the_run_announces_itself_and_tells_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.training.trainer.SECONDS_BETWEEN_REPORTS", -1.0)
    events = list(trainer(epochs=2).run())
    assert events[0] == RunStarted("network", 0, 2, 5, 38, "cpu", 1)
    seen = [event for event in events if isinstance(event, StepsDone)]
    assert [event.step for event in seen] == [1, 2, 3, 4, 5] * 2
    assert seen[-1].seconds_left == 0.0
    assert all(event.loss is not None for event in seen)


def test_gradients_are_clipped_to_the_given_norm() -> None:
    one = trainer(gradient_clip=1e-3, optimizer="sgd", momentum=0.0, learning_rate=1.0)
    before = weights(one.network)
    inputs, targets = next(one.batches.epoch(1, [0]))
    one.network.train()
    one.step(inputs, targets)
    moved = [(value.detach() - before[name]).norm() for name, value in one.network.named_parameters()]
    assert float(torch.stack(moved).norm()) == pytest.approx(1e-3, rel=1e-3)
