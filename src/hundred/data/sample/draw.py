"""The sample set: 12,000 small pictures drawn by code, for trying things out offline.

Twenty silhouettes (the superclasses) in five patterns each (the fine classes), so "striped star" is a fine
class and "star" its superclass, as "trout" is of "fish". Position, size, angle, stretch, colours, light,
background, an object in front and noise vary without regard to the class; colour says nothing about it.

The drawing uses PCG64's raw stream, which NumPy promises to keep (NEP 19), and arithmetic that IEEE 754
defines to the last bit, so the set and its digest are the same on every machine.
"""

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray

from hundred.data.dataset import Dataset, Split
from hundred.data.sample.paint import SIZE, SampleRng, paint
from hundred.data.sample.shapes import SILHOUETTES

PATTERNS = ("checkered", "plain", "ringed", "spotted", "striped")
SAMPLE_COARSE_NAMES: tuple[str, ...] = tuple(sorted(SILHOUETTES))
# In alphabetical order, as CIFAR-100's: the fine classes of a superclass are not neighbours.
SAMPLE_FINE_NAMES: tuple[str, ...] = tuple(
    f"{pattern} {shape}" for pattern in PATTERNS for shape in SILHOUETTES
)
TRAIN_PER_CLASS = 100
TEST_PER_CLASS = 20
DRAWN = "drawn by hundred"  # the source of the set
_AT_ONCE = 20  # pictures of a class drawn together, so that the planes stay in the processor's cache


def draw_sample() -> Dataset:
    """Draw the whole set: 100 training and 20 test images of each of 100 fine classes in 20 superclasses."""
    train_images, train_fine = _draw_split(TRAIN_PER_CLASS, seed=1)
    test_images, test_fine = _draw_split(TEST_PER_CLASS, seed=2)
    shapes = len(SAMPLE_COARSE_NAMES)
    digest = hashlib.sha256()
    for array in (train_images, train_fine, test_images, test_fine):
        digest.update(np.ascontiguousarray(array).data)
    return Dataset(
        name="sample",
        train=_as_split(train_images, train_fine),
        test=_as_split(test_images, test_fine),
        fine_names=SAMPLE_FINE_NAMES,
        coarse_names=SAMPLE_COARSE_NAMES,
        fine_to_coarse=torch.arange(len(SAMPLE_FINE_NAMES)) % shapes,
        digest=digest.hexdigest(),
        source=DRAWN,
    )


def _draw_split(per_class: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images uint8 [n, 3, 32, 32] in random order and their fine classes uint8 [n]."""
    kinds = np.tile(np.arange(len(PATTERNS)), _AT_ONCE)  # [5 * _AT_ONCE]
    count = len(SAMPLE_FINE_NAMES) * per_class
    order = SampleRng(1000 * seed).order(count).reshape(-1, len(kinds))  # where each picture goes
    images, fine = np.empty((count, 3, SIZE, SIZE), np.uint8), np.empty(count, np.uint8)
    for number, places in enumerate(order):
        shape = number % len(SAMPLE_COARSE_NAMES)
        silhouette = SILHOUETTES[SAMPLE_COARSE_NAMES[shape]]
        images[places] = paint(silhouette, kinds, SampleRng(1000 * seed + number + 1))
        fine[places] = kinds * len(SAMPLE_COARSE_NAMES) + shape
    return images, fine


def _as_split(images: NDArray[np.uint8], fine: NDArray[np.uint8]) -> Split:
    labels = torch.from_numpy(fine.astype(np.int64))
    return Split(torch.from_numpy(images), labels, labels % len(SAMPLE_COARSE_NAMES))
