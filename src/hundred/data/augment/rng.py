"""What chance an augmentation has at hand for one batch, and the two shapes that augmentations come in.

A `Transform` changes images one by one, before they are normalized; a `Mix` blends images and their targets,
after.
"""

from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor


@dataclass(frozen=True)
class AugmentRng:
    """The randomness of one batch.

    generator: where random numbers come from; None for torch's own of the images' device. Put it on the
        device of
        the images: numbers from another device are copied over, which can stall a GPU.
    epoch: which epoch the batch belongs to, from 1.
    indices: int64 [n], the position of each image in the training split, on the device of the images.
    """

    generator: torch.Generator | None
    epoch: int
    indices: Tensor

    def uniform(self, *size: int, device: torch.device) -> Tensor:
        """Float32 numbers in [0, 1) of shape `size` on `device`."""
        source = device if self.generator is None else self.generator.device
        return torch.rand(size, generator=self.generator, device=source).to(device, non_blocking=True)

    def integers(self, below: int, *size: int, device: torch.device) -> Tensor:
        """Whole numbers 0 to `below` - 1, each as likely, int64 of shape `size` on `device`."""
        source = device if self.generator is None else self.generator.device
        numbers = torch.randint(below, size, generator=self.generator, device=source)
        return numbers.to(device, non_blocking=True)

    def permutation(self, n: int, device: torch.device) -> Tensor:
        """The numbers 0 to `n` - 1 in a random order, int64 [n] on `device`."""
        source = device if self.generator is None else self.generator.device
        return torch.randperm(n, generator=self.generator, device=source).to(device, non_blocking=True)


@runtime_checkable
class Transform(Protocol):
    """Changes each image by a draw of its own.

    Takes images uint8 or float32 [n, 3, h, w] in 0..255, any memory layout, and returns the same shape
    in 0..255, or the very same tensor where there is nothing to do; never writes to the images given. What
    only moves whole pixels keeps the dtype and the layout, contiguous or channels_last; what computes new
    values may return float32, not rounded, and may return it contiguous.
    """

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """The changed images."""


@runtime_checkable
class Mix(Protocol):
    """Blends images with one another, and their targets alike.

    Takes images float [n, 3, h, w], of any scale, and targets float [n, classes] that sum to one in each row;
    returns both in the same shape and dtype. A channels_last batch stays channels_last.
    """

    def __call__(self, images: Tensor, targets: Tensor, rng: AugmentRng) -> tuple[Tensor, Tensor]:
        """The mixed images and targets."""


def describe(transform: object) -> str:
    """`Name(setting=value)` with the settings that are not defaults; `repr` for what is no dataclass."""
    if not is_dataclass(transform):
        return repr(transform)
    settings = []
    for each in fields(transform):
        value = getattr(transform, each.name)
        if each.init and (each.default is MISSING or value != each.default):
            settings.append(f"{each.name}={value!r}")
    return f"{type(transform).__name__}({', '.join(settings)})"
