"""Batches to test augmentations on."""

import torch

from hundred.data.augment.rng import AugmentRng


def random_images(n: int, h: int = 32, w: int = 32, seed: int = 0) -> torch.Tensor:
    """Noise: uint8 [n, 3, h, w]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 3, h, w), dtype=torch.uint8, generator=generator)


def smooth_images(n: int, h: int = 32, w: int = 32, seed: int = 0) -> torch.Tensor:
    """Soft blobs of colour, more like photographs, of differing range: uint8 [n, 3, h, w]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 3, 4, 4, generator=generator)
    images = torch.nn.functional.interpolate(coarse, size=(h, w), mode="bicubic").clamp(0, 1)
    low, high = torch.rand(2, n, 3, 1, 1, generator=generator).sort(0).values
    return ((images * (high - low) + low) * 255).to(torch.uint8)


def rng_for(n: int, seed: int = 0, epoch: int = 1) -> AugmentRng:
    """A draw for the first `n` images of the training split."""
    return AugmentRng(torch.Generator().manual_seed(seed), epoch, torch.arange(n))
