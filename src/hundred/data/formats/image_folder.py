"""CIFAR-100 as folders of pictures: train/<class>/*.png and test/<class>/*.png.

Class folders may stand in folders of superclasses, and be written with spaces, dashes or capitals.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hundred.data.formats.image_file import SUFFIXES, pixels
from hundred.data.formats.raw import ProgressCallback, Raw, RawSplit, no_progress
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE, plain_name
from hundred.errors import HundredError, nearest

NAME = "folder of pictures"
_AT_ONCE = 500  # pictures between two words on how far it is
_FINE = {plain_name(name): label for label, name in enumerate(FINE_NAMES)}
_COARSE = {plain_name(name): label for label, name in enumerate(COARSE_NAMES)}


def find(where: Path) -> Path | None:
    """`where`, if it has the folders train and test with at least one folder of pictures each."""
    return where if all(_looks_right(where / split) for split in ("train", "test")) else None


def files(found: Path) -> list[str]:
    """The files that `read` would read, whose sizes and times tell whether anything changed.

    As text: making 60,000 Path objects takes longer than listing the folders.
    """
    return [path for split in ("train", "test") for path, _, _ in _listed(found / split)]


def is_mapped(_: Path) -> bool:
    """False: the images have to be unpacked."""
    return False


def read(found: Path, progress: ProgressCallback = no_progress) -> Raw:
    """Both splits from what `find` gave, by class, then by file name.

    Raises HundredError naming missing or unknown classes, or the picture at fault.
    """
    listed = {split: _listed(found / split) for split in ("train", "test")}
    total = sum(len(each) for each in listed.values())
    train = _split(listed["train"], lambda done: progress(done, total))
    return Raw(train, _split(listed["test"], lambda done: progress(len(train.fine) + done, total)))


def _looks_right(folder: Path) -> bool:
    """Whether there is a picture one or two folders down: a quick look, not a check."""
    if not folder.is_dir():
        return False
    patterns = (f"*/{inner}*{suffix}" for inner in ("", "*/") for suffix in SUFFIXES)
    return any(next(folder.glob(pattern), None) is not None for pattern in patterns)


def _split(listed: list[tuple[str, int, int]], progress: Callable[[int], None]) -> RawSplit:
    images = np.empty((len(listed), 3, 32, 32), np.uint8)
    for at, (path, _, _) in enumerate(listed):
        images[at] = pixels(path, path).transpose(2, 0, 1)
        if at % _AT_ONCE == 0:
            progress(at)
    fine = np.array([label for _, label, _ in listed], np.uint8)
    return RawSplit(images, fine, np.array([label for _, _, label in listed], np.uint8))


def _listed(folder: Path) -> list[tuple[str, int, int]]:
    """Every picture with its fine class and superclass, in label order, then by name."""
    classes = sorted(_classes(folder), key=lambda found: (found[1], found[0].name))
    missing = [
        name for label, name in enumerate(FINE_NAMES) if label not in {label for _, label, _ in classes}
    ]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise HundredError(
            f"{folder} lacks {len(missing)} of the 100 classes: {', '.join(missing[:5])}{more}"
        )
    return [(path, fine, coarse) for inner, fine, coarse in classes for path in _pictures(inner)]


def _classes(folder: Path, coarse: int | None = None) -> Iterator[tuple[Path, int, int]]:
    """Each folder of a fine class, its label, and the superclass that its parent is named for, if any."""
    for inner in _folders(folder):
        name = plain_name(inner.name)
        if name in _FINE:
            fine = _FINE[name]
            yield inner, fine, FINE_TO_COARSE[fine] if coarse is None else coarse
        elif name in _COARSE and coarse is None:
            yield from _classes(inner, _COARSE[name])
        else:
            hint = nearest(inner.name, FINE_NAMES)
            raise HundredError(f"{inner} is not named for a class of CIFAR-100{hint}")


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                Path(entry.path) for entry in entries if entry.is_dir() and entry.name[0] not in "._"
            )
    except OSError as error:
        raise HundredError(f"{folder} cannot be read: {error.strerror}") from None


def _pictures(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.path
                for entry in entries
                if entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(".")
            )
    except OSError as error:
        raise HundredError(f"{folder} cannot be read: {error.strerror}") from None
