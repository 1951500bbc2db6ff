"""What can be wrong with a validation set: its labels, its images, or that it was trained on."""

from dataclasses import replace

import torch

from hundred.data.dataset import Split
from hundred.experiment.build.trainer import Splits


def with_fault(splits: Splits, fault: str) -> Splits:
    """`splits` with the validation set changed; `fault` is "" or one of

    "shuffled F": the labels of a fraction F of it are drawn anew; "permuted": each class has another's
    number; "leaked F": a fraction F of it are training images; "inverted": its images are negatives.
    """
    if not fault:
        return splits
    name, _, amount = fault.partition(" ")
    validation = splits.validation
    assert validation is not None
    generator = torch.Generator().manual_seed(1)
    images, fine = validation.images.clone(), validation.fine.clone()
    if name == "shuffled":
        chosen = torch.rand(len(fine), generator=generator) < float(amount)
        fine[chosen] = torch.randint(0, 100, (int(chosen.sum()),), generator=generator)
    elif name == "permuted":
        fine = torch.randperm(100, generator=generator)[fine]
    elif name == "leaked":
        count = round(float(amount) * len(fine))
        drawn = torch.randperm(len(splits.train_indices), generator=generator)[:count]
        seen = splits.train.take(splits.train_indices[drawn])
        images[: len(drawn)], fine[: len(drawn)] = seen.images, seen.fine
    elif name == "inverted":
        images = 255 - images
    else:
        raise ValueError(f"there is no fault {fault!r} of a validation set")
    return replace(splits, validation=Split(images, fine, validation.coarse))
