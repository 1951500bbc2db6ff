"""MNIST's own files, which Fashion-MNIST and EMNIST have too: `train-images-idx3-ubyte` and three more, or
.gz.

Layout: http://yann.lecun.com/exdb/mnist/ (a magic number, the sizes as big-endian int32, then the bytes).
"""

import gzip
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions
from hundred.data.opening.arrays import Labelled, as_images, raw_from_arrays
from hundred.data.opening.sizes import choose_size, size_note
from hundred.errors import HundredError

NAME = "MNIST files"
FASHION_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"
)  # fmt: skip
_FILES = {
    ("train", "images"): "train-images",
    ("train", "labels"): "train-labels",
    ("test", "images"): "t10k-images",
    ("test", "labels"): "t10k-labels",
}
_MOST_BYTES = 2_000_000_000


def find(where: Path) -> Path | None:
    """`where`, if the four files are there, packed or not."""
    if where.is_file() and where.name.startswith(tuple(_FILES.values())):
        where = where.parent
    return where if where.is_dir() and all(_file(where, name) for name in _FILES.values()) else None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times say whether anything changed."""
    return [file for name in _FILES.values() if (file := _file(found, name)) is not None]


def is_mapped(_: Path) -> bool:
    """False: grey becomes RGB."""
    return False


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """Both splits. Raises HundredError where a file is damaged."""
    splits = {}
    for split in ("train", "test"):
        images = _array(found, _FILES[split, "images"], 3)
        labels = _array(found, _FILES[split, "labels"], 1)
        if len(images) != len(labels):
            raise HundredError(f"{found}: {len(images):,} {split} images but {len(labels):,} labels")
        splits[split] = Labelled(as_images(images, f"{found}, {split} images"), labels)
    height, width = splits["train"].images.shape[2:]
    size = options.image_size or choose_size([(width, height)])
    names = FASHION_NAMES if "fashion" in str(found).lower() else None
    raw = raw_from_arrays(splits, size, options.fit, names)
    note = size_note([(width, height)], size, options.fit)
    return Raw(**{**vars(raw), "notes": (*raw.notes, *([note] if note else [])), "split": "as published"})


def _file(folder: Path, name: str) -> Path | None:
    try:
        return next(
            (path for path in sorted(folder.iterdir()) if path.name.replace(".", "-").startswith(name)), None
        )
    except OSError:
        return None


def _array(folder: Path, name: str, dimensions: int) -> NDArray[np.uint8]:
    file = _file(folder, name)
    if file is None:
        raise HundredError(f"{folder} has no file {name}")
    try:
        if file.suffix == ".gz":
            with gzip.open(file, "rb") as stream:
                content = stream.read(_MOST_BYTES)
        else:
            content = file.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise HundredError(f"{file} cannot be read: {error}") from None
    head = 4 + 4 * dimensions
    if len(content) < head or content[:4] != bytes([0, 0, 8, dimensions]):
        raise HundredError(f"{file} is not one of MNIST's files: it does not begin like one")
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", dimensions, 4))
    needed = 1
    for size in shape:
        needed *= size
    if len(content) - head != needed:
        raise HundredError(
            f"{file} is cut short or damaged: {len(content) - head:,} bytes for {needed:,} pixels"
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)
