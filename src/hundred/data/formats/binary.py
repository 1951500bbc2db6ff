"""CIFAR-100's official binary form: the folder `cifar-100-binary` or the archive it comes in.

`train.bin` and `test.bin` hold rows of 3,074 bytes: superclass, fine class, then 1,024 red, green and blue
values (https://www.cs.toronto.edu/~kriz/cifar.html).
"""

from pathlib import Path
from typing import Any

import numpy as np

from hundred.data.files.archive import is_archive, read_members
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, RawSplit, ReadOptions
from hundred.errors import HundredError

NAME = "cifar-100-binary"
ROW_BYTES = 2 + 3072


def find(where: Path) -> Path | None:
    """`where`, if it is a folder or an archive of this form; the folder, if it is one of its two files."""
    if where.name in ("train.bin", "test.bin") and where.is_file():
        where = where.parent
    if (where / "train.bin").is_file() and (where / "test.bin").is_file():
        return where
    return where if is_archive(where, ("train.bin", "test.bin")) else None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times tell whether anything changed."""
    return [found / "train.bin", found / "test.bin"] if found.is_dir() else [found]


def is_mapped(_: Path) -> bool:
    """False: images alternate with labels and have to be copied."""
    return False


def read(found: Path, _options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """Both splits from what `find` gave.

    Raises HundredError where a file is missing, unreadable or does not end with a whole row.
    """
    if found.is_dir():
        contents: dict[str, Any] = {name: _bytes(found / name) for name in ("train.bin", "test.bin")}
    else:
        contents = read_members(found, ("train.bin", "test.bin"))
    inside = "/" if found.is_dir() else ", "
    train, test = (_split(contents[name], f"{found}{inside}{name}") for name in ("train.bin", "test.bin"))
    return Raw(train, test)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise HundredError(f"{path} cannot be read: {error.strerror}") from None


def _split(content: bytes | bytearray, what: str) -> RawSplit:
    if len(content) % ROW_BYTES or not content:
        raise HundredError(
            f"{what} is cut short or not CIFAR-100: {len(content):,} bytes are no whole rows of {ROW_BYTES:,}"
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, ROW_BYTES)
    images = rows[:, 2:].copy().reshape(-1, 3, 32, 32)
    return RawSplit(images, fine=rows[:, 1].copy(), coarse=rows[:, 0].copy())
