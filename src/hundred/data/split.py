"""The validation split: a fixed share of each class, the same on every machine and with every version."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hundred.errors import UsageError


def holdout(fine: Tensor, per_class: int = 50, seed: int = 100) -> tuple[Tensor, Tensor]:
    """Split a training set into training and validation indices, class by class.

    fine: int64 [n], labels of the training set. per_class: validation images of each class; a class with
    fewer than 10 times as many (as in the drawn sample) gives a tenth of its images, and at least one.
    Returns int64 [n - m] and int64 [m], each ascending and disjoint.

    Every image gets a 64-bit key from PCG64(seed), in order; the images with the smallest keys of their class
    are held out. NumPy promises PCG64's raw stream for good (NEP 19), which it does not for its shuffles.

    Raises UsageError where a class is left without a training image.
    """
    if per_class < 1:
        raise UsageError(f"a validation split of {per_class} images per class is none: give 1 or more")
    labels = fine.cpu().numpy()
    keys = np.random.PCG64(seed).random_raw(len(labels))
    held_out = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(per_class, max(len(members) // 10, 1))
        if count >= len(members):
            raise UsageError(f"class {label} has only {len(members)} training image: none could be held out")
        held_out[members[np.argsort(keys[members], kind="stable")[:count]]] = True
    return torch.from_numpy(np.flatnonzero(~held_out)), torch.from_numpy(np.flatnonzero(held_out))


def three_way(
    labels: NDArray[np.integer], seed: int = 100
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Indices that train, validate and test, for a set without splits: 80, 10 and 10 % of each class.

    A class gives at least one image to each where it has three, and to training before all. Keys as in
    `holdout`, so that the split is the same on every machine. Each is ascending int64.
    """
    keys = np.random.PCG64(seed).random_raw(len(labels))
    part = np.zeros(len(labels), np.int8)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        members = members[np.argsort(keys[members], kind="stable")]
        tenth = max(len(members) // 10, 1)
        part[members[:tenth]] = 2 if len(members) > 1 else 0
        part[members[tenth : 2 * tenth]] = 1 if len(members) > 2 else 0
    train, validation, test = (np.flatnonzero(part == number) for number in range(3))
    return train, validation, test
