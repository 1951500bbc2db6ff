"""The structures of an HDF5 file, decoded from its bytes in Python, with every offset and count checked.

After the HDF Group's "HDF5 File Format Specification", version 3: superblocks 0 and 1, object headers 1,
symbol tables, the heaps, and the messages below: all that h5py writes by default, and so all of Keras' files.
The HDF5 library itself never opens an untrusted file: a few flipped bytes make it loop for ever.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF
SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: Structures that one reading may touch. ResNet50 takes 20,000.
_MOST_STEPS = 500_000


class Damaged(Exception):
    """The bytes are not what the format allows; the message is a few words."""


class Unsupported(Damaged):
    """The file uses a part of the format that is not read here."""


class Bytes:
    """The file's bytes, read with bounds; it also counts steps, so that circles come to an end."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.size = len(data)
        self._steps = 0
        self.heaps: dict[int, dict[int, tuple[int, int]]] = {}  # of each heap: where each object is

    def take(self, offset: int, count: int) -> memoryview:
        """`count` bytes from `offset`. Raises Damaged where the file has none."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise Damaged("its structures run in circles")
        if offset < 0 or count < 0 or offset + count > self.size:
            raise Damaged(f"{count} bytes at {offset} are outside the file of {self.size}")
        return self._data[offset : offset + count]

    def unpack(self, form: str, offset: int) -> tuple[int, ...]:
        """Little-endian integers, as the struct module names them."""
        return struct.unpack("<" + form, self.take(offset, struct.calcsize("<" + form)))

    def expect(self, offset: int, signature: bytes) -> None:
        """Raise Damaged unless `signature` is at `offset`."""
        if bytes(self.take(offset, len(signature))) != signature:
            raise Damaged(f"{signature!r} is missing at {offset}")

    def text(self, offset: int, end: int) -> str:
        """A zero-terminated name that starts at `offset` and ends before `end`."""
        raw = bytes(self.take(offset, min(end - offset, 4096)))
        stop = raw.find(b"\0")
        if stop < 0:
            raise Damaged(f"a name at {offset} has no end")
        return decoded(raw[:stop])


def decoded(raw: bytes) -> str:
    """UTF-8 text, or Damaged."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Damaged("a text is not UTF-8") from None


@dataclass(frozen=True)
class Message:
    """One message of an object header: its kind, and where its data are."""

    kind: int
    offset: int
    size: int


@dataclass(frozen=True)
class Link:
    """An entry of a group. `address` is of its object header, or None for a link to elsewhere."""

    name: str
    address: int | None


@dataclass(frozen=True)
class DataType:
    """One element: kind `i`, `u`, `f` (number), `b` (bfloat16), `S` (text), `O` (text in the heap)."""

    kind: str
    size: int
    big_endian: bool = False


@dataclass(frozen=True)
class Attribute:
    """A named value beside an object: type, shape, and where its data are."""

    name: str
    type: DataType
    shape: tuple[int, ...]
    offset: int
    end: int


@dataclass
class Layout:
    """Where an array's values are: at `offset`, or in chunks of `chunk` elements under a tree at `tree`."""

    offset: int = 0
    bytes: int = 0
    chunk: tuple[int, ...] = ()
    tree: int = 0
    filters: list[int] = field(default_factory=list)


def root_address(data: Bytes) -> int:
    """The object header of the root group, from the superblock."""
    data.expect(0, SIGNATURE)
    version, offsets, lengths = data.unpack("B", 8)[0], *data.unpack("BB", 13)
    if version not in (0, 1):
        raise Unsupported("it is written in HDF5's newest form; save it again with Keras")
    if (offsets, lengths) != (8, 8):
        raise Unsupported("its offsets are not of 8 bytes")
    start = 24 if version == 0 else 28
    base, _, end, _ = data.unpack("QQQQ", start)
    if base != 0:
        raise Unsupported("it does not begin at its first byte")
    if end > data.size:
        raise Damaged(f"it should have {end} bytes and has {data.size}: truncated")
    return data.unpack("QQ", start + 32)[1]


