"""Cross-entropy with label smoothing, for one label per image or for mixed ones, and the number of hits."""

import torch
import torch.nn.functional as F
from torch import Tensor

from hundred.errors import UsageError


def cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, reduction: str = "mean"
) -> tuple[Tensor, Tensor]:
    """The loss of a batch and how many of its images were classified right.

    logits: float [n, classes], of any floating type; the arithmetic is float32, since exponentials of half
        precision lose digits that the gradient needs.
    targets: int64 [n], the fine class of each image; or float [n, classes], a distribution for each (mixup,
        CutMix), where an image counts as right if its heaviest class was predicted.
    label_smoothing: share e of the target spread evenly: (1 - e) target + e / classes (Szegedy et al. 2016).
    reduction: "mean" over the batch, or "sum".

    Returns (loss float32 [], correct int64 []), both on the device of `logits`, without waiting for it.
    Raises UsageError for a smoothing outside 0 to 1.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise UsageError(f"label smoothing is {label_smoothing}; it must lie between 0 and 1")
    loss = F.cross_entropy(
        logits.float(), _as_float32(targets), label_smoothing=label_smoothing, reduction=reduction
    )
    return loss, count_correct(logits, targets)


@torch.no_grad()
def count_correct(logits: Tensor, targets: Tensor) -> Tensor:
    """How many rows of `logits` have their largest value at the target (int64 []); targets as above."""
    labels = targets.argmax(1) if targets.is_floating_point() else targets
    return (logits.argmax(1) == labels).sum()


def _as_float32(targets: Tensor) -> Tensor:
    return targets.float() if targets.is_floating_point() else targets
