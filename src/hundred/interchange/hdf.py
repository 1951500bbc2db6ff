"""HDF5 opened with suspicion: no links out of the place, no external storage, no array larger than its file.

A stranger's file may name other files on this machine (external links, external storage, virtual datasets),
claim an array of terabytes in a few bytes, or loop through links. Names are therefore resolved one by one,
hard links only, and shapes are compared with what lies in the file before anything is read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from hundred.errors import HundredError
from hundred.interchange.settings import shown

#: Zero-filled weights compress at most about a thousandfold; trained ones hardly at all.
_COMPRESSION_ALLOWED = 50
_ALWAYS_ALLOWED_BYTES = 16 << 20
#: deflate, shuffle, fletcher32: what Keras and h5py use; others load plug-ins.
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32, 32000}
#: What h5py and HDF5 raise for broken files, as found by flipping bytes.
_BROKEN = (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, OverflowError, MemoryError,
           UnicodeError, IndexError, NotImplementedError, SystemError, AssertionError)  # fmt: skip


@contextmanager
def opened(source: Path | bytes, name: str) -> Iterator["Group"]:
    """The root of an HDF5 file, given as path or as its bytes; `name` is for messages.

    Raises HundredError where it is no HDF5 file or a broken one, also from inside the `with` body.
    """
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        file = h5py.File(BytesIO(source) if isinstance(source, bytes) else source, "r")
    except _BROKEN as error:
        raise HundredError(f"{name}: damaged or no HDF5 file ({_short(error)})") from None
    try:
        yield Group(file, "/", name, size)
    finally:
        with _as_damage(name, "/"):
            file.close()


@contextmanager
def _as_damage(name: str, where: str) -> Iterator[None]:
    try:
        yield
    except HundredError:
        raise
    except _BROKEN as error:
        raise HundredError(f"{name}: damaged at {shown(where)} ({_short(error)})") from None


def _short(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return shown(text.splitlines()[0].strip("'\""))


class Group:
    """One HDF5 group, read through checks."""

    def __init__(self, group: h5py.Group, path: str, name: str, file_bytes: int) -> None:
        """`name` is the file's for messages."""
        self._group, self.path, self.name, self._file_bytes = group, path, name, file_bytes

    def has(self, key: str) -> bool:
        """Whether `key` is here by a hard link."""
        with _as_damage(self.name, self.path):
            return key in self._group.keys() and isinstance(  # noqa: SIM118 (`in group` would follow links)
                self._group.get(key, getlink=True), h5py.HardLink
            )

    def keys(self) -> list[str]:
        """The names here, at most a hundred thousand."""
        with _as_damage(self.name, self.path):
            if len(self._group) > 100_000:
                raise HundredError(f"{self.name}: {len(self._group)} entries at {shown(self.path)}")
            return [str(key) for key in self._group.keys()]  # noqa: SIM118

    def group(self, path: str) -> "Group":
        """The group at the relative `path`."""
        found = self._find(path)
        if not isinstance(found, h5py.Group):
            raise HundredError(f"{self.name}: {shown(self.path + path)} is no group")
        return Group(found, f"{self.path}{path}/", self.name, self._file_bytes)

    def attribute(self, key: str) -> Any:
        """The attribute `key`, or None."""
        with _as_damage(self.name, f"{self.path} @{key}"):
            if key not in self._group.attrs:
                return None
            space = self._group.attrs.get_id(key).get_space()
            if space.get_simple_extent_npoints() * 8 > self._file_bytes + 1024:
                raise HundredError(f"{self.name}: attribute {shown(key)} is larger than the file")
            return self._group.attrs[key]

    def text(self, key: str) -> str | None:
        """The attribute `key` as text, or None where there is none."""
        value = self.attribute(key)
        if isinstance(value, bytes):
            with _as_damage(self.name, f"{self.path} @{key}"):
                return value.decode("utf-8")
        if value is not None and not isinstance(value, str):
            raise HundredError(f"{self.name}: attribute {shown(key)} is no text")
        return value

    def names(self, key: str) -> list[str] | None:
        """A list of names such as `weight_names`; Keras splits long ones over `key0`, `key1`, ..."""
        value = self.attribute(key)
        if value is not None:
            return self._as_names(key, value)
        if self.attribute(key + "0") is None:
            return None
        found: list[str] = []
        for i in range(10_000):
            part = self.attribute(f"{key}{i}")
            if part is None:
                break
            found += self._as_names(key, part)
        return found

    def _as_names(self, key: str, value: Any) -> list[str]:
        with _as_damage(self.name, f"{self.path} @{key}"):
            items = np.asarray(value).reshape(-1).tolist()
            names = [item.decode("utf-8") if isinstance(item, bytes) else item for item in items]
        if items and not all(isinstance(name, str) for name in names):
            if np.asarray(value).size == 0:
                return []
            raise HundredError(f"{self.name}: {shown(self.path)} @{key} is no list of names")
        return names

    def dataset(self, path: str) -> "Stored":
        """The array at the relative `path`, checked but not read."""
        found = self._find(path)
        if not isinstance(found, h5py.Dataset):
            raise HundredError(f"{self.name}: {shown(self.path + path)} is no array")
        stored = Stored(found, self.path + path, self.name)
        with _as_damage(self.name, stored.path):
            stored.check(self._file_bytes)
        return stored

    def _find(self, path: str) -> Any:
        """Follow `path` one hard link at a time."""
        here: Any = self._group
        where = self.path
        for part in [part for part in path.split("/") if part]:
            with _as_damage(self.name, where):
                if part in ("..", ".") or not isinstance(here, h5py.Group):
                    raise HundredError(f"{self.name}: nothing at {shown(where + part)}")
                link = here.get(part, getlink=True) if part in here.keys() else None  # noqa: SIM118
                if link is None:
                    raise HundredError(f"{self.name}: {shown(where + part)} is missing")
                if not isinstance(link, h5py.HardLink):
                    raise HundredError(f"{self.name}: {shown(where + part)} is a link to elsewhere: refused")
                here = here[part]
            where += part + "/"
        return here


