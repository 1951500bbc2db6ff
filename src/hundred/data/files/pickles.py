"""A reader for pickles of plain values and NumPy arrays that imports and calls nothing.

It is Python's own unpickler in its pure Python form, closed in three ways: `find_class` admits the few
names that NumPy arrays are written with, and answers with stand-ins; instructions that build anything else
are absent; and memory grows with the file at a fixed rate. The last is why it is not the one in C, which
allocates what an instruction of 5 bytes announces (a memo of 2**31 entries, say) before it reads on.
"""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hundred.errors import HundredError

MOST_READS = 20_000_000  # about two an instruction; the training file of CIFAR-100 has 350,000 instructions
_VIEW_FROM = 1 << 16  # strings from this size on are views, not copies
_ELEMENTS = ("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8")


class RefusedError(Exception):
    """What in a pickle is not admitted."""


class _Function:
    """Stands for an admitted name; without attributes that a pickle could set."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setstate__(self, state: object) -> None:
        raise RefusedError("it changes a function")


class _Dtype:
    """Stands for a dtype of whole numbers."""

    __slots__ = ("name",)

    def __init__(self, kind: object, *_: object) -> None:
        text = kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)[:20]
        self.name = {"uint8": "u1", "|u1": "u1"}.get(text, text)
        if self.name not in _ELEMENTS:
            raise RefusedError(f"it holds an array of {text[:20]!r}, not of whole numbers")

    def __setstate__(self, state: object) -> None:
        """(version, byte order, ...): the rest says nothing new of whole numbers."""
        if isinstance(state, tuple) and len(state) > 1 and state[1] in (">", b">"):
            raise RefusedError("it holds an array of big-endian numbers")


class _Array:
    """Stands for an array until its state (shape and bytes) arrives; `value` is then a view on the bytes."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: np.ndarray | None = None

    def __setstate__(self, state: object) -> None:
        match state:
            case (int(), tuple(shape), _Dtype() as dtype, bool(by_column), bytes() | memoryview() as content):
                self.value = _array(content, dtype, shape, "F" if by_column else "C")
            case _:
                raise RefusedError("it holds an array of a form that is not read here")


def _array(content: bytes | memoryview, dtype: _Dtype, shape: tuple[Any, ...], order: Any) -> np.ndarray:
    size = len(content)
    if len(shape) > 4 or not all(type(n) is int and 0 < n <= size for n in shape):
        raise RefusedError(f"it holds an array of {size:,} bytes with a shape that cannot be")
    needed = np.dtype(dtype.name).itemsize
    for n in shape:
        needed *= n
    if needed != size:
        raise RefusedError(f"its array of shape {shape} does not fit its {size:,} bytes")
    return np.frombuffer(content, dtype.name).reshape(shape, order=order)


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _from_buffer(content: bytes | memoryview, dtype: _Dtype, shape: tuple[Any, ...], order: str) -> _Array:
    """Protocol 5: all of an array in one call."""
    if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple) or order not in ("C", "F"):
        raise RefusedError("it holds an array of a form that is not read here")
    made = _Array()
    made.value = _array(content, dtype, shape, order)
    return made


def _encode(text: str, encoding: str) -> bytes:
    """How protocol 2 of Python 3 writes bytes."""
    if type(text) is not str or encoding != "latin1":
        raise RefusedError("it encodes something other than bytes")
    return text.encode("latin-1")


def _ndarray(*_: object) -> None:
    raise RefusedError("it makes an array without its content")


# Each name as NumPy 1 and as NumPy 2 write it.
_ADMITTED = {
    ("numpy", "ndarray"): _Function(_ndarray),
    ("numpy", "dtype"): _Function(_Dtype),
    ("_codecs", "encode"): _Function(_encode),
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Function(_reconstruct) for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _Function(_from_buffer) for core in ("core", "_core")},
}
# fmt: off
_INSTRUCTIONS = (
    "PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1",
    "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
    "BINUNICODE", "SHORT_BINUNICODE", "EMPTY_LIST", "EMPTY_DICT", "EMPTY_TUPLE",
    "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "APPEND", "APPENDS",
    "BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET",
    "GLOBAL", "STACK_GLOBAL", "INST", "REDUCE", "BUILD",
)
# fmt: on
_PureUnpickler: Any = pickle._Unpickler


