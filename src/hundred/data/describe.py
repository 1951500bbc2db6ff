"""A dataset and its classes in words, for terminals, figures and reports."""

from hundred.data.dataset import Dataset
from hundred.formatting import readable

TITLES = {
    "cifar100": "CIFAR-100",
    "cifar100-part": "part of CIFAR-100",
    "sample": "sample (not CIFAR-100)",
}


def summary_line(dataset: Dataset) -> str:
    """One line: what it is, how many images and classes, from where, and the digest's first digits."""
    side, above = dataset.image_size, len(dataset.coarse_names)
    classes = f"{dataset.classes} classes"
    if dataset.has_superclasses:
        classes = f"{dataset.classes} fine classes in {above} superclasses"
    return (
        f"{TITLES.get(dataset.name, dataset.name)}: {len(dataset.train):,} training and "
        f"{len(dataset.test):,} "
        f"test images of {side}x{side}, {classes}, {dataset.source}, digest {dataset.digest[:12]}"
    )


def class_label(dataset: Dataset, fine: int) -> str:
    """A class with its superclass, if any, such as "trout (fish)"."""
    if not dataset.has_superclasses:
        return readable(dataset.fine_names[fine])
    coarse = int(dataset.fine_to_coarse[fine])
    return f"{readable(dataset.fine_names[fine])} ({readable(dataset.coarse_names[coarse])})"
