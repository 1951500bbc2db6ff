"""A batch in parts, one after another, whose gradients add up (gradient accumulation)."""

import torch
from torch import Tensor, nn

from hundred.training.strategies.base import ForwardBackward


def accumulate(  # noqa: PLR0917
    network: nn.Module,
    forward_backward: ForwardBackward,
    inputs: Tensor,
    targets: Tensor,
    parts: int,
    share: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Add the gradient of `share` times the mean loss of `inputs`; return that loss [] and the hits []."""
    # Batch norm cannot take a single image.
    parts = parts if len(inputs) >= 2 * parts else 1
    loss = correct = torch.zeros((), device=inputs.device)
    for part, labels in zip(inputs.chunk(parts), targets.chunk(parts), strict=True):
        weight = len(part) / len(inputs)
        part_loss, part_correct = forward_backward(network, part, labels, weight * share)
        loss, correct = loss + part_loss.detach() * weight, correct + part_correct
    return loss, correct.long()
