"""The training step as CUDA graphs: recorded once for each shape of batch, then replayed without Python.

A replay launches the kernels that were recorded, on the memory that they were recorded with: batches are
copied into buffers that stay where they are, the learning rate is a number on the device, and nothing is
allocated or read back. https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs

Used by `python -m benchmarks.gpu`; `hundred train` steps eagerly, as no GPU has measured this yet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hundred.errors import UsageError
from hundred.training.features import CachedFeatures
from hundred.training.optim.muon import Muon
from hundred.training.trainer import Trainer

# Steps of each shape done eagerly before its graph is recorded: they set up libraries and optimizer state.
WARMUP = 3

# Records work once: what replays it, and its results, which each replay writes anew.
Work = Callable[[], tuple[Tensor, Tensor]]
Capture = Callable[[Work], tuple[Callable[[], None], tuple[Tensor, Tensor]]]


def cuda_capture() -> Capture:
    """Captures into CUDA graphs that share one pool of memory: no two of them run at the same time."""
    pool = torch.cuda.graph_pool_handle()

    def capture(work: Work) -> tuple[Callable[[], None], tuple[Tensor, Tensor]]:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            results = work()
        return graph.replay, results

    return capture


@dataclass
class _Graph:
    """A recorded step and the buffers that it reads and writes."""

    inputs: Tensor
    targets: Tensor
    replay: Callable[[], None]
    results: tuple[Tensor, Tensor]
    gradients: list[Tensor | None]


class GraphedSteps:
    """Takes the place of `trainer.step`: `trainer.step = GraphedSteps(trainer, cuda_capture()).step`.

    The first `WARMUP` steps of a shape are eager ones; the weights after any number of steps are those that
    the eager step gives. With Muon the whole step is in the graph, with another optimizer all but its own.
    """

    def __init__(self, trainer: Trainer, capture: Capture) -> None:
        """Raises UsageError where the step does more than a graph can hold."""
        if trainer.average is not None or trainer.features is not None or trainer.frozen is not None:
            raise UsageError("a captured step holds no average of weights and no frozen layers")
        self.trainer, self.capture = trainer, capture
        self.eager = trainer.step
        self.whole = isinstance(trainer.optimizer, Muon)
        if self.whole:
            for group in trainer.optimizer.param_groups:
                group["lr"] = torch.full((), float(group["lr"]), device=trainer.device)
        self._done: dict[Any, int] = {}
        self._graphs: dict[Any, _Graph] = {}

    def step(
        self, inputs: Tensor, targets: Tensor, cached: CachedFeatures | None = None
    ) -> tuple[Tensor, Tensor]:
        """One optimizer step; loss [] and hits [], which the next step of this shape writes over."""
        momenta = tuple(group.get("momentum") for group in self.trainer.optimizer.param_groups)
        key = (inputs.shape, inputs.dtype, targets.shape, targets.dtype, momenta)
        graph = self._graphs.get(key)
        if graph is None:
            if self._done.setdefault(key, 0) < WARMUP:
                self._done[key] += 1
                return self._warm_up(inputs, targets)
            graph = self._graphs[key] = self._record(inputs, targets)
        graph.inputs.copy_(inputs)
        graph.targets.copy_(targets)
        graph.replay()
        for parameter, gradient in zip(self.trainer.network.parameters(), graph.gradients, strict=True):
            parameter.grad = gradient
        if not self.whole:
            self.trainer.optimizer.step()
        return graph.results

    def _warm_up(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """An eager step; on a GPU on a stream of its own, as a later capture needs it."""
        if inputs.device.type != "cuda":
            return self.eager(inputs, targets)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            results = self.eager(inputs, targets)
        torch.cuda.current_stream().wait_stream(stream)
        return results

    def _record(self, inputs: Tensor, targets: Tensor) -> _Graph:
        still = (inputs.clone(memory_format=torch.preserve_format), targets.clone())
        self.trainer.optimizer.zero_grad(set_to_none=True)
        replay, results = self.capture(lambda: self._work(*still))
        gradients = [parameter.grad for parameter in self.trainer.network.parameters()]
        return _Graph(*still, replay, results, gradients)

    def _work(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if self.whole:
            loss, correct = self.eager(inputs, targets)
        else:
            loss, correct = self.trainer.backward(inputs, targets)
        return loss.detach(), correct
