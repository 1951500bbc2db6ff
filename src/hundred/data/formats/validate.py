"""Whether what was read is CIFAR-100: shapes, counts per class, label ranges, fine and superclass labels that
agree. Facts from Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, section 3.1.
"""

import numpy as np

from hundred.data.formats.raw import Raw, RawSplit
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.errors import HundredError

TRAIN_PER_CLASS = 500
TEST_PER_CLASS = 100


def check(raw: Raw, what: str) -> None:
    """Raise HundredError, in one line that begins with `what`, unless `raw` is the whole of CIFAR-100."""
    check_split(raw.train, f"{what}, training images", TRAIN_PER_CLASS)
    check_split(raw.test, f"{what}, test images", TEST_PER_CLASS)


def check_split(split: RawSplit, what: str, per_class: int) -> None:
    """Raise HundredError unless the split holds `per_class` images of each fine class, rightly labelled."""
    fault = (
        _shape_fault(split)
        or _range_fault(split.fine, "fine label", len(FINE_NAMES))
        or _range_fault(split.coarse, "superclass label", len(COARSE_NAMES))
        or _count_fault(split, per_class)
        or _agreement_fault(split)
    )
    if fault:
        raise HundredError(f"{what}: {fault}")


def _shape_fault(split: RawSplit) -> str:
    images, count = split.images, len(split.images)
    if images.dtype != np.uint8 or images.shape[1:] != (3, 32, 32):
        return f"images are {images.dtype} of shape {images.shape[1:]}, not uint8 of shape (3, 32, 32)"
    for name, labels in (("fine", split.fine), ("superclass", split.coarse)):
        if labels.shape != (count,):
            return f"{count:,} images but {labels.size:,} {name} labels"
    return ""


def _range_fault(labels: np.ndarray, name: str, classes: int) -> str:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if not wrong.size:
        return ""
    return f"image {wrong[0]:,} has the {name} {labels[wrong[0]]}; labels go from 0 to {classes - 1}"


def _count_fault(split: RawSplit, per_class: int) -> str:
    counts = np.bincount(split.fine, minlength=len(FINE_NAMES))
    wrong = np.flatnonzero(counts != per_class)
    if not wrong.size:
        return ""
    first = f"{counts[wrong[0]]:,} of class {FINE_NAMES[wrong[0]]!r} instead of {per_class}"
    others = f" (and {len(wrong) - 1} more classes are off)" if len(wrong) > 1 else ""
    return f"{len(split.fine):,} images, {first}{others}"


def _agreement_fault(split: RawSplit) -> str:
    expected = np.array(FINE_TO_COARSE)[split.fine]
    wrong = np.flatnonzero(expected != split.coarse)
    if not wrong.size:
        return ""
    at = wrong[0]
    return (
        f"image {at:,} is a {FINE_NAMES[split.fine[at]]!r} in superclass {COARSE_NAMES[split.coarse[at]]!r}, "
        f"not {COARSE_NAMES[expected[at]]!r} ({wrong.size:,} such)"
    )
