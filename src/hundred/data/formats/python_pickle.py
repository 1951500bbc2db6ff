"""CIFAR-100 as published: the folder `cifar-100-python` of Python 2 pickles, or the archive it comes in.

Files `train` and `test`, each a pickle of `data` (uint8 [n, 3072], a row per image: 1,024 red, then green,
then blue), `fine_labels` and `coarse_labels` (https://www.cs.toronto.edu/~kriz/cifar.html).
"""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.files.archive import is_archive, read_members
from hundred.data.files.pickles import read_pickle
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, RawSplit, ReadOptions
from hundred.errors import HundredError

NAME = "cifar-100-python"


def find(where: Path) -> Path | None:
    """`where`, if it is a folder or an archive of this form; the folder, if it is one of its two files."""
    if where.name in ("train", "test") and where.is_file():
        where = where.parent
    if (where / "train").is_file() and (where / "test").is_file():
        return where
    return where if is_archive(where, ("train", "test")) else None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times tell whether anything changed."""
    return [found / "train", found / "test"] if found.is_dir() else [found]


def is_mapped(found: Path) -> bool:
    """Whether reading copies nothing, so that a cache would hold the same again."""
    return found.is_dir()


def read(found: Path, _options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """Both splits from what `find` gave. From a folder, the images are views on the mapped files: not copied.

    Raises HundredError where a file is missing, cut short, or not what it should be.
    """
    if found.is_dir():
        contents: dict[str, Any] = {name: _mapped(found / name) for name in ("train", "test")}
    else:
        contents = read_members(found, ("train", "test"))
    inside = "/" if found.is_dir() else ", "
    splits = {name: _split(content, f"{found}{inside}{name}") for name, content in contents.items()}
    return Raw(splits["train"], splits["test"])


def _mapped(path: Path) -> bytes | mmap.mmap:
    """The file's bytes, mapped copy-on-write, so that tensors on them may be written without touching it."""
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                return b""
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except OSError as error:
        raise HundredError(f"{path} cannot be read: {error.strerror}") from None


def _split(content: bytes | bytearray | mmap.mmap, what: str) -> RawSplit:
    value = read_pickle(memoryview(content), what)
    images = value.get("data")
    if not isinstance(images, np.ndarray) or images.ndim != 2 or images.shape[1] != 3072:
        raise HundredError(f"{what} is not from CIFAR-100: it holds no images of 32x32 in three colours")
    if "fine_labels" not in value or "coarse_labels" not in value:
        hint = "; it looks like CIFAR-10" if "labels" in value else ""
        raise HundredError(f"{what} is not from CIFAR-100: it holds no fine and superclass labels{hint}")
    return RawSplit(
        images.reshape(-1, 3, 32, 32),
        _labels(value["fine_labels"], f"{what}, fine_labels"),
        _labels(value["coarse_labels"], f"{what}, coarse_labels"),
    )


def _labels(value: object, what: str) -> NDArray[np.uint8]:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return value
    try:
        if isinstance(value, list):
            return np.frombuffer(bytearray(value), np.uint8)
    except (TypeError, ValueError):
        pass
    raise HundredError(f"{what}: expected a list of whole numbers from 0 to 99")
