"""Averages of a network's weights, which often test better than the latest weights.

Polyak & Juditsky (1992) for the averaging; exponential with a decay per step, as is usual in vision, or equal
weights of the ends of epochs (SWA: Izmailov et al. 2018).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from hundred.errors import UsageError


class WeightAverage:
    """An average of all parameters and of the batch norms' moving statistics, beside `network`.

    The moving mean and variance are averaged like weights: the latest ones belong to the latest weights, and
    the average of those seen along the way is nearer to what the averaged weights produce. Integer buffers
    (batch counters) stay the network's own. So do frozen parameters, which have nothing to average.

    Make it once the network is on its device and in its memory format: it keeps references to the tensors.
    """

    def __init__(self, network: nn.Module) -> None:
        """The average of nothing yet is the weights themselves."""
        self._live = _averaged_tensors(network)
        self._average = {name: value.detach().clone() for name, value in self._live.items()}
        self._swapped = False

    def update(self, step: int) -> None:
        """Called after each step, with its number counted from 1 over the whole run."""

    def end_epoch(self, progress: float) -> None:
        """Called after each epoch, with the fraction of the run that is done."""

    @contextmanager
    def swap(self) -> Iterator[None]:
        """Inside, the network has the averaged weights; afterwards its own again, bit for bit.

        The tensors stay where they are in memory. Not to be nested, and `update` has no place inside.
        """
        if self._swapped:
            raise RuntimeError("the averaged weights are in the network already")
        own = {name: value.detach().clone() for name, value in self._live.items()}
        self.apply()
        self._swapped = True
        try:
            yield
        finally:
            self._swapped = False
            self._write(own)

    def apply(self) -> None:
        """Give the network the averaged weights for good."""
        self._write(self._average)

    def state_dict(self) -> dict[str, Any]:
        """The average, by the names that the network's own state_dict has."""
        return {"average": dict(self._average)}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`. Raises ValueError where it is of another network."""
        average = state["average"]
        if average.keys() != self._average.keys():
            raise ValueError("this weight average belongs to another network")
        for name, value in average.items():
            self._average[name].copy_(value)

    @torch.no_grad()
    def _write(self, values: dict[str, Tensor]) -> None:
        torch._foreach_copy_(list(self._live.values()), list(values.values()))


class Ema(WeightAverage):
    """average <- d average + (1 - d) value, with d = `decay` per step (0.999: the last 1,000 steps or so).

    decay: per step, from 0 to below 1, whatever `every` is.
    every: update only at each so many steps, with decay ** every: nearly the same average for less work.
    warmup: let d be at most (1 + t) / (10 + t) at step t, so that a short run's average does not
        keep its random start (the form of TensorFlow's ExponentialMovingAverage).
    """

    def __init__(
        self, network: nn.Module, decay: float = 0.999, *, every: int = 1, warmup: bool = False
    ) -> None:
        """Raises UsageError for a decay outside 0 to 1 or `every` below 1."""
        if not 0.0 <= decay < 1.0:
            raise UsageError(f"the decay of the weight average is {decay}; it must be from 0 to below 1")
        if every < 1:
            raise UsageError(f"the weight average is updated every {every} steps; it must be 1 or more")
        super().__init__(network)
        self.decay = decay
        self.every = every
        self.warmup = warmup

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update with the weights after step number `step`, counted from 1 over the whole run."""
        if step % self.every:
            return
        decay = self.decay
        if self.warmup:
            decay = min(decay, (1 + step) / (10 + step))
        averages, values = list(self._average.values()), list(self._live.values())
        torch._foreach_lerp_(averages, values, 1.0 - decay**self.every)


class Swa(WeightAverage):
    """Stochastic weight averaging: the mean of the weights at the end of each epoch from `start` on.

    start: fraction of the run. Until then the average is the weights themselves.
    """

    def __init__(self, network: nn.Module, start: float) -> None:
        """Nothing has been averaged."""
        super().__init__(network)
        self.start = start
        self._count = 0

    @torch.no_grad()
    def end_epoch(self, progress: float) -> None:
        """Add the weights to the average, where `start` is reached."""
        if progress < self.start:
            return
        self._count += 1
        averages, values = list(self._average.values()), list(self._live.values())
        torch._foreach_lerp_(averages, values, 1.0 / self._count)

    def apply(self) -> None:
        """Give the network the averaged weights for good, if there are any."""
        if self._count:
            super().apply()

    def state_dict(self) -> dict[str, Any]:
        """The average and the number of epochs in it."""
        return {**super().state_dict(), "count": self._count}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict()`."""
        super().load_state_dict(state)
        self._count = state["count"]


def _averaged_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Trainable parameters and floating-point buffers by name; the network's own tensors, not copies."""
    named: dict[str, Tensor] = {name: p.data for name, p in network.named_parameters() if p.requires_grad}
    named |= {name: b for name, b in network.named_buffers() if b.is_floating_point()}
    return named
