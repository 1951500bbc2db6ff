"""Running out of memory: how torch says it, and what one process does about it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hundred.data.dataset import Split
from hundred.training.metrics import RunningMetrics

# How torch's CPU allocator says it.
CPU_WORDS = ("DefaultCPUAllocator", "can't allocate memory", "not enough memory")
# On a GPU torch's allocator has a type of its own; these are of what asks the GPU itself.
GPU_WORDS = ("CUDA error: out of memory", "ALLOC_FAILED", "ALLOCATION_FAILED", "MPS backend out of memory")

# (network, inputs, targets, weight) -> (mean loss [], hits []); adds the gradient of weight * loss to the
# network's.
Differentiate = Callable[[nn.Module, Tensor, Tensor, float], tuple[Tensor, Tensor]]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that the machine or the GPU has too little memory."""
    return (
        isinstance(error, MemoryError)
        or is_gpu_out_of_memory(error)
        or any(word in str(error) for word in CPU_WORDS)
    )


def is_gpu_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that the GPU has too little memory."""
    return isinstance(error, torch.OutOfMemoryError) or any(word in str(error) for word in GPU_WORDS)


class SingleStrategy:
    """One process trains: each batch whole, or, once memory has run out, in two halves.

    Gradients of halves add up to those of the batch, so the steps and their learning rate stay as they were;
    only batch norm sees half as many images at a time. Memory that runs out again ends the run.

    It has the methods of `hundred.training.strategies.distributed.DistributedStrategy`, with nobody to talk
    to.

    parts: in how many pieces a batch is done. word: what a person should be told, once; '' for nothing.
    """

    rank = 0
    size = 1

    def __init__(self) -> None:
        """Batches are whole."""
        self.parts = 1
        self.word = ""

    def gradients(
        self, network: nn.Module, differentiate: Differentiate, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Leave the gradient of the batch's mean loss in `network`; that loss and the hits, both []."""
        if self.parts == 1:
            try:
                return differentiate(network, inputs, targets, 1.0)
            except (MemoryError, RuntimeError) as error:
                if len(inputs) < 4 or not is_out_of_memory(error):
                    raise
                where = "the GPU" if is_gpu_out_of_memory(error) else "this machine"
            # Outside the except clause, whose traceback holds on to the tensors of the failed step.
            self._halve(network, where, inputs)
        pieces = self.parts if len(inputs) >= 2 * self.parts else 1  # batch norm takes no lone image
        loss = correct = torch.zeros((), device=inputs.device)
        for some, theirs in zip(inputs.chunk(pieces), targets.chunk(pieces), strict=True):
            weight = len(some) / len(inputs)
            piece_loss, piece_correct = differentiate(network, some, theirs, weight)
            loss, correct = loss + piece_loss.detach() * weight, correct + piece_correct
        return loss, correct.long()

    def _halve(self, network: nn.Module, where: str, inputs: Tensor) -> None:
        self.parts = 2
        self.word = (
            f"{where} has too little memory for {len(inputs)} images at once: from here on each batch is "
            "done in two halves, with the same steps; batch norm sees half a batch at a time"
        )
        network.zero_grad(set_to_none=True)
        if inputs.device.type == "cuda":
            torch.cuda.empty_cache()

    def any(self, *marks: bool) -> tuple[bool, ...]:
        """Each mark as it is: nobody else could have set it."""
        return marks

    def part(self, split: Split) -> Split:
        """All of it."""
        return split

    def add_up(self, tally: RunningMetrics) -> None:
        """It is complete."""
