"""The stack machine behind `pickles.py`: the instructions of a pickle that only make plain values.

Instruction codes: Python's `pickletools`, protocols 2 to 5. What is absent here is refused: everything that
would import, call or build, but for the three names that NumPy arrays are written with, which make stand-ins.
Memory grows with the file at a fixed rate: no instruction allocates what it only announces.
"""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

# Each name as NumPy 1 and as NumPy 2 write it.
ADMITTED = {
    "numpy ndarray",
    "numpy dtype",
    "numpy.core.multiarray _reconstruct",
    "numpy._core.multiarray _reconstruct",
}
MOST_INSTRUCTIONS = 5_000_000  # the archive's training file has 350,000
_VIEW_FROM = 1 << 16  # strings from this size on are views, not copies
_UINT8 = ("u1", "|u1", "uint8")  # the only element type that the archive holds
_MARK = object()


class RefusedError(Exception):
    """What in a pickle is not admitted."""


class DamagedError(Exception):
    """The pickle ends early or its instructions do not fit together."""


class Name:
    """Stands for an admitted NumPy name, which only `_reduce` understands."""

    def __init__(self, name: str) -> None:
        self.name = name


class ElementType:
    """Stands for numpy.dtype("uint8")."""


class Array:
    """Stands for an array until its state (shape and bytes) arrives; `value` is then a view on the bytes."""

    def __init__(self) -> None:
        self.value: np.ndarray | None = None

    def set_state(self, state: object) -> None:
        """Take NumPy's (version, shape, element type, column order, bytes)."""
        match state:
            case (int(), tuple(shape), ElementType(), bool(columns_first), bytes() | memoryview() as content):
                pass
            case _:
                raise RefusedError("it holds an array of a form that CIFAR-100 does not use")
        size = len(content)
        if len(shape) > 4 or not all(type(n) is int and 0 < n <= size for n in shape):
            raise RefusedError(f"it holds an array of {size:,} bytes with a shape that cannot be")
        elements = 1
        for n in shape:
            elements *= n
        if elements != size:
            raise RefusedError(f"its array of shape {tuple(shape)} does not fit its {size:,} bytes")
        self.value = np.frombuffer(content, np.uint8).reshape(shape, order="F" if columns_first else "C")


class Machine:
    """Runs one pickle. `content` is the whole of it, as bytes."""

    def __init__(self, content: memoryview) -> None:
        self.content = content
        self.at = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        """The value that the pickle leaves. Raises RefusedError or DamagedError."""
        try:
            return self._run()
        except (IndexError, struct.error):
            raise DamagedError from None
        except (TypeError, ValueError, KeyError, AttributeError):
            raise DamagedError from None

    def _run(self) -> Any:
        content = self.content
        for _ in range(MOST_INSTRUCTIONS):
            code = content[self.at]
            self.at += 1
            if code == 0x2E:  # STOP
                return self.stack.pop()
            step = _STEPS.get(code)
            if step is None:
                raise RefusedError(f"it holds the instruction {code:#04x}, which CIFAR-100 does not use")
            step(self)
        raise RefusedError(f"it has more than {MOST_INSTRUCTIONS:,} instructions")

    # Reading operands.

    def take(self, size: int) -> bytes | memoryview:
        """The next `size` bytes; a view where they are many."""
        end = self.at + size
        if end > len(self.content):
            raise DamagedError
        piece = self.content[self.at : end]
        self.at = end
        return piece if size >= _VIEW_FROM else bytes(piece)

    def number(self, form: str) -> int:
        """The next little-endian integer in a `struct` form."""
        (value,) = struct.unpack_from(form, self.content, self.at)
        self.at += struct.calcsize(form)
        return int(value)

    def line(self) -> str:
        """The next text up to a line break (module and attribute names)."""
        window = bytes(self.content[self.at : self.at + 256])
        size = window.index(b"\n")
        self.at += size + 1
        return window[:size].decode("latin-1")

    def since_mark(self) -> list[Any]:
        """Pop all that was pushed since the last mark."""
        stack = self.stack
        for at in range(len(stack) - 1, -1, -1):
            if stack[at] is _MARK:
                items = stack[at + 1 :]
                del stack[at:]
                return items
        raise DamagedError

    # Instructions with more than a line to do.

    def put(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise DamagedError
        target.extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise DamagedError
        for key, value in zip(items[::2], items[1::2], strict=True):
            if type(key) not in (bytes, str):  # hashing a nested tuple can take for ever
                raise DamagedError
            target[key] = value

    def name(self, module: object, name: object) -> None:
        full = f"{module} {name}" if type(module) is str and type(name) is str else "?"
        if full not in ADMITTED:
            raise RefusedError(f"it asks for {full.replace(' ', '.')[:80]!r}, which CIFAR-100 does not need")
        self.stack.append(Name(full.rpartition(" ")[2]))

    def reduce(self) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        match called, arguments:
            case Name(name="_reconstruct"), (Name(name="ndarray"), tuple(), bytes() | str()):
                self.stack.append(Array())
            case Name(name="dtype"), (bytes() | str() as kind, *_):
                text = kind.decode("latin-1") if isinstance(kind, bytes) else kind
                if text not in _UINT8:
                    raise RefusedError(f"it holds an array of {text[:20]!r}, not of bytes")
                self.stack.append(ElementType())
            case Name(name=name), _:
                raise RefusedError(f"it calls numpy's {name} in a way that CIFAR-100 does not")
            case _:
                raise DamagedError

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Array):
            target.set_state(state)
        elif not isinstance(target, ElementType):  # the state of uint8 says nothing new
            raise DamagedError


