"""From uint8 pixels to what a network takes, and the statistics that need it."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Normalize:
    """(pixel / 255 - mean) / std per channel; `mean` and `std` are float32 [3] in 0..1 units."""

    mean: Tensor
    std: Tensor

    def __call__(self, images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Images [n, 3, h, w] in 0..255 (uint8 or float) as `dtype`, channels last, on their own device."""
        mean = (self.mean.to(images.device) * 255).view(1, 3, 1, 1)
        scale = (1 / (self.std.to(images.device) * 255)).view(1, 3, 1, 1)
        scaled = (images.to(torch.float32) - mean) * scale
        return scaled.to(dtype).contiguous(memory_format=torch.channels_last)

    def to(self, device: torch.device) -> "Normalize":
        """The same with its numbers on `device`, so that scaling images there copies nothing to it."""
        return Normalize(self.mean.to(device), self.std.to(device))


def zero_to_one() -> Normalize:
    """pixel / 255."""
    return Normalize(torch.zeros(3), torch.ones(3))


def standardized(images: Tensor, at_most: int = 10_000) -> Normalize:
    """Mean and deviation of each channel over `images` (uint8 [n, 3, h, w]).

    Above `at_most` images, evenly spaced ones are sampled: the statistics move by less than a thousandth.
    """
    step = max(1, len(images) // at_most)
    # Counting the 256 values of a channel is exact and needs no float copy of the images.
    counts = torch.stack(
        [torch.bincount(images[::step, c].reshape(-1), minlength=256) for c in range(3)]
    ).double()
    values = torch.arange(256, dtype=torch.float64, device=counts.device) / 255
    weights = counts / counts.sum(1, keepdim=True)
    mean = weights @ values
    std = (weights @ values.square() - mean.square()).clamp(min=1e-12).sqrt()
    return Normalize(mean.float().cpu(), std.float().cpu())
