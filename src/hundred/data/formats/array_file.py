"""NumPy files as Keras users keep them: one `.npz`, or `.npy` pairs in a folder.

Names are those in use: `x_train`, `y_train`, `x_test`, `y_test`, also `X_`, `train_images`, `train_labels`,
`x_val`, and `x`, `y` (or `images`, `labels`, `data`, `target`) for a set without splits. `class_names` or
`names` is read too.
"""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions
from hundred.data.opening.arrays import Labelled, as_images, as_label_array, raw_from_arrays
from hundred.data.opening.sizes import choose_size, size_note
from hundred.errors import HundredError
from hundred.reading import read_npz

NAME = "NumPy arrays"
_IMAGES = {"x", "images", "image", "data", "img", "imgs", "pixels"}
_LABELS = {"y", "labels", "label", "target", "targets", "classes"}
_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_SPLITS |= dict.fromkeys(("val", "valid", "validation", "dev"), "validation")
_NAMES = {"class_names", "names", "label_names", "target_names", "classnames"}


def find(where: Path) -> Path | None:
    """`where`, if it is an `.npz` of images and labels, or a folder with `.npy` files of them."""
    try:
        if where.suffix == ".npz" and where.is_file():
            return where
        if where.is_dir():
            named = [path for path in where.glob("*.npy") if _meaning(path.stem)]
            kinds = {_meaning(path.stem)[1] for path in named}  # type: ignore[index]
            if {"images", "labels"} <= kinds:
                return where
            inside = sorted(where.glob("*.npz"))
            return inside[0] if len(inside) == 1 else None
    except OSError:
        pass
    return None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times say whether anything changed."""
    return [found] if found.is_file() else sorted(found.glob("*.npy"))


def is_mapped(_: Path) -> bool:
    """False: layouts differ, so that the images are copied."""
    return False


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """All splits in the file or folder.

    Raises HundredError where it is damaged, holds Python objects, or lacks images or labels.
    """
    arrays = _arrays(found)
    names = next((arrays[key] for key in arrays if key.lower() in _NAMES), None)
    parts: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        meaning = _meaning(key)
        if meaning is not None:
            parts.setdefault(meaning[0], {})[meaning[1]] = array
    whole = {split: part for split, part in parts.items() if {"images", "labels"} <= set(part)}
    if not whole:
        raise HundredError(
            f"{found} holds {', '.join(arrays)[:100] or 'nothing'}: name arrays x_train, y_train, "
            f"x_test, y_test, or x, y"
        )
    if "train" not in whole and "all" not in whole:
        raise HundredError(
            f"{found} holds {', '.join(whole)} images and no training images (x_train, y_train)"
        )
    splits = {}
    for split, part in whole.items():
        images = as_images(part["images"], f"{found}, {split} images")
        splits[split] = Labelled(
            images, as_label_array(part["labels"], len(images), f"{found}, {split} labels")
        )
    sizes = [split.images.shape[:1:-1] for split in splits.values()]
    size = options.image_size or choose_size(sizes)
    raw = raw_from_arrays(
        splits, size, options.fit, None if names is None else list(map(str, names.tolist()))
    )
    note = size_note(sizes, size, options.fit)
    return Raw(**{**vars(raw), "notes": (*raw.notes, *([note] if note else []))})


def _arrays(found: Path) -> dict[str, NDArray[Any]]:
    try:
        if found.is_file():
            return read_npz(found)
        return {path.stem: np.load(path, allow_pickle=False) for path in files(found)}
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise HundredError(
                f"{found} holds Python objects, which are not read: save plain arrays"
            ) from None
        raise HundredError(f"{found} is not a whole NumPy file: {error}") from None
    except (OSError, EOFError, zipfile.BadZipFile, KeyError, SyntaxError, MemoryError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HundredError(f"{found} is not a whole NumPy file: {text}") from None


def _meaning(key: str) -> tuple[str, str] | None:
    """Split and kind (`images` or `labels`) of an array by its name, such as `x_train` or `trainLabels`."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower())
    splits = [_SPLITS[word] for word in words if word in _SPLITS]
    kinds = ["images" for word in words if word in _IMAGES] + ["labels" for word in words if word in _LABELS]
    if len(set(kinds)) != 1 or len(splits) > 1 or len(words) > 3:
        return None
    return (splits or ["all"])[0], kinds[0]
