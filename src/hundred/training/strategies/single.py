"""One process that does each batch whole, or in several parts in turn (gradient accumulation)."""

import torch
from torch import Tensor, nn

from hundred.training.out_of_memory import is_out_of_memory, where_out_of_memory
from hundred.training.strategies.accumulate import accumulate
from hundred.training.strategies.base import ForwardBackward, OneProcess


class SingleStrategy(OneProcess):
    """One process: each batch in `micro_batches` parts; whole batches in halves once memory has run out.

    Gradients of parts add up to that of the batch, so the steps and their learning rate stay as they were;
    only batch norm sees fewer images at a time. Memory that runs out again ends the run.
    """

    def __init__(self, micro_batches: int = 1) -> None:
        """A batch of fewer than two images a part is done whole."""
        self.micro_batches = micro_batches
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
        return accumulate(network, forward_backward, inputs, targets, self.micro_batches)

    def _halve(self, network: nn.Module, where: str, inputs: Tensor) -> None:
        self.micro_batches = 2
        self.warning = (
            f"{where} has too little memory for {len(inputs)} images at once: from here on each batch is "
            "done in two halves, with the same steps; batch norm sees half a batch at a time"
        )
        network.zero_grad(set_to_none=True)
        if inputs.device.type == "cuda":
            torch.cuda.empty_cache()
