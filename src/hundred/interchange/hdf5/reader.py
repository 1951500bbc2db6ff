"""Groups, attributes and arrays of an HDF5 file that may be damaged or hostile.

Every name is resolved here, through entries of the file itself: no link leads elsewhere, no plug-in is
loaded, and no array is given room for more values than the file holds.
"""

import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.errors import HundredError
from hundred.interchange.hdf5 import bytes as low
from hundred.interchange.read.settings import shown

#: Trained weights hardly compress at all; what claims more than this is no network's.
_COMPRESSION_ALLOWED = 50
_ALWAYS_ALLOWED_BYTES = 16 << 20
_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3


@contextmanager
def opened(source: Path | bytes, name: str) -> Iterator["Group"]:
    """The root of an HDF5 file, given as path or as its bytes; `name` is for messages.

    Raises HundredError where it is no HDF5 file or a broken one.
    """
    if isinstance(source, bytes):
        yield _root(memoryview(source), name)
        return
    try:
        with source.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise HundredError(f"{name}: cannot be read ({shown(str(error))})") from None
    try:
        yield _root(memoryview(mapped), name)
    finally:
        # Whoever still holds a part of it (an error on its way up) lets the map go later.
        with suppress(BufferError):
            mapped.close()


def _root(view: memoryview, name: str) -> "Group":
    data = low.Bytes(view)
    with _as_damage(name, "its beginning"):
        return Group(data, low.root_address(data), "/", name)


@contextmanager
def _as_damage(name: str, where: str) -> Iterator[None]:
    try:
        yield
    except low.Unsupported as error:
        raise HundredError(f"{name}: {shown(where)} cannot be read: {error}") from None
    except low.Damaged as error:
        raise HundredError(f"{name}: damaged at {shown(where)}: {error}") from None


class Group:
    """One group of the file."""

    def __init__(self, data: low.Bytes, address: int, path: str, name: str) -> None:
        """`name` is the file's for messages. Raises low.Damaged where there is no group."""
        self._data, self.path, self.name = data, path, name
        header = low.messages(data, address)
        self._links = {link.name: link for link in low.links(data, header)}
        self._attributes = {
            found.name: found
            for message in header
            if message.kind == 0x0C and (found := _readable(data, message)) is not None
        }

    def has(self, key: str) -> bool:
        """Whether there is something at the relative path `key`, not by a link to elsewhere."""
        *above, last = _parts(key) or [""]
        here = self
        for part in above:
            if not here.has(part):
                return False
            here = here.group(part)
        link = here._links.get(last)
        return link is not None and link.address is not None

    def keys(self) -> list[str]:
        """The names here."""
        return list(self._links)

    def has_attribute(self, key: str) -> bool:
        """Whether there is an attribute `key`."""
        return key in self._attributes

    def text(self, key: str) -> str | None:
        """The attribute `key` as text, or None where there is none."""
        if key not in self._attributes:
            return None
        texts = self._texts(key)
        if len(texts) != 1:
            raise HundredError(f"{self.name}: attribute {shown(key)} is no text")
        return texts[0]

    def names(self, key: str) -> list[str] | None:
        """A list of names such as `weight_names`; Keras splits long ones over `key0`, `key1`, ..."""
        if key in self._attributes:
            return self._texts(key)
        if key + "0" not in self._attributes:
            return None
        found: list[str] = []
        part = 0
        while f"{key}{part}" in self._attributes:
            found += self._texts(f"{key}{part}")
            part += 1
        return found

    def _texts(self, key: str) -> list[str]:
        """All elements of a text attribute."""
        with _as_damage(self.name, f"{self.path} @{key}"):
            a = self._attributes[key]
            count = _product(a.shape)
            if count == 0:
                return []
            if a.type.kind not in "SO" or count * a.type.size > a.end - a.offset:
                raise low.Damaged("it is no text, or longer than its place")
            return [self._one_text(a, i) for i in range(count)]

    def _one_text(self, a: low.Attribute, i: int) -> str:
        here = a.offset + i * a.type.size
        if a.type.kind == "S":
            return low.decoded(bytes(self._data.take(here, a.type.size)).rstrip(b"\0"))
        length, collection, index = self._data.unpack("IQI", here)
        raw = bytes(low.heap_object(self._data, collection, index))[:length] if length else b""
        return low.decoded(raw.rstrip(b"\0"))

    def group(self, path: str) -> "Group":
        """The group at the relative `path`."""
        here = self
        for part in _parts(path):
            address = here._address(part)
            with _as_damage(self.name, f"{here.path}{part}"):
                here = Group(self._data, address, f"{here.path}{part}/", self.name)
        return here

    def dataset(self, path: str) -> "Stored":
        """The array at the relative `path`, checked but not read."""
        *above, last = _parts(path) or [""]
        here = self.group("/".join(above))
        address = here._address(last)
        with _as_damage(self.name, here.path + last):
            return Stored(self._data, address, here.path + last, self.name)

    def _address(self, key: str) -> int:
        link = self._links.get(key)
        if link is None:
            raise HundredError(f"{self.name}: {shown(self.path + key)} is missing")
        if link.address is None:
            raise HundredError(f"{self.name}: {shown(self.path + key)} is a link to elsewhere: refused")
        return link.address


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _readable(data: low.Bytes, message: low.Message) -> low.Attribute | None:
    """The attribute in `message`, or None where it is of a type that nothing here asks for."""
    try:
        return low.attribute(data, message)
    except low.Unsupported:
        return None


