"""What every reader returns: plain NumPy arrays with names, not yet checked, nor tied to PyTorch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE

# Called by readers that decode images with how many are done and how many there are in all.
ProgressCallback = Callable[[int, int], None]
Fit = Literal["crop", "pad", "stretch"]
FITS: tuple[Fit, ...] = ("crop", "pad", "stretch")


def no_progress(_done: int, _total: int) -> None:
    """Ignore the progress."""


def in_memory(_name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Room for the images of a split, in memory."""
    return np.empty(shape, np.uint8)


@dataclass(frozen=True)
class ReadOptions:
    """How to read images.

    image_size: side in pixels that pictures of other sizes get; 0 chooses one (`hundred.data.opening.sizes`).
    fit: how a picture becomes square: its middle (`crop`), whole with black bars (`pad`), or `stretch`ed.
    skip_damaged: leave out pictures that cannot be decoded, instead of an error.
    allocate: called with `train` or `test` and a shape [n, 3, size, size] for room to decode into; a memory
        map, where the images may be more than the memory holds.
    ready: may be called while pictures are decoded, with the number of them, from the first of `train` on,
        that are all in place.
    """

    image_size: int = 0
    fit: Fit = "crop"
    skip_damaged: bool = False
    progress: ProgressCallback = no_progress
    allocate: Callable[[str, tuple[int, ...]], NDArray[np.uint8]] = in_memory
    ready: Callable[[int], None] = lambda _count: None

    @property
    def key(self) -> str:
        """What of these options decides which pixels are read."""
        return f"{self.image_size} {self.fit} {self.skip_damaged}"


DEFAULT_OPTIONS = ReadOptions()


@dataclass(frozen=True)
class RawSplit:
    """Images and labels as a reader found them.

    images: uint8 [n, 3, h, w], RGB; may be a view on a mapped file.
    fine: whole numbers [n]. coarse: the same, all 0 where there are no superclasses.
    """

    images: NDArray[np.uint8]
    fine: NDArray[np.integer]
    coarse: NDArray[np.integer]


@dataclass(frozen=True)
class Raw:
    """Both splits of a set, and the names of its classes.

    fine_to_coarse: the superclass of each class; coarse_names is () where there are none.
    validation_indices: int64, which training images the set itself keeps for validation; None where it leaves
    that to the recipe. split: how it is split, for people. notes: one line each.
    """

    train: RawSplit
    test: RawSplit
    fine_names: tuple[str, ...] = FINE_NAMES
    coarse_names: tuple[str, ...] = COARSE_NAMES
    fine_to_coarse: tuple[int, ...] = FINE_TO_COARSE
    validation_indices: NDArray[np.int64] | None = None
    split: str = "as published"
    notes: tuple[str, ...] = field(default=())

    @property
    def is_cifar100(self) -> bool:
        """Whether its classes are those of CIFAR-100, with its superclasses, in its size."""
        return (
            self.fine_names == FINE_NAMES
            and self.fine_to_coarse == FINE_TO_COARSE
            and self.train.images.shape[1:] == (3, 32, 32)
        )


def coarse_of(
    fine: NDArray[np.integer], fine_to_coarse: Sequence[int] = FINE_TO_COARSE
) -> NDArray[np.integer]:
    """The superclass of each fine class, for forms that do not hold it."""
    table = np.array(fine_to_coarse, np.uint8 if len(fine_to_coarse) <= 256 else np.int32)
    result: NDArray[np.integer] = table[fine]
    return result