def messages(data: Bytes, address: int) -> list[Message]:
    """All messages of the object header at `address`, through its continuations."""
    if bytes(data.take(address, 4)) == b"OHDR":
        raise Unsupported("it is written in HDF5's newest form; save it again with Keras")
    version, _, count, _, size = data.unpack("BBHII", address)
    if version != 1:
        raise Damaged(f"no object header at {address}")
    found: list[Message] = []
    blocks = [(address + 16, size)]
    for start, length in blocks:
        here, end = start, start + length
        while here + 8 <= end and len(found) < count:
            kind, size, flags = data.unpack("HHB", here)
            data.take(here + 8, size)
            if flags & 2:
                raise Unsupported("it shares types between objects")
            if kind == 0x10:
                blocks.append((data.unpack("QQ", here + 8)[0], data.unpack("QQ", here + 8)[1]))
                if len(blocks) > 10_000:
                    raise Damaged("an object header runs in circles")
            found.append(Message(kind, here + 8, size))
            here += 8 + size
    return found


def links(data: Bytes, header: list[Message]) -> Iterator[Link]:
    """The entries of a group, from its symbol table or its link messages."""
    for message in header:
        if message.kind == 0x11:
            tree, heap = data.unpack("QQ", message.offset)
            yield from _symbols(data, tree, heap)
        elif message.kind == 0x06:
            yield _link(data, message)
        elif message.kind == 0x02:
            flags = data.unpack("BB", message.offset)[1]
            if data.unpack("Q", message.offset + 2 + 8 * (flags & 1))[0] != UNDEFINED:
                raise Unsupported("a group is written in HDF5's newest form; save it again with Keras")


def _symbols(data: Bytes, tree: int, heap: int) -> Iterator[Link]:
    data.expect(heap, b"HEAP")
    size, _, names = data.unpack("QQQ", heap + 8)
    data.take(names, size)
    for node in tree_leaves(data, tree, kind=0, key_bytes=8):
        data.expect(node, b"SNOD")
        for i in range(data.unpack("H", node + 6)[0]):
            name, address, cache = data.unpack("QQI", node + 8 + 40 * i)
            yield Link(data.text(names + name, names + size), None if cache == 2 else address)


def _link(data: Bytes, message: Message) -> Link:
    version, flags = data.unpack("BB", message.offset)
    if version != 1:
        raise Damaged("a link is of no known version")
    here, kind = message.offset + 2, 0
    if flags & 8:
        kind, here = data.unpack("B", here)[0], here + 1
    here += 8 * bool(flags & 4) + bool(flags & 16)
    width = 1 << (flags & 3)
    length = data.unpack("BHIQ"[flags & 3], here)[0]
    name = decoded(bytes(data.take(here + width, min(length, 4096))))
    return Link(name, data.unpack("Q", here + width + length)[0] if kind == 0 else None)


def tree_leaves(data: Bytes, address: int, kind: int, key_bytes: int, above: int = 256) -> Iterator[int]:
    """What the leaves of a B-tree (version 1) point to. For chunks (kind 1) the place of the key instead."""
    data.expect(address, b"TREE")
    found, level, count = data.unpack("BBH", address + 4)
    if found != kind or level >= above:  # levels fall towards the leaves, so there is no circle
        raise Damaged("a tree is out of order")
    for i in range(count):
        key = address + 24 + i * (key_bytes + 8)
        child = data.unpack("Q", key + key_bytes)[0]
        if level:
            yield from tree_leaves(data, child, kind, key_bytes, level)
        else:
            yield child if kind == 0 else key