def _push(make: Callable[[Machine], Any]) -> Callable[[Machine], None]:
    return lambda machine: machine.stack.append(make(machine))


def _tuple(size: int) -> Callable[[Machine], None]:
    def step(machine: Machine) -> None:
        if len(machine.stack) < size:
            raise DamagedError
        items = tuple(machine.stack[-size:])
        del machine.stack[-size:]
        machine.stack.append(items)

    return step


def _text(form: str) -> Callable[[Machine], None]:
    return _push(lambda m: str(m.take(m.number(form)), "utf-8", "surrogatepass"))


def _bytes(form: str) -> Callable[[Machine], None]:
    return _push(lambda m: m.take(m.number(form)))


def _protocol(machine: Machine) -> None:
    version = machine.number("<B")
    if version not in (2, 3, 4, 5):
        raise RefusedError(f"it is of pickle protocol {version}")


def _frame(machine: Machine) -> None:
    machine.number("<Q")


def _stack_name(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.name(module, name)


def _short_int(machine: Machine) -> None:  # labels: the instruction that most of a file consists of
    machine.stack.append(machine.content[machine.at])
    machine.at += 1


_STEPS: dict[int, Callable[[Machine], None]] = {
    0x80: _protocol,
    0x95: _frame,  # FRAME: a length, of use to streams only
    0x28: lambda m: m.stack.append(_MARK),
    0x4E: lambda m: m.stack.append(None),
    0x88: lambda m: m.stack.append(True),
    0x89: lambda m: m.stack.append(False),
    0x4B: _short_int,
    0x4D: _push(lambda m: m.number("<H")),
    0x4A: _push(lambda m: m.number("<i")),
    0x8A: _push(lambda m: int.from_bytes(m.take(m.number("<B")), "little", signed=True)),
    0x55: _bytes("<B"),  # SHORT_BINSTRING, text of Python 2
    0x54: _bytes("<i"),  # BINSTRING
    0x43: _bytes("<B"),  # SHORT_BINBYTES
    0x42: _bytes("<I"),  # BINBYTES
    0x8E: _bytes("<Q"),  # BINBYTES8
    0x58: _text("<I"),
    0x8C: _text("<B"),
    0x5D: lambda m: m.stack.append([]),
    0x7D: lambda m: m.stack.append({}),
    0x29: lambda m: m.stack.append(()),
    0x74: _push(lambda m: tuple(m.since_mark())),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    0x61: lambda m: m.extend([m.stack.pop()]),
    0x65: lambda m: m.extend(m.since_mark()),
    0x73: lambda m: m.set_items([m.stack.pop(-2), m.stack.pop()]),
    0x75: lambda m: m.set_items(m.since_mark()),
    0x71: lambda m: m.put(m.number("<B")),
    0x72: lambda m: m.put(m.number("<I")),
    0x94: lambda m: m.put(len(m.memo)),
    0x68: _push(lambda m: m.memo[m.number("<B")]),
    0x6A: _push(lambda m: m.memo[m.number("<I")]),
    0x63: lambda m: m.name(m.line(), m.line()),
    0x69: lambda m: m.name(m.line(), m.line()),  # INST: never admitted further, but named in the refusal
    0x93: _stack_name,
    0x52: lambda m: m.reduce(),
    0x62: lambda m: m.build(),
}
