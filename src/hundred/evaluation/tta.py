"""Test-time augmentation: the mean prediction over several views of each image."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

KINDS = ("none", "flip", "flip+shift")


def views(images: Tensor, kind: str) -> list[tuple[float, Tensor]]:
    """(weight, uint8 [n, c, h, w]) of each view; the weights add up to 1.

    flip: the image and its mirror image. flip+shift: both, and both moved by one pixel to the upper left and
    to the lower right, which count half (Jordan 2024, arXiv:2404.00498, section 3.5).
    """
    both = [images, images.flip(-1)]
    if kind == "flip":
        return [(0.5, view) for view in both]
    padded = [F.pad(view.float(), (1, 1, 1, 1), mode="reflect").to(view.dtype) for view in both]
    height, width = images.shape[-2:]
    moved = [view[..., at : at + height, at : at + width] for view in padded for at in (0, 2)]
    return [(0.25, view) for view in both] + [(0.125, view) for view in moved]


def mean_prediction(logits_of: Callable[[Tensor], Tensor], images: Tensor, kind: str) -> Tensor:
    """The logarithm of the mean probabilities [n, classes] over the views of `images`, float32.

    logits_of: uint8 images [n, c, h, w] to float logits [n, classes].
    """
    mean = sum(weight * logits_of(view).double().softmax(1) for weight, view in views(images, kind))
    assert isinstance(mean, Tensor)  # noqa: S101 - there is always a view
    return mean.clamp_min(torch.finfo(torch.float32).tiny).log().float()
