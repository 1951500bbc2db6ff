"""Measuring steps before a run leaves no trace in it."""

from typing import Any

import pytest

from hundred.training.profiling import measure_step_time
from tests.training.tiny import network, rows, same, trainer, weights


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "muon"])
def test_a_rehearsed_run_is_the_same_run(optimizer: str) -> None:
    options = {
        "optimizer": optimizer,
        "dropout": 0.3,
        "augment": True,
        "ema": 0.9,
        "resolutions": ((0.5, 16), (1.0, 32)),
    }
    plain, rehearsed = trainer(**options), trainer(**options)
    measure_step_time(rehearsed)
    assert same(weights(rehearsed.network), weights(network(0, 0.3)))
    assert rows(list(rehearsed.run())) == rows(list(plain.run()))
    assert same(weights(rehearsed.network), weights(plain.network))


def test_every_image_side_of_the_plan_is_measured() -> None:
    seconds, per_image = measure_step_time(trainer(resolutions=((0.5, 16), (1.0, 32))))
    assert set(seconds) == {16, 32}
    assert all(value > 0 for value in seconds.values())
    assert per_image > 0


def test_an_epoch_of_a_single_step_can_be_measured_too() -> None:
    seconds, _ = measure_step_time(trainer(batch_size=64))
    assert set(seconds) == {0}
    assert seconds[0] > 0


def test_the_first_step_does_not_count_however_little_time_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now, takes = [100.0], iter([10.0, 1.0, 1.0, 1.0])
    trained = trainer(batch_size=8)
    step = trained.step

    def timed(*arguments: Any) -> Any:
        now[0] += next(takes)
        return step(*arguments)

    monkeypatch.setattr(trained, "step", timed)
    monkeypatch.setattr("hundred.training.profiling.time.perf_counter", lambda: now[0])
    seconds, _ = measure_step_time(trained, limit=0.5)
    assert seconds == {0: pytest.approx(1.0)}
