"""Accuracy and loss of a network on a split, and whether its weights are finite."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hundred.data.dataset import Split
from hundred.data.normalize import Normalize
from hundred.training.loss import cross_entropy
from hundred.training.metrics import RunningMetrics
from hundred.training.precision import mixed_precision


@torch.inference_mode()
def evaluate(
    network: nn.Module,
    split: Split,
    scaling: Normalize,
    precision: torch.dtype,
    batch_size: int = 500,
    *,
    all_reduce: Callable[[RunningMetrics], None] = lambda _metrics: None,
    classify: Callable[[nn.Module, Tensor], Tensor] | None = None,
) -> tuple[float, float]:
    """Accuracy (a fraction) and mean cross-entropy of `network` on `split`, in evaluation mode.

    all_reduce: called at the end with the sums, to which it may add those of other processes.
    classify: gives the logits of features, which `split` then holds in place of images.
    """
    network.eval()
    device = split.images.device
    metrics = RunningMetrics(device)
    for start in range(0, len(split), batch_size):
        images = split.images[start : start + batch_size]
        with mixed_precision(precision, device):
            if classify is not None:
                logits = classify(network, images)
            else:
                logits = network(scaling(images, precision))
        loss, correct = cross_entropy(logits, split.fine[start : start + batch_size])
        metrics.add(loss, correct, len(images))
    all_reduce(metrics)
    return metrics.accuracy, metrics.loss


def all_finite(network: nn.Module) -> bool:
    """Whether no parameter or buffer holds NaN or an infinity; waits for the device once."""
    finite = [value.isfinite().all() for value in network.state_dict().values() if value.is_floating_point()]
    return not finite or bool(torch.stack(finite).all())
