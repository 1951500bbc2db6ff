"""Opened images kept in the user's cache as plain arrays, so that opening them again only maps files.

An entry belongs to the content of its source: the form, how it was to be read, and the names, sizes and times
of its files, wherever the folder is; a set that has moved is found again. The time of a file's last change
(`ctime`) is among them, since no program can set it back: a picture that was replaced by one of the same size
and date (`cp -p`, `rsync`) is read anew, without reading every picture on each opening.

It is written in a folder of its own and moved into place whole; one that does not fit its own description is
ignored and written anew, and where the cache cannot be written, it is done without. The official folder of
CIFAR-100 is mapped itself and needs no copy; of it only the digest is kept.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from hundred.data.formats.raw import Raw, RawSplit
from hundred.data.opening.digest import digest_arrays
from hundred.files import write_json

_HASHED_AT_ONCE = 1000  # files, of a fingerprint
_LAYOUT = 3  # raised when the files below change their meaning
_ABOUT = ("fine_names", "coarse_names", "fine_to_coarse", "split", "notes")


def cache_folder() -> Path:
    """Where downloads and opened images are kept for this user."""
    return Path(platformdirs.user_cache_dir("hundred"))


def fingerprint(files: Sequence[str | Path], root: Path | str = "", how: str = "") -> str:
    """Changes when any of `files` is replaced, grows, shrinks or is written to, and with `how` it is read.

    Where the folder `root` is makes no difference. Raises OSError.
    """
    digest = hashlib.sha256(how.encode())
    above = os.fspath(root)
    for begin in range(0, len(files), _HASHED_AT_ONCE):
        lines = []
        for path in files[begin : begin + _HASHED_AT_ONCE]:
            name = os.fspath(path)
            about = os.stat(name)  # noqa: PTH116 - these may be 60,000, as text
            name = name.removeprefix(above)
            lines.append(f"{name}\0{about.st_size}\0{about.st_mtime_ns}\0{about.st_ctime_ns}\n")
        digest.update(os.fsencode("".join(lines)))
    return digest.hexdigest()


class NewEntry:
    """Room in the cache for the images of a set that is being read. Without a cache, room in memory."""

    def __init__(self) -> None:
        """Make a temporary folder, where that is possible."""
        self.folder: Path | None = None
        with contextlib.suppress(OSError):
            _opened().mkdir(parents=True, exist_ok=True)
            _forget_vanished()
            self.folder = Path(tempfile.mkdtemp(prefix=".new-", dir=_opened()))

    def allocate(self, name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """An array to decode the images of split `name` into: the file itself, or memory."""
        if self.folder is not None and all(shape):
            with contextlib.suppress(OSError):
                free = shutil.disk_usage(self.folder).free
                if free > 1.1 * np.prod(shape, dtype=float):
                    path = self.folder / f"{name}-images.npy"
                    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        return np.empty(shape, np.uint8)

    def write_back(self) -> None:
        """Have the disk take the images that are in the files so far, which a second of reading may hide."""
        for path in sorted(self.folder.glob("*-images.npy")) if self.folder is not None else ():
            with contextlib.suppress(OSError), path.open("r+b") as file:
                os.fsync(file)

    def keep(
        self, source: Path, mark: str, raw: Raw, digest: str, *, with_images: bool, how: str = ""
    ) -> None:
        """Write the rest of the entry of `source` at fingerprint `mark`, and put it in its place.

        What was kept of the same source, read by the same `how`, at an earlier fingerprint is removed.
        """
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            written = self._write_arrays(raw) if with_images else {}
            about = {key: getattr(raw, key) for key in _ABOUT}
            counts = {name: len(split.fine) for name, split in (("train", raw.train), ("test", raw.test))}
            place_of_source = str(source.resolve())
            entry = {
                "layout": _LAYOUT,
                "source": place_of_source,
                "how": how,
                "fingerprint": mark,
                "digest": digest,
            }
            _forget_earlier(place_of_source, how)
            write_json(self.folder / "entry.json", entry | about | {"counts": counts, "files": written})
            place = _entry_folder(mark)
            shutil.rmtree(place, ignore_errors=True)
            self.folder.rename(place)
            self.folder = None

    def discard(self) -> None:
        """Remove what was not kept."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _write_arrays(self, raw: Raw) -> dict[str, list[int]]:
        """Write what is not there yet; returns the size and time of each file."""
        assert self.folder is not None  # noqa: S101
        for name, split in (("train", raw.train), ("test", raw.test)):
            file = self.folder / f"{name}-images.npy"
            if _mapped_file(split.images) == file:
                _flush(split.images)
            else:
                np.save(file, split.images)
            labels = np.stack([split.fine, split.coarse], axis=1).astype(np.int32)
            np.save(self.folder / f"{name}-labels.npy", labels)
        if raw.validation_indices is not None:
            np.save(self.folder / "validation.npy", raw.validation_indices)
        return {path.name: _facts(path) for path in sorted(self.folder.glob("*.npy"))}


