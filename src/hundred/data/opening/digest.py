"""The digest of a set of images: the same for the same images and labels in any form."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from hundred.data.formats.raw import Raw


def digest_arrays(raw: Raw) -> str:
    """SHA-256 (hex) over images, classes and superclasses of the training, then of the test images.

    Labels count as bytes where there are at most 256 classes, so that a set has one digest in all its forms.
    """
    return EarlyDigest().of(raw)


class EarlyDigest:
    """`digest_arrays` of a set that is being read: it takes training images as soon as they are in place."""

    def __init__(self) -> None:
        """Nothing is hashed yet."""
        self._digest = hashlib.sha256()
        self._room: NDArray[np.uint8] | None = None
        self._hashed = 0

    def begin(self, room: NDArray[np.uint8]) -> None:
        """room: uint8 [n, 3, h, w], into which the training images are read."""
        self._room = room

    def take(self, count: int) -> None:
        """Hash the training images up to the `count`-th, which are as they will stay."""
        if self._room is not None:
            self._take(self._room, min(count, len(self._room)))

    def of(self, raw: Raw) -> str:
        """The digest of `raw`, in which the training images may be other ones than were taken."""
        images = raw.train.images
        if self._room is None or not _same_memory(images, self._room):
            self._digest, self._hashed = hashlib.sha256(), 0
        self._take(images, len(images))
        kind = np.uint8 if len(raw.fine_names) <= 256 else np.int32
        for array in (raw.train.fine, raw.train.coarse):
            self._update(array.astype(kind))
        self._update(raw.test.images)
        for array in (raw.test.fine, raw.test.coarse):
            self._update(array.astype(kind))
        return self._digest.hexdigest()

    def _take(self, images: NDArray[np.uint8], count: int) -> None:
        if count > self._hashed:
            self._update(images[self._hashed : count])
            self._hashed = count

    def _update(self, array: NDArray[np.generic]) -> None:
        self._digest.update(np.ascontiguousarray(array).data)


def _same_memory(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    return one.shape == other.shape and one.ctypes.data == other.ctypes.data
