"""A dataset and its classes in words, for terminals, figures and reports."""

from hundred.data.dataset import Dataset
from hundred.formatting import readable


def summary_line(dataset: Dataset) -> str:
    """One line: what it is, how many images, from where, and the digest's first digits."""
    title = "CIFAR-100" if dataset.name == "cifar100" else f"{dataset.name} (not CIFAR-100)"
    return (
        f"{title}: {len(dataset.train):,} training and {len(dataset.test):,} test images, "
        f"{len(dataset.fine_names)} fine classes in {len(dataset.coarse_names)} superclasses, "
        f"{dataset.source}, digest {dataset.digest[:12]}"
    )


def class_label(dataset: Dataset, fine: int) -> str:
    """A fine class with its superclass, such as "trout (fish)". fine: 0 to 99."""
    coarse = int(dataset.fine_to_coarse[fine])
    return f"{readable(dataset.fine_names[fine])} ({readable(dataset.coarse_names[coarse])})"