def _product(shape: tuple[int, ...]) -> int:
    size = 1
    for side in shape:
        size *= side
    return size


class Stored:
    """One array of weights in the file: its shape is known, its values are read when asked for."""

    def __init__(self, data: low.Bytes, address: int, path: str, name: str) -> None:
        """`name` is the file's for messages. Raises low.Damaged for what is no array of numbers."""
        self._data, self.path, self._name = data, path, name
        header = low.messages(data, address)
        places = {message.kind: message.offset for message in header}
        if not {0x01, 0x03, 0x08} <= places.keys():
            raise low.Damaged("it is no array")
        self.shape = low.data_shape(data, places[0x01])
        self._type = low.data_type(data, places[0x03])
        self._layout = low.layout(data, header)
        if self._type.kind not in "iufb":
            raise low.Damaged("it holds no numbers")
        self._check_size()

    def _check_size(self) -> None:
        """Compare what the shape claims with what the file holds."""
        claimed = _product(self.shape) * self._type.size
        if self._layout.chunk:
            self._chunks = list(self._find_chunks())
            stored = sum(size for _, size, _ in self._chunks)
            enough = claimed <= max(_ALWAYS_ALLOWED_BYTES, _COMPRESSION_ALLOWED * stored)
        else:
            stored = self._layout.bytes
            enough = claimed <= stored and (claimed == 0 or self._layout.offset != low.UNDEFINED)
            if enough and claimed:
                self._data.take(self._layout.offset, claimed)
        if not enough:
            raise low.Damaged(f"it claims the shape {list(self.shape)}, the file holds {stored} bytes of it")

    def read(self) -> NDArray[np.float32]:
        """The values as float32."""
        with _as_damage(self._name, self.path):
            order = ">" if self._type.big_endian else "<"
            kind = "u" if self._type.kind == "b" else self._type.kind
            dtype = np.dtype(f"{order}{kind}{self._type.size}")
            values = self._read_chunks(dtype) if self._layout.chunk else self._read_whole(dtype)
            if self._type.kind == "b":  # bfloat16 is the upper half of a float32
                values = (values.astype(np.uint32) << 16).view(np.float32)
            with np.errstate(over="ignore", invalid="ignore"):
                return np.array(values, dtype=np.float32).reshape(self.shape)

    def _read_whole(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        count = _product(self.shape)
        raw = self._data.take(self._layout.offset, count * dtype.itemsize) if count else b""
        return np.frombuffer(raw, dtype).reshape(self.shape)

    def _find_chunks(self) -> Iterator[tuple[tuple[int, ...], int, int]]:
        """(first element, bytes, address) of each chunk."""
        rank = len(self.shape)
        unknown = set(self._layout.filters) - {_DEFLATE, _SHUFFLE, _FLETCHER32}
        if len(self._layout.chunk) != rank + 1 or 0 in self._layout.chunk or unknown:
            raise low.Unsupported("it is compressed or cut up in an unknown way")
        if self._layout.tree == low.UNDEFINED:
            return
        width = 8 + 8 * (rank + 1)
        for key in low.tree_leaves(self._data, self._layout.tree, kind=1, key_bytes=width):
            size, mask, *first = self._data.unpack("II" + "Q" * rank, key)
            address = self._data.unpack("Q", key + width)[0]
            if mask or any(at >= side for at, side in zip(first, self.shape, strict=True)):
                raise low.Damaged("a chunk is out of order")
            self._data.take(address, size)
            yield tuple(first), size, address

    def _read_chunks(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        values = np.zeros(self.shape, dtype)
        chunk = self._layout.chunk[:-1]
        bytes_of_one = _product(chunk) * dtype.itemsize
        if bytes_of_one > max(_ALWAYS_ALLOWED_BYTES, 4 * values.nbytes):
            raise low.Damaged("a chunk is absurdly large")
        for first, size, address in self._chunks:
            raw = self._unfiltered(bytes(self._data.take(address, size)), bytes_of_one, dtype.itemsize)
            block = np.frombuffer(raw, dtype).reshape(chunk)
            room = tuple(slice(at, min(at + side, end)) for at, side, end in
                         zip(first, chunk, self.shape, strict=True))  # fmt: skip
            values[room] = block[tuple(slice(0, place.stop - place.start) for place in room)]
        return values

    def _unfiltered(self, raw: bytes, wanted: int, item: int) -> bytes:
        """One chunk as it was before compression."""
        for number in reversed(self._layout.filters):
            if number == _FLETCHER32:
                raw = raw[:-4]
            elif number == _DEFLATE:
                try:
                    raw = zlib.decompressobj().decompress(raw, wanted + 64)
                except zlib.error:
                    raise low.Damaged("a compressed part cannot be unpacked") from None
            elif len(raw) % item == 0:
                raw = np.frombuffer(raw, np.uint8).reshape(item, -1).T.tobytes()
        if len(raw) != wanted:
            raise low.Damaged("a part has the wrong size")
        return raw