def load_digest(mark: str) -> str | None:
    """The digest of what was read at fingerprint `mark`."""
    entry = _entry(mark)
    return str(entry["digest"]) if entry else None


def load_entry(source: Path, mark: str) -> tuple[Raw, str] | None:
    """What was read from `source` at fingerprint `mark` and its digest, if it was kept and has not changed.

    The images are mapped copy-on-write: nothing is read before it is used; writing to them changes no file.
    """
    entry = _entry(mark)
    if entry is None or not entry["files"]:
        return None
    folder = _entry_folder(mark)
    try:
        raw = _raw(folder, entry)
        touched = any(_facts(folder / name) != facts for name, facts in entry["files"].items())
    except (OSError, ValueError, EOFError, KeyError, TypeError, IndexError):
        return None
    # Something wrote to these files (a restored backup, say): only their content can show whether it matters.
    if touched and digest_arrays(raw) != entry["digest"]:
        return None
    if entry["source"] != str(source.resolve()):  # it has moved: it is still there
        with contextlib.suppress(OSError):
            write_json(folder / "entry.json", entry | {"source": str(source.resolve())})
    return raw, str(entry["digest"])


def _raw(folder: Path, entry: dict[str, Any]) -> Raw:
    splits = [_mapped_split(folder, name, int(entry["counts"][name])) for name in ("train", "test")]
    validation = None
    if "validation.npy" in entry["files"]:
        validation = np.load(folder / "validation.npy", allow_pickle=False).astype(np.int64)
    about: dict[str, Any] = {
        key: tuple(entry[key]) if isinstance(entry[key], list) else entry[key] for key in _ABOUT
    }
    raw = Raw(splits[0], splits[1], validation_indices=validation, **about)
    if not raw.fine_names or max(map(int, splits[0].fine), default=0) >= len(raw.fine_names):
        raise ValueError(folder)
    return raw


def _opened() -> Path:
    return cache_folder() / "opened"


def _entry_folder(mark: str) -> Path:
    return _opened() / mark[:32]


def _entry(mark: str) -> dict[str, Any] | None:
    try:
        entry = json.loads((_entry_folder(mark) / "entry.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    match entry:
        case {
            "layout": int(layout),
            "fingerprint": str(known),
            "digest": str(),
            "files": dict(),
            "source": str(),
        }:
            return entry if layout == _LAYOUT and known == mark else None
    return None


def _mapped_file(array: NDArray[np.uint8]) -> Path | None:
    """The file that `array`, or what it is a view on, is a map of."""
    base: Any = array
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    return Path(base.filename) if isinstance(base, np.memmap) and base.filename is not None else None


def _flush(array: Any) -> None:
    while array is not None:
        if isinstance(array, np.memmap):
            array.flush()
        array = getattr(array, "base", None)


def _facts(path: Path) -> list[int]:
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]


def _mapped_split(folder: Path, name: str, count: int) -> RawSplit:
    """One split. Raises ValueError or EOFError (cut short, another shape) or OSError."""
    images = np.load(folder / f"{name}-images.npy", mmap_mode="c", allow_pickle=False)
    labels = np.load(folder / f"{name}-labels.npy", allow_pickle=False)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 3 or len(images) < count:
        raise ValueError(folder)
    if labels.shape != (count, 2):
        raise ValueError(folder)
    return RawSplit(np.asarray(images)[:count], labels[:, 0].copy(), labels[:, 1].copy())


def _forget_vanished() -> None:
    """Remove what was kept of sources that are no longer there, and by earlier versions: images are large."""
    for folder in _opened().iterdir():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            entry = json.loads((folder / "entry.json").read_text("utf-8"))
            if entry["layout"] != _LAYOUT or not Path(entry["source"]).exists():
                shutil.rmtree(folder)


def _forget_earlier(source: str, how: str) -> None:
    """Remove what was kept of this source, read the same way, before it changed."""
    for folder in _opened().iterdir():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            entry = json.loads((folder / "entry.json").read_text("utf-8"))
            if entry["source"] == source and entry["how"] == how:
                shutil.rmtree(folder)
