"""The interface between the fit loop and whatever computes a step: one process, its threads, or several."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from torch import Tensor, nn

from hundred.data.dataset import Split
from hundred.training.metrics import RunningMetrics

# (network, inputs, targets, weight) -> (mean loss [], hits []); adds the gradient of weight * loss to the
# network's.
ForwardBackward = Callable[[nn.Module, Tensor, Tensor, float], tuple[Tensor, Tensor]]


class Strategy(Protocol):
    """How a batch is divided, and what processes exchange.

    All processes call each method at the same points, in the same order.

    rank: of this process, from 0. size: number of processes.
    micro_batches: into how many parts this process divides a batch; kept in checkpoints.
    warning: Warning to emit once; empty if none.
    """

    rank: int
    size: int
    micro_batches: int
    warning: str

    def backward(
        self, network: nn.Module, forward_backward: ForwardBackward, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Leave the gradient of the batch's mean loss in `network`; return that loss [] and the hits []."""
        ...

    def any_rank(self, *flags: bool) -> tuple[bool, ...]:
        """For each flag, whether any process has set it."""
        ...

    def shard(self, split: Split) -> Split:
        """The images of `split` that this process evaluates."""
        ...

    def all_reduce(self, metrics: RunningMetrics) -> None:
        """Make `metrics` those of all processes' images."""
        ...

    def sync_from_rank0(self, network: nn.Module, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give `network` the weights of process 0; return the `state` of process 0."""
        ...


class OneProcess:
    """The exchanges of a `Strategy` where there is no other process."""

    rank = 0
    size = 1

    def any_rank(self, *flags: bool) -> tuple[bool, ...]:
        """The flags as they are."""
        return flags

    def shard(self, split: Split) -> Split:
        """All of it."""
        return split

    def all_reduce(self, metrics: RunningMetrics) -> None:
        """They are complete."""

    def sync_from_rank0(self, network: nn.Module, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The state as it is."""
        return state
