"""The learning-rate range test of Smith, "Cyclical learning rates for training neural networks" (WACV 2017,
section 3.3): training while the rate grows, to see from where the loss falls and where it breaks.

The rate grows exponentially from step to step, so that every order of magnitude gets as many.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from hundred.errors import UsageError
from hundred.training.optim.build import set_learning_rate
from hundred.training.trainer import Trainer

# The running mean that divergence is judged by forgets at this rate per step: single batches vary too much.
KEPT = 0.9
# Diverged: above the lowest by half as much again as the loss had fallen, and by no less than this (nats).
RISE, LEAST_RISE = 1.5, 1.0


@dataclass(frozen=True)
class LrRangeTest:
    """What the loss did while the rate grew.

    rates, losses: float64 [steps done], the base learning rate of each step and the mean loss of its batch
    before the step, as the recipe trains it (label smoothing and all); the last loss may be infinite.
    planned: steps that were to be done. stopped: `planned` (all done), `diverged`, `time` or `interrupted`.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    planned: int
    stopped: str


def run_lr_range_test(
    trainer: Trainer,
    lowest: float,
    highest: float,
    steps: int,
    *,
    size: int = 0,
    deadline: float | None = None,
    progress: Callable[[int, int, float, float], None] = lambda _step, _steps, _rate, _loss: None,
) -> LrRangeTest:
    """Take up to `steps` steps with `trainer` while its base rate grows from `lowest` to `highest`.

    All rates of the optimizer keep their ratios to the base rate. Batches, augmentation, loss, clipping and
    optimizer are the trainer's own; its schedule, callbacks and average of weights have no part. The network
    is not worth keeping afterwards.

    size: side of the images in pixels, 0 as stored. deadline: `time.monotonic()` at which to end.
    progress: called after each step with its number (from 1), the number of all, its rate and its loss.

    Raises UsageError for a range that makes no test.
    """
    _check(lowest, highest)
    rates = np.geomspace(lowest, highest, steps)
    losses: list[float] = []
    fall = _Fall()
    stopped = "planned"
    trainer.average = None
    trainer.set_training_mode()
    for rate, (inputs, targets) in zip(rates, _batches(trainer, size), strict=False):
        set_learning_rate(trainer.optimizer, rate / trainer.learning_rate)
        losses.append(trainer.step(inputs, targets)[0].item())
        progress(len(losses), steps, float(rate), losses[-1])
        if fall.is_over(losses[-1]):
            stopped = "diverged"
        elif trainer.interrupted():
            stopped = "interrupted"
        elif deadline is not None and time.monotonic() > deadline and len(losses) < steps:
            stopped = "time"
        if stopped != "planned":
            break
    return LrRangeTest(rates[: len(losses)], np.array(losses), steps, stopped)


class _Fall:
    """A running mean of the loss that knows when it has left its lowest point for good."""

    def __init__(self) -> None:
        self._sum, self._weight = 0.0, 0.0
        self._first, self._lowest = math.nan, math.inf

    def is_over(self, loss: float) -> bool:
        """Take in the loss of another step; whether it has diverged."""
        if not math.isfinite(loss):
            return True
        self._sum = KEPT * self._sum + (1 - KEPT) * loss
        self._weight = KEPT * self._weight + (1 - KEPT)
        mean = self._sum / self._weight
        if math.isnan(self._first):
            self._first = mean
        self._lowest = min(self._lowest, mean)
        return mean - self._lowest > max(RISE * (self._first - self._lowest), LEAST_RISE)


def _batches(trainer: Trainer, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Epoch after epoch of training batches, all of the same image side."""
    for epoch in itertools.count(1):
        yield from trainer.batches.epoch(epoch, [size] * len(trainer.batches))


def _check(lowest: float, highest: float) -> None:
    if not (0.0 < lowest < highest and math.isfinite(highest)):
        raise UsageError(
            f"a range test from {lowest:g} to {highest:g}: both are rates above 0, the second the larger one"
        )
