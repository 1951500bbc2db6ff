"""One process that does each batch whole, or in several parts in turn (gradient accumulation)."""

import torch
from torch import Tensor, nn

from hundred.training.out_of_memory import is_out_of_memory, where_out_of_memory
from hundred.training.strategies.base import ForwardBackward, OneProcess


class SingleStrategy(OneProcess):
    """One process trains: each batch whole, or, once memory has run out, in two halves.

    Gradients of parts add up to that of the batch, so the steps and their learning rate stay as they were;
    only batch norm sees fewer images at a time. Memory that runs out again ends the run.
    """

    def __init__(self) -> None:
        """Batches are whole."""
        self.micro_batches = 1
        self.warning = ""

    def backward(
        self, network: nn.Module, forward_backward: ForwardBackward, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Leave the gradient of the batch's mean loss in `network`; return that loss [] and the hits []."""
        if self.micro_batches == 1:
            try:
                return forward_backward(network, inputs, targets, 1.0)
            except (MemoryError, RuntimeError) as error:
                if len(inputs) < 4 or not is_out_of_memory(error):
                    raise
                where = where_out_of_memory(error)
            # Outside the except clause, whose traceback keeps the tensors of the failed step alive.
            self._halve(network, where, inputs)
        # Batch norm cannot take a single image.
        parts = self.micro_batches if len(inputs) >= 2 * self.micro_batches else 1
        loss = correct = torch.zeros((), device=inputs.device)
        for part, labels in zip(inputs.chunk(parts), targets.chunk(parts), strict=True):
            weight = len(part) / len(inputs)
            part_loss, part_correct = forward_backward(network, part, labels, weight)
            loss, correct = loss + part_loss.detach() * weight, correct + part_correct
        return loss, correct.long()

    def _halve(self, network: nn.Module, where: str, inputs: Tensor) -> None:
        self.micro_batches = 2
        self.warning = (
            f"{where} has too little memory for {len(inputs)} images at once: from here on each batch is "
            "done in two halves, with the same steps; batch norm sees half a batch at a time"
        )
        network.zero_grad(set_to_none=True)
        if inputs.device.type == "cuda":
            torch.cuda.empty_cache()
