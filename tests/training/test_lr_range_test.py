"""The range test: rates grow exponentially on the trainer's own steps, and it ends where the loss breaks."""

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from hundred.errors import UsageError
from hundred.training.lr_range_test import run_lr_range_test
from tests.training.tiny import network, trainer


def test_each_step_multiplies_the_rate_by_the_same_factor_and_all_groups_keep_their_ratios() -> None:
    one = trainer(optimizer="muon", learning_rate=0.05, momentum=0.6)
    ratios = [group["lr"] / 0.05 for group in one.optimizer.param_groups]
    seen: list[list[float]] = []
    test = run_lr_range_test(
        one, 1e-5, 1e-2, 31, progress=lambda *_: seen.append([g["lr"] for g in one.optimizer.param_groups])
    )
    assert test.stopped == "planned"
    assert len(test.rates) == len(test.losses) == test.planned == 31
    factors = [after / before for before, after in pairwise(test.rates)]
    assert factors == pytest.approx([10 ** (3 / 30)] * 30)
    for rate, rates in zip(test.rates, seen, strict=True):
        assert [each / rate for each in rates] == pytest.approx(ratios)


def test_losses_are_those_of_the_trainers_own_steps() -> None:
    one, other = (trainer(net=network(1), optimizer="sgd", images=38, batch_size=8) for _ in range(2))
    test = run_lr_range_test(one, 1e-12, 2e-12, 20, size=16)
    # At next to no rate the weights stay, and each loss is that of the same batch in the first network.
    batches = [
        batch for epoch in range(1, 5) for batch in other.batches.epoch(epoch, [16] * len(other.batches))
    ]
    with torch.no_grad():
        expected = [float(nn.functional.cross_entropy(other.network(x), y)) for x, y in batches[:20]]
    assert test.losses.tolist() == pytest.approx(expected, rel=1e-5)


def test_it_ends_where_the_loss_has_risen_for_good() -> None:
    test = run_lr_range_test(trainer(optimizer="sgd", momentum=0.0), 1e-3, 1e6, 400)
    assert test.stopped == "diverged"
    assert len(test.losses) < 400
    smooth = np.convolve(test.losses, np.full(5, 0.2), "valid")
    assert not np.isfinite(smooth[-1]) or smooth[-1] > smooth.min() + 0.5


def test_a_loss_that_is_no_number_ends_it() -> None:
    class Breaks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.calls = network(), 0

        def forward(self, x: Any) -> Any:
            self.calls += 1
            return self.inner(x) * (float("nan") if self.calls == 7 else 1.0)

    test = run_lr_range_test(trainer(net=Breaks()), 1e-5, 1e-4, 40)
    assert (test.stopped, len(test.losses)) == ("diverged", 7)


def test_it_ends_at_the_deadline_and_when_it_is_interrupted() -> None:
    assert run_lr_range_test(trainer(), 1e-5, 1.0, 50, deadline=time.monotonic() - 1).stopped == "time"
    asked = iter([False, False, True])
    test = run_lr_range_test(trainer(interrupted=lambda: next(asked)), 1e-5, 1.0, 50)
    assert (test.stopped, len(test.rates)) == ("interrupted", 3)


@pytest.mark.parametrize(
    ("lowest", "highest", "steps", "message"),
    [
        (1e-3, 1e-3, 100, "from 0.001 to 0.001"),
        (0.0, 1.0, 100, "from 0 to 1"),
        (1.0, float("inf"), 100, "to inf"),
    ],
)
def test_a_range_that_makes_no_test_is_refused(
    lowest: float, highest: float, steps: int, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run_lr_range_test(trainer(), lowest, highest, steps)
