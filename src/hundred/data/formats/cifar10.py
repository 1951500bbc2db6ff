"""CIFAR-10 as published: `data_batch_1` to `5` and `test_batch`, pickles or binary (`.bin`).

Layout: https://www.cs.toronto.edu/~kriz/cifar.html. Rows of the binary form: a label, then 3,072 values.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hundred.data.files.pickles import read_pickle
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, RawSplit, ReadOptions
from hundred.errors import HundredError

NAME = "CIFAR-10 files"
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_ROW_BYTES = 1 + 3072


def find(where: Path) -> Path | None:
    """`where`, if the training and test batches are there."""
    if where.is_file() and where.stem in (*_BATCHES, "test_batch"):
        where = where.parent
    for ending in ("", ".bin"):
        if all((where / f"{name}{ending}").is_file() for name in (*_BATCHES, "test_batch")):
            return where
    return None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times say whether anything changed."""
    ending = "" if (found / "test_batch").is_file() else ".bin"
    return [found / f"{name}{ending}" for name in (*_BATCHES, "test_batch")]


def is_mapped(_: Path) -> bool:
    """False: the training images are in five files."""
    return False


def read(found: Path, _options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """Both splits. Raises HundredError where a file is missing, cut short, or not what it should be."""
    *train, test = (_batch(path) for path in files(found))
    return Raw(
        RawSplit(
            np.concatenate([images for images, _ in train]),
            labels := np.concatenate([labels for _, labels in train]),
            np.zeros_like(labels),
        ),
        RawSplit(test[0], test[1], np.zeros_like(test[1])),
        NAMES,
        (),
        (0,) * len(NAMES),
    )


def _batch(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HundredError(f"{path} cannot be read: {error.strerror}") from None
    if path.suffix == ".bin":
        if not content or len(content) % _ROW_BYTES:
            raise HundredError(
                f"{path} is cut short: {len(content):,} bytes are no whole rows of {_ROW_BYTES:,}"
            )
        rows = np.frombuffer(content, np.uint8).reshape(-1, _ROW_BYTES)
        return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0]
    value = read_pickle(content, path)
    images, labels = value.get("data"), value.get("labels")
    if (
        not isinstance(images, np.ndarray)
        or images.ndim != 2
        or images.shape[1] != 3072
        or images.dtype != np.uint8
    ):
        raise HundredError(f"{path} is not from CIFAR-10: it holds no images of 32x32 in three colours")
    try:
        numbers = np.array(labels, np.uint8)
    except (TypeError, ValueError, OverflowError):
        numbers = np.empty((0, 0), np.uint8)
    if numbers.shape != (len(images),):
        raise HundredError(f"{path} is not from CIFAR-10: it holds no label for each image")
    return images.reshape(-1, 3, 32, 32), numbers