def data_type(data: Bytes, offset: int) -> DataType:
    """The type described at `offset`. Raises Unsupported for one that no weights or names have."""
    first, bits, _, _, size = data.unpack("BBBBI", offset)
    kind = first & 15
    if kind == 0 and size in (1, 2, 4, 8):
        return DataType("i" if bits & 8 else "u", size, bool(bits & 1))
    if kind == 1 and size in (2, 4, 8):
        mantissa = data.unpack("B", offset + 8 + 7)[0]
        if bits & 64 or (size, mantissa) not in ((2, 10), (2, 7), (4, 23), (8, 52)):
            raise Unsupported("its numbers are of an unknown form")
        return DataType("b" if mantissa == 7 else "f", size, bool(bits & 1))
    if kind == 3:
        return DataType("S", size)
    if kind == 9 and bits & 15 == 1 and size == 16:
        return DataType("O", 16)
    raise Unsupported("it holds neither numbers nor text")


def data_shape(data: Bytes, offset: int) -> tuple[int, ...]:
    """The shape described at `offset`; () is one value."""
    version, rank, _, kind = data.unpack("BBBB", offset)
    if version not in (1, 2) or rank > 32:
        raise Damaged("a shape is out of order")
    if version == 2 and kind == 2:
        return (0,)
    return data.unpack("Q" * rank, offset + (8 if version == 1 else 4))


def attribute(data: Bytes, message: Message) -> Attribute:
    """The attribute in `message`."""
    version, flags, name, kind, shape = data.unpack("BBHHH", message.offset)
    if version not in (1, 2, 3) or (version > 1 and flags):
        raise Unsupported("an attribute is of no known version")
    step = 8 if version == 1 else 1  # version 1 pads each part to 8 bytes
    here = message.offset + (9 if version == 3 else 8)
    text = data.text(here, here + name)
    type_at = here + _up(name, step)
    shape_at = type_at + _up(kind, step)
    return Attribute(
        text,
        data_type(data, type_at),
        data_shape(data, shape_at),
        shape_at + _up(shape, step),
        message.offset + message.size,
    )


def _up(size: int, step: int) -> int:
    return -(-size // step) * step


def layout(data: Bytes, header: list[Message]) -> Layout:
    """Where the values of the array with this `header` are."""
    found = Layout()
    for message in header:
        if message.kind == 0x07:
            raise Unsupported("it keeps its values in another file: refused")
        if message.kind == 0x0B:
            found.filters = _filters(data, message.offset)
        if message.kind != 0x08:
            continue
        version, kind = data.unpack("BB", message.offset)
        if version != 3 or kind > 2:
            raise Unsupported("its values are laid out in an unknown way (or in another file)")
        if kind == 0:
            found.bytes, found.offset = data.unpack("H", message.offset + 2)[0], message.offset + 4
        elif kind == 1:
            found.offset, found.bytes = data.unpack("QQ", message.offset + 2)
        else:
            rank = data.unpack("B", message.offset + 2)[0]
            found.tree = data.unpack("Q", message.offset + 3)[0]
            found.chunk = data.unpack("I" * min(rank, 33), message.offset + 11)
    return found


def _filters(data: Bytes, offset: int) -> list[int]:
    version, count = data.unpack("BB", offset)
    here, found = offset + (8 if version == 1 else 2), []
    for _ in range(count):
        number = data.unpack("H", here)[0]
        named = version == 1 or number >= 256
        name, _, values = data.unpack("HHH" if named else "xxHH", here + 2) if named else (0, 0, 0)
        if not named:
            values = data.unpack("HH", here + 2)[1]
        here += (8 if named else 6) + _up(name, 8 if version == 1 else 1)
        here += 4 * (values + (values & 1 if version == 1 else 0))
        found.append(number)
    return found


def heap_object(data: Bytes, collection: int, index: int) -> memoryview:
    """Object `index` of the global heap collection at `collection`."""
    if collection not in data.heaps:
        data.expect(collection, b"GCOL")
        objects = data.heaps[collection] = {}
        here, end = collection + 16, collection + data.unpack("Q", collection + 8)[0]
        while here + 16 <= end:
            number, _, length = data.unpack("HHxxxxQ", here)
            if number == 0:  # the free room at the end
                break
            objects[number] = here + 16, length
            here += 16 + _up(length, 8)
    if index not in data.heaps[collection]:
        raise Damaged("a text is missing in the heap")
    return data.take(*data.heaps[collection][index])
