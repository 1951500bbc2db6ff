"""A reader for the official archive's Python 2 pickles that runs nothing.

A pickle is a program for a small stack machine. Python's own unpickler, even restricted by `find_class`, lets
a file of 10 bytes allocate gigabytes; so `pickle_machine.py` is one with only the instructions that plain
values and NumPy arrays need, and this file turns what it says into plain values or one line of error.
"""

from pathlib import Path
from typing import Any

from hundred.data.formats.pickle_machine import Array, DamagedError, Machine, RefusedError
from hundred.errors import HundredError


def read_pickle(content: bytes | memoryview, what: str | Path) -> dict[str, Any]:
    """The dictionary that a pickle of CIFAR-100 holds.

    content: the whole file; what: how to name it in an error.
    Keys come back as text; values as int, bool, None, bytes, str, list, tuple, dict or a uint8 array that
    shares its memory with `content`.

    Raises HundredError where it is no pickle, is cut short, or asks for anything but plain values and arrays.
    """
    content = memoryview(content).cast("B")
    if len(content) == 0 or content[0] != 0x80:
        raise HundredError(f"{what} is not one of CIFAR-100's pickle files: it does not begin like one")
    try:
        value = Machine(content).run()
        if not isinstance(value, dict):
            raise RefusedError("it holds no dictionary")
        return {_text(key): _finished(item) for key, item in value.items()}
    except RefusedError as refused:
        raise HundredError(f"{what} was not opened, it is not from CIFAR-100: {refused}") from None
    except DamagedError:
        raise HundredError(
            f"{what} is cut short or damaged ({len(content):,} bytes); get a whole copy"
        ) from None


def _finished(value: object) -> object:
    """`value` with the array in place of its stand-in."""
    if not isinstance(value, Array):
        return value
    if value.value is None:
        raise DamagedError
    return value.value


def _text(key: bytes | str) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else key
