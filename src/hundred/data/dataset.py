"""What an opened CIFAR-100 is in memory: one uint8 tensor of images per split, labels and names."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Split:
    """Images with their labels.

    images: uint8 [n, 3, 32, 32], RGB, 0 to 255.
    fine: int64 [n], fine class 0 to 99.
    coarse: int64 [n], superclass 0 to 19.
    """

    images: Tensor
    fine: Tensor
    coarse: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def take(self, indices: Tensor) -> "Split":
        """The images at `indices` (int64 [m]), in that order, as a copy."""
        return Split(self.images[indices], self.fine[indices], self.coarse[indices])


@dataclass(frozen=True)
class Dataset:
    """A training and a test split with the names of their classes.

    name: `cifar100` or `sample`; shown beside every figure.
    fine_names: 100 names in label order; coarse_names: 20.
    fine_to_coarse: int64 [100], the superclass of each fine class.
    digest: SHA-256 (hex) over images and labels, to tell two sets apart.
    source: where it was read from, for people.
    """

    name: str
    train: Split
    test: Split
    fine_names: tuple[str, ...]
    coarse_names: tuple[str, ...]
    fine_to_coarse: Tensor
    digest: str
    source: str
