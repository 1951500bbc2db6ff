"""Opened images kept in the user's cache as plain arrays, so that opening them again only maps files.

The official folder is mapped itself and needs no copy; of it only the digest is remembered. An entry belongs
to one source path and holds while no file there changes its size or time. It is written whole, `entry.json`
last; one that does not fit its own description is ignored and written anew, and where the cache cannot be
written, it is done without.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from hundred.data.formats.raw import Raw, RawSplit
from hundred.files import write_json, write_with

_LAYOUT = 1  # raised when the files below change their meaning
_SHAPES = {"images": (3, 32, 32), "labels": (2,)}  # labels: fine class, superclass


def cache_folder() -> Path:
    """Where downloads and opened images are kept for this user."""
    return Path(platformdirs.user_cache_dir("hundred"))


def fingerprint(files: Sequence[str | Path]) -> str:
    """Changes when any of `files` is replaced, grows, shrinks or is written to. Raises OSError."""
    digest = hashlib.sha256()
    for path in files:
        name = os.fspath(path)
        facts = os.stat(name)  # noqa: PTH116 - these may be 60,000, as text
        digest.update(os.fsencode(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n"))
    return digest.hexdigest()


def digest_arrays(raw: Raw) -> str:
    """SHA-256 (hex) over images, fine classes and superclasses of the training, then of the test images."""
    digest = hashlib.sha256()
    for split in (raw.train, raw.test):
        for array in (split.images, split.fine, split.coarse):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def save_entry(source: Path, mark: str, raw: Raw, digest: str, *, with_images: bool) -> None:
    """Keep the digest, and `with_images` the arrays, of what was read from `source` at fingerprint `mark`."""
    folder = _entry_folder(source)
    with contextlib.suppress(OSError):
        _forget_vanished()
        written = _write_arrays(folder, raw) if with_images else {}
        entry = {"layout": _LAYOUT, "source": str(source.resolve()), "fingerprint": mark, "digest": digest}
        write_json(folder / "entry.json", entry | {"files": written})


def load_digest(source: Path, mark: str) -> str | None:
    """The digest of what was read from `source`, if it has not changed since."""
    entry = _entry(source, mark)
    return str(entry["digest"]) if entry else None


def load_entry(source: Path, mark: str) -> tuple[Raw, str] | None:
    """What was read from `source` and its digest, if it was kept and neither has changed since.

    The images are mapped copy-on-write: nothing is read before it is used; writing to them changes no file.
    """
    entry = _entry(source, mark)
    if entry is None or not entry["files"]:
        return None
    folder = _entry_folder(source)
    try:
        raw = Raw(_mapped_split(folder, "train"), _mapped_split(folder, "test"))
        touched = any(_facts(folder / name) != facts for name, facts in entry["files"].items())
    except (OSError, ValueError, EOFError):
        return None
    # Somebody wrote to these files (a restored backup, say): only their content can tell.
    if touched and digest_arrays(raw) != entry["digest"]:
        return None
    return raw, str(entry["digest"])


def _entry_folder(source: Path) -> Path:
    name = hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:16]
    return cache_folder() / "opened" / name


def _entry(source: Path, mark: str) -> dict[str, Any] | None:
    try:
        entry = json.loads((_entry_folder(source) / "entry.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    match entry:
        case {"layout": int(layout), "fingerprint": str(known), "digest": str(), "files": dict()}:
            return entry if layout == _LAYOUT and known == mark else None
    return None


def _write_arrays(folder: Path, raw: Raw) -> dict[str, list[int]]:
    """Write both splits; returns the size and time of each file."""
    for name, split in (("train", raw.train), ("test", raw.test)):
        labels = np.stack([split.fine, split.coarse], axis=1)
        write_with(folder / f"{name}-images.npy", partial(np.save, arr=split.images))
        write_with(folder / f"{name}-labels.npy", partial(np.save, arr=labels))
    return {path.name: _facts(path) for path in sorted(folder.glob("*.npy"))}


def _facts(path: Path) -> list[int]:
    facts = path.stat()
    return [facts.st_size, facts.st_mtime_ns]


def _mapped_split(folder: Path, name: str) -> RawSplit:
    images = _mapped(folder / f"{name}-images.npy", "images")
    labels = np.array(_mapped(folder / f"{name}-labels.npy", "labels"))
    return RawSplit(images, labels[:, 0].copy(), labels[:, 1].copy())


def _mapped(path: Path, kind: str) -> NDArray[np.uint8]:
    """The array in `path`. Raises ValueError or EOFError (cut short, another shape) or OSError."""
    array = np.load(path, mmap_mode="c", allow_pickle=False)
    if array.dtype != np.uint8 or array.shape[1:] != _SHAPES[kind]:
        raise ValueError(path)
    return np.asarray(array)


def _forget_vanished() -> None:
    """Remove what was kept of sources that are no longer there: images are large."""
    for path in (cache_folder() / "opened").glob("*/entry.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if not Path(json.loads(path.read_text("utf-8"))["source"]).exists():
                shutil.rmtree(path.parent)
