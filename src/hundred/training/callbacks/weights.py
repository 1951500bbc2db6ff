"""Copies of a network's weights in memory, and putting them back in place."""

import torch
from torch import Tensor, nn


def copy_weights(network: nn.Module) -> dict[str, Tensor]:
    """A copy of all parameters and buffers, on their own device."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


@torch.no_grad()
def restore_weights(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Write `weights` into the tensors of `network`, which stay the same objects in memory.

    Raises RuntimeError (torch's) where names or shapes differ.
    """
    network.load_state_dict(weights)
