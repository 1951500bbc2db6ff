"""Measuring what a step and a validation cost before the run, without changing it."""

import copy
import itertools
import time

import torch

from hundred.training.evaluate import evaluate
from hundred.training.trainer import Trainer

TIMED_STEPS = 3


def measure_step_time(trainer: Trainer) -> tuple[dict[int, float], float]:
    """Seconds of a training step for each image side of the plan, and seconds per image of evaluation.

    The first step at a size is left out, where an epoch has more: it sets up kernels and memory. Weights,
    optimizer and batch norms are restored afterwards, and the run's random numbers do not depend on this.
    """
    weights = copy.deepcopy(trainer.network.state_dict())
    average, trainer.average = trainer.average, None
    seconds = {size: _step_seconds(trainer, size) for size in trainer.plan.all_sizes()}
    # Nothing has been trained yet, so an optimizer without state is the optimizer before its first step.
    trainer.optimizer.state.clear()
    trainer.optimizer.zero_grad(set_to_none=True)
    trainer.network.load_state_dict(weights)
    trainer.average = average
    return seconds, _evaluation_seconds(trainer)


def _step_seconds(trainer: Trainer, size: int) -> float:
    trainer.network.train()
    times = [time.perf_counter()]
    # Epoch 0 is never trained, so its random numbers are free to use.
    for inputs, targets in trainer.batches.epoch(0, [size] * min(len(trainer.batches), 1 + TIMED_STEPS)):
        trainer.step(inputs, targets)
        _wait(trainer.device)
        times.append(time.perf_counter())
    if len(times) > 2:
        times = times[1:]
    # The fastest: on a shared machine another program's burst must not decide the length of the run.
    return min(after - before for before, after in itertools.pairwise(times))


def _evaluation_seconds(trainer: Trainer) -> float:
    split = trainer.batches.split
    few = split.take(torch.arange(min(len(split), 1000), device=split.images.device))
    begin = time.perf_counter()
    evaluate(trainer.network, few, trainer.batches.scaling, trainer.precision)
    return (time.perf_counter() - begin) / len(few)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
