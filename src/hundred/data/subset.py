"""A part of a dataset, the same on every machine: the first images of each class, for trials."""

import hashlib
from dataclasses import replace

import torch
from torch import Tensor

from hundred.data.dataset import Dataset, Split


def subset_per_class(dataset: Dataset, train_per_class: int = 0, test_per_class: int = 0) -> Dataset:
    """`dataset` with only the first so many images of each class in either split, in their order; 0 is all.

    Where anything is left out the digest is another one, so that runs on a part are told from others.
    """
    train, test = _first(dataset.train, train_per_class), _first(dataset.test, test_per_class)
    if len(train) == len(dataset.train) and len(test) == len(dataset.test):
        return dataset
    part = f"{dataset.digest} {train_per_class} {test_per_class}"
    return replace(dataset, train=train, test=test, digest=hashlib.sha256(part.encode()).hexdigest())


def _first(split: Split, per_class: int) -> Split:
    if not per_class:
        return split
    return split.take(_indices(split.fine, per_class))


def _indices(fine: Tensor, per_class: int) -> Tensor:
    """Where the first `per_class` images of each class are, int64 [m], ascending."""
    kept = [torch.nonzero(fine == label).flatten()[:per_class] for label in fine.unique()]
    return torch.cat(kept).sort().values
