"""A dataset of a few random pictures with CIFAR-100's names, for what must only run, not learn."""

import torch

from hundred.data.dataset import Dataset, Split
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE

CLASSES = (0, 55, 72)  # apple, otter, seal


def few_pictures(train_per_class: int = 4, test_per_class: int = 2) -> Dataset:
    """Random images of three of the hundred classes."""
    to_coarse = torch.as_tensor(FINE_TO_COARSE)
    return Dataset(
        name="cifar100",
        train=_split(train_per_class, to_coarse, seed=1),
        test=_split(test_per_class, to_coarse, seed=2),
        fine_names=tuple(FINE_NAMES),
        coarse_names=tuple(COARSE_NAMES),
        fine_to_coarse=to_coarse,
        digest="0" * 64,
        source="a test",
    )


def _split(per_class: int, to_coarse: torch.Tensor, seed: int) -> Split:
    fine = torch.tensor(CLASSES).repeat(per_class)
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (len(fine), 3, 32, 32), dtype=torch.uint8, generator=generator)
    return Split(images, fine, to_coarse[fine])
