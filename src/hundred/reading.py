"""Reading files that came from elsewhere at a bounded cost: only regular files, up to a size, and unpacked up
to a size. The bounds are checked before the work."""

import ast
import math
import os
import re
import stat
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from hundred.errors import HundredError

if TYPE_CHECKING:
    import numpy as np

MOST_BYTES = 64_000_000
MOST_TOML_BYTES = 1_000_000
MOST_UNPACKED_BYTES = 512_000_000

# A dotted TOML key, once it has more than 32 parts. The parser's time and memory grow with the square of the
# parts: 8.6 GB for 100,000. The lookbehind starts no search within a word.
_LONG_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){32}""")
_MOST_BRACKETS = 20_000
# Images compress by 2, logits hardly; a file of zeros by 1,000.
_MOST_COMPRESSION = 20


def open_regular(path: Path | str) -> BinaryIO:
    """`path` opened for reading, if it is a regular file: a pipe would block, a device may be endless.

    Raises OSError as the system reports it, HundredError where it is no regular file.
    """
    file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 (Path.open takes no opener)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise HundredError(f"{path} is a pipe, device or folder, not a regular file")
    return file


def read_bytes(path: Path | str, most: int = MOST_BYTES) -> bytes:
    """The content of the regular file `path`.

    Raises OSError as the system reports it, HundredError where it is no regular file or has over `most`
    bytes.
    """
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        size = os.stat(path).st_size  # noqa: PTH116
        raise HundredError(f"{path} has {size:,} bytes, more than the {most:,} that are read of such a file")
    return data


def parse_toml(text: str) -> dict[str, Any]:
    """`tomllib.loads`, for text of any origin. Raises ValueError in one line where it is not TOML, or too
    nested."""
    if _LONG_KEY.search(text):
        raise ValueError("a key has more than 32 parts")
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise ValueError(f"it has more than {_MOST_BRACKETS:,} brackets")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_toml(path: Path | str) -> dict[str, Any]:
    """The values of the TOML file `path`, of up to a megabyte.

    Raises OSError as the system reports it, HundredError where it is no regular file, too large or not TOML.
    """
    try:
        return parse_toml(read_bytes(path, MOST_TOML_BYTES).decode())
    except ValueError as error:
        raise HundredError(f"{path} is damaged: {str(error).splitlines()[0][:80]}") from None


def read_npz(path: Path | str, most: int = MOST_UNPACKED_BYTES) -> "dict[str, np.ndarray[Any, Any]]":
    """The arrays of an .npz file, of at most `most` bytes in memory, or 20 times the file where that is more.

    Raises OSError as the system reports it, HundredError where it is no regular file or too large unpacked,
    ValueError or an error of zipfile where it is damaged.
    """
    import numpy as np

    # Opened here: NumPy does not close what it opened where the archive in it is cut short.
    with open_regular(path) as file:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
            if unpacked > max(most, _MOST_COMPRESSION * os.fstat(file.fileno()).st_size):
                raise HundredError(
                    f"{path} unpacks to {unpacked:,} bytes, more than the {most:,} that are read"
                )
            for info in archive.infolist():
                _check_header(archive, info)
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}


def _check_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Refuse an array whose header announces more than its member holds: NumPy would allocate that first."""
    with archive.open(info) as member:
        start = member.read(12)
        if start[:6] != b"\x93NUMPY":
            return  # not an array: `np.load` returns the bytes
        long = start[6] > 1
        size = int.from_bytes(start[8:12] if long else start[8:10], "little")
        header = (start[12:] if long else start[10:]) + member.read(min(size, 10_000))
    shape = ast.literal_eval(header[:size].decode("latin-1").strip())["shape"]
    if math.prod(shape) > info.file_size:  # each element takes a byte or more
        raise ValueError(f"{info.filename} announces {list(shape)} in {info.file_size:,} bytes")


def _open_without_waiting(path: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
