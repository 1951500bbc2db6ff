"""The images of `hundred study --quick`."""

import torch

from hundred.study.quick_data import CLASSES, quick_dataset

DIGEST = "3d4319cc263e128640af128c7b5b1c1a6d51945cddbffcf7ea934168df5ddad1"


def test_they_are_balanced_the_same_each_time_and_told_apart_by_colour() -> None:
    data = quick_dataset()
    assert (len(data.train), len(data.test), len(data.fine_names)) == (1000, 200, len(CLASSES))
    assert torch.bincount(data.train.fine).tolist() == [100] * 10
    assert data.digest == DIGEST
    # The nearest mean colour of a class is right for more than three images of ten, and not for all.
    colours = data.train.images.float().mean((2, 3))
    means = torch.stack([colours[data.train.fine == label].mean(0) for label in range(10)])
    nearest = torch.cdist(data.test.images.float().mean((2, 3)), means).argmin(1)
    right = (nearest == data.test.fine).float().mean()
    assert 0.3 < right < 0.95
