"""Batch-norm statistics measured again, for weights that were never trained with (averages)."""

from collections.abc import Iterable
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@torch.no_grad()
def measure_batch_norms(
    network: nn.Module, inputs: Iterable[Tensor], precision: AbstractContextManager[object]
) -> None:
    """Set all running means and variances to their averages over `inputs`, each float [n, channels, h, w].

    As torch.optim.swa_utils.update_bn does: in training mode, batch by batch, all batches weighing the same.
    Batch norms in evaluation mode (frozen ones) are left alone. The network ends in the modes it had.
    """
    norms = [
        module
        for module in network.modules()
        if isinstance(module, _BatchNorm) and module.training and module.track_running_stats
    ]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
    for number, images in enumerate(inputs, start=1):
        for norm in norms:
            norm.momentum = 1.0 / number  # the average so far, whatever way the statistics are taken
        with precision:
            network(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