class Stored:
    """One array of weights in the file: its shape is known, its values are read when asked for."""

    def __init__(self, dataset: h5py.Dataset, path: str, name: str) -> None:
        """`name` is the file's for messages."""
        self._dataset, self.path, self._name = dataset, path, name
        self.shape: tuple[int, ...] = ()

    def check(self, file_bytes: int) -> None:
        """Refuse storage outside the file, what is no numbers, and more bytes than the file can hold."""
        dataset = self._dataset
        layout = dataset.id.get_create_plist()
        if dataset.is_virtual or layout.get_external_count() > 0:
            raise HundredError(f"{self._name}: {shown(self.path)} keeps its values in another file: refused")
        filters = {layout.get_filter(i)[0] for i in range(layout.get_nfilters())}
        if filters - _FILTERS:
            raise HundredError(f"{self._name}: {shown(self.path)} is compressed in an unknown way")
        if dataset.shape is None or dataset.dtype.kind not in "fiu" or dataset.dtype.itemsize > 8:
            raise HundredError(f"{self._name}: {shown(self.path)} holds {shown(dataset.dtype)}, no weights")
        self.shape = tuple(int(side) for side in dataset.shape)
        claimed = int(np.prod(self.shape, dtype=object)) * dataset.dtype.itemsize if self.shape else 8
        stored = int(dataset.id.get_storage_size())
        if stored > file_bytes or claimed > max(_ALWAYS_ALLOWED_BYTES, _COMPRESSION_ALLOWED * stored):
            raise HundredError(
                f"{self._name}: {shown(self.path)} claims the shape {shown(list(self.shape))}, "
                f"the file holds {stored} bytes of it"
            )

    def read(self) -> NDArray[np.float32]:
        """The values as float32."""
        with _as_damage(self._name, self.path):
            # A length of zero in `dtype` cannot come here: check() looked at kind and size.
            values = np.asarray(self._dataset[()])
            with np.errstate(over="ignore", invalid="ignore"):
                return np.ascontiguousarray(values, dtype=np.float32).reshape(self.shape)
