"""The superclasses of a set as its classes: CIFAR-100 with its 20."""

import hashlib
from dataclasses import replace

import torch

from hundred.data.dataset import Dataset, Split
from hundred.errors import UsageError


def superclasses_as_classes(dataset: Dataset, name: str) -> Dataset:
    """`dataset` with its superclasses as classes and no superclasses above them.

    Raises UsageError where it has none.
    """
    if not dataset.has_superclasses:
        raise UsageError(f"{dataset.name} has no superclasses")
    return replace(
        dataset,
        name=name,
        train=_lifted(dataset.train),
        test=_lifted(dataset.test),
        fine_names=dataset.coarse_names,
        coarse_names=(),
        fine_to_coarse=torch.zeros(len(dataset.coarse_names), dtype=torch.int64),
        digest=hashlib.sha256(f"{dataset.digest} superclasses".encode()).hexdigest(),
        source=name,
    )


def _lifted(split: Split) -> Split:
    return Split(split.images, split.coarse, torch.zeros_like(split.coarse))
