"""Measuring what a step and a validation cost before the run, without changing it."""

import copy
import itertools
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from hundred.training.epoch_plan import STORED_SIDE
from hundred.training.evaluate import evaluate
from hundred.training.trainer import Trainer

TIMED_STEPS = 3
PREDICTED_IMAGES = 64  # enough for the processor to be as busy as with all of them


def measure_step_time(trainer: Trainer, limit: float = math.inf) -> tuple[dict[int, float], float]:
    """Seconds of a training step for each image side of the plan, and seconds per image of evaluation.

    The first step at a size is left out, where there are more: it sets up kernels and memory. Weights,
    optimizer and batch norms are restored afterwards, and the run's random numbers do not depend on this.

    limit: seconds that measuring should take. It always takes two steps at the smallest side; what there is
    no time for is estimated from that, by the number of pixels.
    """
    end = time.perf_counter() + limit
    seconds: dict[int, float] = {}
    sizes = trainer.plan.all_sizes()
    with _before_training(trainer):
        for number, size in enumerate(sizes):
            now = time.perf_counter()
            estimate = _estimate(seconds, size)
            if estimate is not None and now + 2 * estimate > end:
                seconds[size] = estimate
            else:
                # The last share is for evaluation.
                seconds[size] = _step_seconds(trainer, size, now + (end - now) / (len(sizes) - number + 1))
    return seconds, _evaluation_seconds(trainer, seconds[sizes[-1]], end - time.perf_counter())


def measure_head_step(trainer: Trainer) -> float:
    """Seconds of a step that trains the last layer on the features of `trainer`, which is left as it was.

    The features need not be computed yet.
    """
    features = trainer.features
    assert features is not None  # noqa: S101 - by the caller
    with _before_training(trainer):
        trainer.set_training_mode(0.0)
        times = [time.perf_counter()]
        inputs, targets = features.example(trainer.batches.batch_size)
        for _ in range(1 + TIMED_STEPS):
            trainer.step(inputs, targets, features)
            _wait(trainer.device)
            times.append(time.perf_counter())
    return min(after - before for before, after in itertools.pairwise(times))


def measure_prediction(trainer: Trainer, precision: torch.dtype | None = None) -> float:
    """Seconds per image of predicting with the network of `trainer`, from a few training images.

    precision: in which it predicts; None is that of the training.
    """
    split = trainer.batches.split
    few = split.take(torch.arange(min(len(split), PREDICTED_IMAGES), device=split.images.device))
    times = [time.perf_counter()]
    for _ in range(2):  # the first sets up kernels and memory
        evaluate(trainer.network, few, trainer.batches.scaling, precision or trainer.precision)
        _wait(trainer.device)
        times.append(time.perf_counter())
    return min(after - before for before, after in itertools.pairwise(times)) / len(few)


@contextmanager
def _before_training(trainer: Trainer) -> Iterator[None]:
    """Steps taken within leave the network and the optimizer of `trainer` as they were before any."""
    weights = copy.deepcopy(trainer.network.state_dict())
    average, trainer.average = trainer.average, None
    yield
    # Nothing has been trained yet, so an optimizer without state is the optimizer before its first step.
    trainer.optimizer.state.clear()
    trainer.optimizer.zero_grad(set_to_none=True)
    trainer.network.load_state_dict(weights)
    trainer.average = average


def _estimate(seconds: dict[int, float], size: int) -> float | None:
    """Seconds of a step at image side `size`, from those at a smaller one; None where there is none."""
    if not seconds:
        return None
    known = max(seconds)
    return seconds[known] * ((size or STORED_SIDE) / (known or STORED_SIDE)) ** 2


def _step_seconds(trainer: Trainer, size: int, end: float) -> float:
    trainer.set_training_mode(1.0)  # what costs most: no layer that trains at some time is frozen
    times = [time.perf_counter()]
    # Epoch 0 is never trained, so its random numbers are free to use.
    for inputs, targets in trainer.batches.epoch(0, [size] * min(len(trainer.batches), 1 + TIMED_STEPS)):
        trainer.step(inputs, targets)
        _wait(trainer.device)
        times.append(time.perf_counter())
        # The second as well, whatever it takes: the first sets up kernels and memory, and may take ten times
        # as long.
        if len(times) > 2 and times[-1] + (times[-1] - times[-2]) > end:
            break
    if len(times) > 2:
        times = times[1:]
    # The fastest: on a shared machine another program's burst must not decide the length of the run.
    return min(after - before for before, after in itertools.pairwise(times))


def _evaluation_seconds(trainer: Trainer, step_seconds: float, limit: float) -> float:
    """Per image. Without time, a third of a training step's: it has no backward pass."""
    split = trainer.batches.split
    step_images = min(trainer.batches.batch_size, len(split))
    per_image = step_seconds / 3 / step_images
    if 1000 * per_image > limit:
        return per_image
    few = split.take(torch.arange(min(len(split), 1000), device=split.images.device))
    begin = time.perf_counter()
    evaluate(trainer.network, few, trainer.batches.scaling, trainer.precision)
    return (time.perf_counter() - begin) / len(few)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
