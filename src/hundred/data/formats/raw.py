"""What every reader of a published form returns: plain NumPy arrays, not yet checked, nor tied to PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hundred.data.names import FINE_TO_COARSE

# Called by readers that unpack images with how many are done and how many there are in all.
ProgressCallback = Callable[[int, int], None]


def no_progress(_done: int, _total: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True)
class RawSplit:
    """Images and labels as a reader found them.

    images: uint8 [n, 3, 32, 32], RGB; may be a view on a mapped file.
    fine, coarse: uint8 [n].
    """

    images: NDArray[np.uint8]
    fine: NDArray[np.uint8]
    coarse: NDArray[np.uint8]


@dataclass(frozen=True)
class Raw:
    """Both splits of one published form."""

    train: RawSplit
    test: RawSplit


def coarse_of(fine: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The superclass (uint8 [n]) of each fine class (uint8 [n], 0 to 99), for forms that do not hold it."""
    return np.array(FINE_TO_COARSE, np.uint8)[fine]
