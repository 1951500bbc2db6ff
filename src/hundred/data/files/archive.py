"""Reading chosen members of a .tar.gz from its stream. Nothing is ever extracted to the disk."""

import gzip
import tarfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from hundred.errors import HundredError

# Unpacked, either official archive has 185 MB; more is a decompression bomb or another file.
MOST_BYTES = 600_000_000
_MOST_MEMBERS = 1000
# What the two official archives hold; the first of these to come says which of them it is.
_KNOWN = ("train", "test", "train.bin", "test.bin")


def is_archive(path: Path, names: Collection[str]) -> bool:
    """Whether `path` is a .tar.gz whose first data file is one of `names`.

    One too damaged to tell is claimed by its file name, so that reading it says what is wrong.
    """
    try:
        with path.open("rb") as file:
            if file.read(2) != b"\x1f\x8b":
                return False
        with _members(path) as (_, members):
            files = (_last_name(member) for member in members if member.isreg())
            return next((name for name in files if name in _KNOWN), None) in names
    except IsADirectoryError:
        return False
    except HundredError:
        return ("binary" in path.name) == ("train.bin" in names)
    except OSError:
        return False


def read_members(path: Path, names: Collection[str]) -> dict[str, bytearray]:
    """The contents of the regular files in the archive with these last names, whatever folder they are in.

    They are bytearrays, so that tensors on them may be written to.

    Raises HundredError where the archive is damaged, unreadable or lacks one of them.
    """
    found: dict[str, bytearray] = {}
    with _members(path) as (archive, members):
        for member in members:
            name = _last_name(member)
            if name not in names or name in found or not member.isreg():
                continue
            found[name] = _content(archive, member)
            if len(found) == len(names):
                return found
    missing = sorted(set(names) - set(found))
    raise HundredError(f"{path} holds no file {missing[0]!r}: it is not CIFAR-100 in this form")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytearray:
    if member.size > MOST_BYTES:
        raise HundredError(f"{_last_name(member)} claims {member.size:,} bytes, more than CIFAR-100 has")
    stream = archive.extractfile(member)
    content = bytearray(member.size)
    # BufferedReader.readinto fills all of it unless the archive ends first.
    if stream is None or cast("BufferedReader", stream).readinto(content) != member.size:
        raise EOFError
    return content


def _last_name(member: tarfile.TarInfo) -> str:
    return PurePosixPath(member.name).name


class _BoundedStream:
    """A stream that ends in an error after MOST_BYTES, so that no header or member can be larger."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MOST_BYTES

    def read(self, size: int) -> bytes:
        piece = self._stream.read(min(size, self._left + 1))
        self._left -= len(piece)
        if self._left < 0:
            raise HundredError(f"it unpacks to more than {MOST_BYTES:,} bytes, which CIFAR-100 does not")
        return piece


@contextmanager
def _members(path: Path) -> Iterator[tuple[tarfile.TarFile, Iterator[tarfile.TarInfo]]]:
    try:
        with gzip.open(path, "rb") as stream:
            bounded = cast("BinaryIO", _BoundedStream(cast("BinaryIO", stream)))
            with tarfile.open(fileobj=bounded, mode="r|") as archive:
                yield archive, (member for _, member in zip(range(_MOST_MEMBERS), archive, strict=False))
    except HundredError as error:
        raise HundredError(f"{path}: {error}") from None
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError):
        raise HundredError(f"{path} is not a whole .tar.gz archive: remove it and get it again") from None
    except OSError as error:
        raise HundredError(f"{path} cannot be read: {error.strerror or error}") from None
