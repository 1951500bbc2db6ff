"""A part of a dataset, the same on every machine: the first images of each class, for trials."""

import hashlib
from dataclasses import replace

import torch
from torch import Tensor

from hundred.data.dataset import Dataset


def subset_per_class(dataset: Dataset, train_per_class: int = 0, test_per_class: int = 0) -> Dataset:
    """`dataset` with only the first so many images of each class in either split, in their order; 0 is all.

    Where anything is left out the digest differs, so that runs on a part are not mistaken for others. Of
    images that the set keeps for validation, as many of each class stay as of the others.
    """
    train = _indices(dataset, train_per_class)
    test = _first(dataset.test.fine, test_per_class)
    if len(train) == len(dataset.train) and len(test) == len(dataset.test):
        return dataset
    part = f"{dataset.digest} {train_per_class} {test_per_class}"
    made = keep_train(dataset, train)
    kept = dataset.test if len(test) == len(dataset.test) else dataset.test.take(test)
    return replace(made, test=kept, digest=hashlib.sha256(part.encode()).hexdigest())


def keep_train(dataset: Dataset, indices: Tensor) -> Dataset:
    """`dataset` with only the training images at `indices` (int64 [m], ascending), its digest as it was."""
    if len(indices) == len(dataset.train):
        return dataset
    validation = dataset.validation_indices
    if validation is not None:
        validation = torch.nonzero(torch.isin(indices, validation)).flatten()
    return replace(dataset, train=dataset.train.take(indices), validation_indices=validation)


def without_validation(dataset: Dataset) -> Tensor:
    """The training images that the set does not keep for validation, int64, ascending."""
    kept = torch.ones(len(dataset.train), dtype=torch.bool)
    if dataset.validation_indices is not None:
        kept[dataset.validation_indices] = False
    return torch.nonzero(kept).flatten()


def _indices(dataset: Dataset, per_class: int) -> Tensor:
    validation = dataset.validation_indices
    if validation is None or not per_class:
        return _first(dataset.train.fine, per_class)
    parts = [
        indices[_first(dataset.train.fine[indices], per_class)]
        for indices in (without_validation(dataset), validation)
    ]
    return torch.cat(parts).sort().values


def _first(fine: Tensor, per_class: int) -> Tensor:
    """Where the first `per_class` images of each class are, int64 [m], ascending; 0 is all."""
    if not per_class:
        return torch.arange(len(fine))
    kept = [torch.nonzero(fine == label).flatten()[:per_class] for label in fine.unique()]
    return torch.cat(kept).sort().values
