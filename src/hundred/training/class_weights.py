"""Weights of classes for the loss, from how many training images each has."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hundred.errors import UsageError, nearest

EFFECTIVE_NUMBER_BETA = 0.999


def class_weights(
    kind: str | Mapping[str, float], labels: Tensor, names: Sequence[str], beta: float = EFFECTIVE_NUMBER_BETA
) -> Tensor | None:
    """Float32 [classes], or None for "none"; their mean over the training images `labels` (int64 [n]) is 1.

    kind: "balanced" (n / (classes * images of the class), as scikit-learn), "effective-number" ((1 - beta) /
        (1 - beta ** images of the class), Cui et al. 2019), or weights by class name, others 1, as given.

    Raises UsageError for a name that is no class.
    """
    if kind == "none":
        return None
    classes = len(names)
    if not isinstance(kind, str):
        unknown = next((name for name in kind if name not in names), None)
        if unknown is not None:
            raise UsageError(
                f"training.class_weights names {unknown!r}, which is no class{nearest(unknown, list(names))}"
            )
        return torch.tensor([float(kind.get(name, 1.0)) for name in names])
    counts = torch.bincount(labels.cpu(), minlength=classes).double()
    present = counts > 0
    if kind == "balanced":
        weights = len(labels) / (present.sum() * counts.clamp(min=1))
    else:
        weights = (1 - beta) / (1 - beta ** counts.clamp(min=1))
        weights = weights * len(labels) / (weights * counts).sum()
    return torch.where(present, weights, torch.ones_like(weights)).float()