class _Unpickler(_PureUnpickler):
    """Reads one pickle from bytes in memory."""

    dispatch: ClassVar[dict[int, Any]] = {
        code[0]: _PureUnpickler.dispatch[code[0]]
        for code in (getattr(pickle, name) for name in _INSTRUCTIONS)
    }

    def __init__(self, content: memoryview) -> None:
        self._content, self._at, self._reads = content, 0, 0
        super().__init__(self, encoding="bytes")

    def read(self, size: int) -> bytes | memoryview:
        """The next `size` bytes; a view where they are many."""
        self._reads += 1
        if self._reads > MOST_READS:
            raise RefusedError(f"it has more than {MOST_READS // 2:,} instructions")
        end = self._at + size
        if size < 0 or end > len(self._content):
            raise EOFError
        piece = self._content[self._at : end]
        self._at = end
        return piece if size >= _VIEW_FROM else bytes(piece)

    def readline(self) -> bytes:
        """The next text up to a line break: module and attribute names."""
        size = bytes(self._content[self._at : self._at + 256]).index(b"\n") + 1
        return bytes(self.read(size))

    def find_class(self, module: str, name: str) -> _Function:
        """The stand-in of an admitted name."""
        if (module, name) not in _ADMITTED:
            raise RefusedError(f"it asks for {f'{module}.{name}'[:80]!r}, which no images need")
        return _ADMITTED[module, name]

    def _skip_frame(self) -> None:
        self.read(8)  # a length that is of use to streams only

    def _bytearray(self) -> None:
        self.append(self.read(int.from_bytes(self.read(8), "little")))

    def _set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (bytes, str):  # hashing a nested tuple can take for ever
                raise ValueError(key)
            target[key] = value

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set_items([key, value])

    def _set_marked_items(self) -> None:
        self._set_items(self.pop_mark())

    dispatch |= {
        pickle.FRAME[0]: _skip_frame,
        pickle.BYTEARRAY8[0]: _bytearray,
        pickle.SETITEM[0]: _set_item,
        pickle.SETITEMS[0]: _set_marked_items,
    }


def read_pickle(content: bytes | memoryview, what: str | Path) -> dict[str, Any]:
    """The dictionary in a pickle of protocol 2 to 5, as Python 2 or 3 and NumPy 1 or 2 wrote it.

    content: the whole file; what: how to name it in an error.
    Keys come back as text; values as int, bool, None, bytes, str, list, tuple, dict, or an array of whole
    numbers that shares its memory with `content`.

    Raises HundredError where it is no pickle, is cut short, or asks for anything but plain values and arrays.
    """
    content = memoryview(content).cast("B")
    if len(content) < 2 or content[0] != pickle.PROTO[0] or not 2 <= content[1] <= 5:
        raise HundredError(f"{what} is not a pickle of images: it does not begin like one")
    try:
        value = _Unpickler(content).load()
        if not isinstance(value, dict):
            raise RefusedError("it holds no dictionary")
        return {_text(key): _finished(item) for key, item in value.items()}
    except RefusedError as refused:
        raise HundredError(f"{what} was not opened, it is more than images: {refused}") from None
    except Exception:  # whatever instructions that do not fit together lead the unpickler into
        raise HundredError(
            f"{what} is cut short or damaged ({len(content):,} bytes); get a whole copy"
        ) from None


def _finished(value: object) -> object:
    """`value` with the array in place of its stand-in."""
    if not isinstance(value, _Array):
        return value
    if value.value is None:
        raise EOFError
    return value.value


def _text(key: bytes | str) -> str:
    return key.decode("latin-1") if isinstance(key, bytes) else key
