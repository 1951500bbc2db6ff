"""Sets given from Python: arrays, dictionaries of splits, a PyTorch `Dataset`, a `datasets.Dataset`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hundred.data.dataset import Dataset
from hundred.data.files.pictures import as_rgb, decode_picture, fit_square, picture_size
from hundred.data.formats.raw import Fit, ProgressCallback, no_progress
from hundred.data.formats.validate import check
from hundred.data.opening.arrays import Labelled, as_images, as_label_array, raw_from_arrays
from hundred.data.opening.load import as_dataset
from hundred.data.opening.sizes import SAMPLED, SIZES, check_size, choose_size, size_note
from hundred.errors import HundredError, UsageError

_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_SPLITS |= dict.fromkeys(("val", "valid", "validation", "dev"), "validation")
_REPORT_EVERY = 500
SMALLEST_KEPT = 28  # as MNIST's


def is_python_data(where: object) -> bool:
    """Whether `where` is data itself, not the place or name of it."""
    return (
        not isinstance(where, (str, bytes, Dataset))
        and where is not None
        and not hasattr(where, "__fspath__")
    )


def from_python(
    where: Any, image_size: int = 0, fit: Fit = "crop", progress: ProgressCallback = no_progress
) -> Dataset:
    """A set from whatever Python code has it in.

    where: (images, labels); ((images, labels), (images, labels)) for train and test, as Keras' `load_data`
        gives them; {"train": ..., "test": ...} of such pairs or of any of these; a PyTorch Dataset of
        (image, label) such as torchvision's; a `datasets.Dataset` or `DatasetDict`. Images are pictures,
        arrays or tensors; see `Dataset.from_arrays` for their layouts.

    Raises UsageError in one line for what is none of these or does not fit together.
    """
    check_size(image_size, fit)
    splits, names = _splits(where, image_size, fit, progress)
    return build(splits, names, image_size, fit)


def dataset_from_arrays(
    train: Any,
    test: Any = None,
    *,
    class_names: Any = None,
    superclasses: Any = None,
    image_size: int = 0,
    fit: Any = "crop",
    name: str = "arrays",
) -> Dataset:
    """See `Dataset.from_arrays`."""
    check_size(image_size, fit)
    given = {"all": train} if test is None else {"train": train, "test": test}
    splits = {split: _pair(pair, split) for split, pair in given.items()}
    return build(splits, class_names, image_size, fit, superclasses=superclasses, name=name)


def build(
    splits: Mapping[str, Labelled],
    class_names: Sequence[str] | None,
    image_size: int,
    fit: Fit,
    *,
    superclasses: Any = None,
    name: str = "arrays",
) -> Dataset:
    """The dataset of these splits. Raises UsageError where they do not fit together."""
    shapes = {split.images.shape[2:] for split in splits.values()}
    height, width = next(iter(shapes))
    if not image_size and (len(shapes) > 1 or height != width):
        sizes = " and ".join(f"{h}x{w}" for h, w in sorted(shapes))
        raise UsageError(f"images of {sizes}: set data.image_size to the side in pixels that all get")
    # Networks for small images halve them several times: fewer pixels than MNIST's are enlarged.
    size = image_size or (height if height >= SMALLEST_KEPT else SIZES[0])
    raw = raw_from_arrays(splits, size, fit, class_names, superclasses)
    note = size_note([(width, height)], size, fit)
    raw = replace(raw, notes=(*raw.notes, note)) if note else raw
    try:
        check(raw, "the data")
    except HundredError as error:
        raise UsageError(str(error)) from None
    return as_dataset(raw, "", "Python", "Python objects", name=name)


def _splits(
    where: Any, size: int, fit: Fit, progress: ProgressCallback
) -> tuple[dict[str, Labelled], Sequence[str] | None]:
    if isinstance(where, Mapping):
        named = {}
        for key, value in where.items():
            if str(key).lower() not in _SPLITS:
                raise UsageError(f"data has the key {key!r}: give 'train' with 'test', 'validation' or both")
            named[_SPLITS[str(key).lower()]] = value
        if "train" not in named:
            raise UsageError(f"data has {', '.join(map(repr, where)) or 'no key'} and no 'train'")
        if len(named) == 1:
            named = {"all": named["train"]}
        parts = {key: _one(value, key, size, fit, progress) for key, value in named.items()}
        return {key: part for key, (part, _) in parts.items()}, next(
            (n for _, n in parts.values() if n), None
        )
    if isinstance(where, tuple | list) and len(where) == 2 and _is_pair(where[0]) and _is_pair(where[1]):
        return {"train": _pair(where[0], "train"), "test": _pair(where[1], "test")}, None
    part, names = _one(where, "all", size, fit, progress)
    return {"all": part}, names


def _one(
    value: Any, split: str, size: int, fit: Fit, progress: ProgressCallback
) -> tuple[Labelled, Sequence[str] | None]:
    """One split, and the names of its classes where it has any."""
    if isinstance(value, tuple | list):
        return _pair(value, split), None
    if hasattr(value, "features") and hasattr(value, "column_names"):
        return _hugging_face(value, split, size, fit, progress)
    if hasattr(value, "__getitem__") and hasattr(value, "__len__"):
        return _map_style(value, split, size, fit, progress), _names_of(value)
    raise UsageError(
        f"data is a {type(value).__name__}: give a path or a name, (images, labels), a dictionary of splits, "
        "or a dataset with a length"
    )


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and hasattr(value[0], "__len__")


def _pair(pair: Any, split: str) -> Labelled:
    where = "" if split == "all" else f"{split} "
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        size = f" of {len(pair)}" if isinstance(pair, tuple | list) else ""
        raise UsageError(f"{where}data is a {type(pair).__name__}{size}: give a pair (images, labels)")
    images = as_images(pair[0], f"{where}images")
    return Labelled(images, as_label_array(pair[1], len(images), f"{where}labels"))


def _map_style(value: Any, split: str, size: int, fit: Fit, progress: ProgressCallback) -> Labelled:
    """A PyTorch Dataset, or anything with a length whose items are (image, label)."""
    images, labels = [], []
    for at in range(len(value)):
        item = value[at]
        if not isinstance(item, tuple | list) or len(item) < 2:
            raise UsageError(
                f"item {at} of the {type(value).__name__} is a {type(item).__name__}, not (image, label)"
            )
        images.append(item[0])
        labels.append(
            item[1].item() if isinstance(item[1], torch.Tensor) and item[1].numel() == 1 else item[1]
        )
        if at % _REPORT_EVERY == 0:
            progress(at, len(value))
    if not images:
        raise UsageError(f"the {type(value).__name__} is empty")
    return Labelled(_stacked(images, size, fit), as_label_array(labels, len(labels), f"{split} labels"))


def _stacked(images: Sequence[Any], size: int, fit: Fit) -> NDArray[np.uint8]:
    """Images of any kind and size as one array; of several sizes, all get the one chosen for them."""
    if isinstance(images[0], bytes) or hasattr(images[0], "convert"):
        sizes = [
            picture_size(image) if isinstance(image, bytes) else image.size
            for image in images[:: max(len(images) // SAMPLED, 1)]
        ]
        known = [each for each in sizes if each is not None]
        uniform = len(set(known)) == 1 and known[0][0] == known[0][1]
        side = size or (known[0][0] if uniform else choose_size(known))
        return np.stack([_picture(image, side, fit) for image in images])
    arrays = [image.numpy() if isinstance(image, torch.Tensor) else np.asarray(image) for image in images]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        some = " and ".join(map(str, sorted(shapes)[:2]))
        raise UsageError(f"images have shapes {some}: give arrays of one size, or pictures")
    return as_images(np.stack(arrays))


def _picture(image: Any, side: int, fit: Fit) -> NDArray[np.uint8]:
    if isinstance(image, bytes):
        return decode_picture(image, side, fit)
    return np.asarray(fit_square(as_rgb(image), side, fit)).transpose(2, 0, 1)


def _names_of(value: Any) -> Sequence[str] | None:
    """Class names as torchvision's datasets have them, through `Subset` too."""
    inner = value
    while not hasattr(inner, "classes") and hasattr(inner, "dataset"):
        inner = inner.dataset
    names = getattr(inner, "classes", None)
    return names if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names) else None


def _hugging_face(
    value: Any, split: str, size: int, fit: Fit, progress: ProgressCallback
) -> tuple[Labelled, Sequence[str] | None]:
    kinds = {name: type(feature).__name__ for name, feature in value.features.items()}
    image = next((name for name, kind in kinds.items() if kind == "Image"), None)
    image = image or next((name for name in ("img", "image", "images", "pixels") if name in kinds), None)
    known = [name for name in ("fine_label", "label", "labels", "class", "target") if name in kinds]
    label = next(iter(known + [name for name, kind in kinds.items() if kind == "ClassLabel"]), None)
    if image is None or label is None:
        raise UsageError(
            f"the dataset has the columns {', '.join(kinds)[:80]}: none is the image, or none the label"
        )
    images, labels = [], []
    for at in range(len(value)):
        row = value[at]
        images.append(row[image])
        labels.append(row[label])
        if at % _REPORT_EVERY == 0:
            progress(at, len(value))
    if not images:
        raise UsageError("the dataset is empty")
    return Labelled(
        _stacked(images, size, fit), as_label_array(labels, len(labels), f"{split} {label}")
    ), getattr(value.features[label], "names", None)
