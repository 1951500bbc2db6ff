"""Whether what was read fits together: shapes, counts, label ranges, superclasses that agree.

Facts on CIFAR-100 from Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, section
3.1.
"""

import numpy as np

from hundred.data.formats.raw import Raw, RawSplit
from hundred.errors import HundredError

TRAIN_PER_CLASS = 500
TEST_PER_CLASS = 100


def check(raw: Raw, what: str) -> None:
    """Raise HundredError, in one line that begins with `what`, unless `raw` is a set that can be trained
    on."""
    check_split(raw.train, raw, f"{what}, training images")
    check_split(raw.test, raw, f"{what}, test images")
    counts = np.bincount(raw.train.fine, minlength=len(raw.fine_names))
    empty = np.flatnonzero(counts == 0)
    if empty.size:
        more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        raise HundredError(
            f"{what}, training images: none of class {raw.fine_names[empty[0]]!r}{more}: add some, or "
            f"remove the class"
        )


def check_split(split: RawSplit, raw: Raw, what: str) -> None:
    """Raise HundredError unless the images and labels of one split of `raw` fit together."""
    fault = (
        _shape_fault(split)
        or _range_fault(split.fine, "fine label", len(raw.fine_names))
        or _range_fault(split.coarse, "superclass label", max(len(raw.coarse_names), 1))
        or _agreement_fault(split, raw)
    )
    if fault:
        raise HundredError(f"{what}: {fault}")


def missing_of_cifar100(raw: Raw) -> str:
    """What lacks of CIFAR-100's 500 training and 100 test images a class; empty where it is whole."""
    for split, name, per_class in (
        (raw.train, "training", TRAIN_PER_CLASS),
        (raw.test, "test", TEST_PER_CLASS),
    ):
        counts = np.bincount(split.fine, minlength=len(raw.fine_names))
        wrong = np.flatnonzero(counts != per_class)
        if wrong.size:
            first = f"{counts[wrong[0]]:,} of class {raw.fine_names[wrong[0]]!r} instead of {per_class}"
            others = f" (and {len(wrong) - 1} more classes are off)" if len(wrong) > 1 else ""
            return f"{len(split.fine):,} {name} images, {first}{others}"
    return ""


def _shape_fault(split: RawSplit) -> str:
    images, count = split.images, len(split.images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 3:
        return f"images are {images.dtype} of shape {images.shape[1:]}, not uint8 of shape (3, height, width)"
    if images.shape[2] != images.shape[3]:
        return f"images of {images.shape[3]}x{images.shape[2]} are not square"
    if not count:
        return "there are none"
    for name, labels in (("fine", split.fine), ("superclass", split.coarse)):
        if labels.shape != (count,):
            return f"{count:,} images but {labels.size:,} {name} labels"
    return ""


def _range_fault(labels: np.ndarray, name: str, classes: int) -> str:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if not wrong.size:
        return ""
    return f"image {wrong[0]:,} has the {name} {labels[wrong[0]]}; labels go from 0 to {classes - 1}"


def _agreement_fault(split: RawSplit, raw: Raw) -> str:
    if not raw.coarse_names:
        return ""
    expected = np.array(raw.fine_to_coarse)[split.fine]
    wrong = np.flatnonzero(expected != split.coarse)
    if not wrong.size:
        return ""
    at, names = wrong[0], raw.coarse_names
    return (
        f"image {at:,} is a {raw.fine_names[split.fine[at]]!r} in superclass {names[split.coarse[at]]!r}, "
        f"not {names[expected[at]]!r} ({wrong.size:,} such)"
    )
