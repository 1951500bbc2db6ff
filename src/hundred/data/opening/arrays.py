"""Images and labels as arrays of any usual layout, made uniform where there is no doubt, else one line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hundred.data.formats.raw import Fit, Raw, RawSplit, coarse_of
from hundred.data.split import three_way
from hundred.errors import UsageError


@dataclass(frozen=True)
class Labelled:
    """Images of one split, uint8 [n, 3, h, w], and their labels as given, [n]: whole numbers or text."""

    images: NDArray[np.uint8]
    labels: NDArray[Any]


def as_images(images: Any, what: str = "images") -> NDArray[np.uint8]:
    """Images of any usual layout as uint8 [n, 3, h, w].

    Raises UsageError, naming `what`, where the layout or the range of values leaves a doubt.
    """
    array = _array(images, what)
    if array.dtype == object or array.dtype.kind not in "uifb":
        raise UsageError(
            f"{what} are {array.dtype} of shape {list(array.shape)}: give arrays of numbers, all of one size"
        )
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and array.shape[1] not in (1, 3, 4) and array.shape[3] in (1, 3, 4):
        array = array.transpose(0, 3, 1, 2)
    elif array.ndim != 4 or array.shape[1] not in (1, 3, 4):
        raise UsageError(
            f"{what} have shape {list(array.shape)}: give [n, height, width, 3] or [n, 3, height, width], "
            "with 1 or 3 colours"
        )
    if not array.size:
        raise UsageError(f"{what} have shape {list(array.shape)}: there is no image")
    array = _as_bytes(array, what)
    if array.shape[1] == 1:
        array = np.repeat(array, 3, axis=1)
    return np.ascontiguousarray(array[:, :3])


def _as_bytes(array: NDArray[Any], what: str) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    low, high = array.min(), array.max()
    if not np.isfinite(low) or not np.isfinite(high):
        raise UsageError(f"{what} hold values that are not finite")
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if low < 0:
        raise UsageError(
            f"{what} go from {low:g} to {high:g}: give pixels from 0 to 255, or from 0 to 1, before "
            f"normalization"
        )
    if array.dtype.kind == "f" and high <= 1:
        return np.rint(array * 255).astype(np.uint8)
    if high <= 255:
        return np.rint(array).astype(np.uint8)
    if array.dtype.kind in "ui" and high <= 65535:
        return (array >> 8).astype(np.uint8)
    raise UsageError(f"{what} go up to {high:g}: give pixels from 0 to 255, or from 0 to 1")


def as_label_array(labels: Any, count: int, what: str = "labels") -> NDArray[Any]:
    """Labels as whole numbers or text, [n]; from [n, 1], one-hot rows, whole floats, bytes.

    Raises UsageError, naming `what`, for another count or kind.
    """
    array = _array(labels, what)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2 and len(array) == count and array.dtype.kind in "uifb":
        if not (((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()):
            raise UsageError(
                f"{what} of shape {list(array.shape)} are not one-hot: give one class for each image"
            )
        array = array.argmax(axis=1)
    if array.ndim != 1 or len(array) != count:
        raise UsageError(
            f"{count:,} images but labels of shape {list(array.shape)}: give one label for each image"
        )
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and (array == np.rint(array)).all()):
            raise UsageError(
                f"{what} are fractions such as {array[np.flatnonzero(array != np.rint(array))[:1]]}: "
                f"give class numbers"
            )
        array = array.astype(np.int64)
    if array.dtype.kind == "b":
        array = array.astype(np.int64)
    if array.dtype.kind == "S":
        array = np.array([value.decode("utf-8", "replace") for value in array])
    if array.dtype == object:
        if not all(isinstance(value, str) for value in array):
            raise UsageError(
                f"{what} are of mixed kinds, such as {type(array[0]).__name__}: give numbers or text"
            )
        array = array.astype(str)
    return array


def _array(value: Any, what: str) -> NDArray[Any]:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    try:
        return np.asarray(value)
    except (ValueError, TypeError):
        raise UsageError(f"{what} cannot be made one array: their sizes differ, resize them first") from None


def number_labels(
    splits: Mapping[str, NDArray[Any]], class_names: Sequence[str] | None = None
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...]]:
    """Labels of all splits as 0 to classes - 1, and the class names.

    Text is sorted; numbers from 1 (with no 0 anywhere) are understood as such; numbers with gaps keep them as
    their names. The training labels (`train` or `all`) decide which classes there are.

    Raises UsageError for a class that is only in another split, and for names that do not fit.
    """
    main = splits["train"] if "train" in splits else splits["all"]
    kinds = {labels.dtype.kind in "US" for labels in splits.values()}
    if len(kinds) > 1:
        raise UsageError("the labels of one split are text and those of another numbers: give both alike")
    known = np.unique(main)
    for split, labels in splits.items():
        unknown = np.setdiff1d(labels, known)
        if unknown.size:
            raise UsageError(
                f"class {unknown[0]!s} is in {split} but not in train: add it there, or remove it"
            )
    if len(known) < 2:
        raise UsageError(f"all labels are {known[0]!s}: at least two classes are needed")
    names = None if class_names is None else tuple(map(str, class_names))
    if kinds == {True}:
        return _number_text(splits, known, names)
    return _number_numbers(splits, known, names)


def _number_text(
    splits: Mapping[str, NDArray[Any]], known: NDArray[Any], names: tuple[str, ...] | None
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...]]:
    names = tuple(map(str, known)) if names is None else names
    order = {name: number for number, name in enumerate(names)}
    missing = [str(name) for name in known if str(name) not in order]
    if missing:
        raise UsageError(f"class {missing[0]!r} is not among the class names: {', '.join(names)[:100]}")
    numbered = {
        split: np.array([order[str(name)] for name in labels], np.int64) for split, labels in splits.items()
    }
    return numbered, names


def _number_numbers(
    splits: Mapping[str, NDArray[Any]], known: NDArray[Any], names: tuple[str, ...] | None
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...]]:
    low, high = int(known[0]), int(known[-1])
    if names is not None:
        # From 1 only where that is the only reading: as many names as numbers, the last of them used.
        first = 1 if low >= 1 and high == len(names) else 0
        if low < first or high - first >= len(names):
            raise UsageError(
                f"labels go from {low} to {high}, but there are {len(names)} class names: give one for each"
            )
        return {split: labels.astype(np.int64) - first for split, labels in splits.items()}, names
    if low == 0 and high < 2 * len(known):
        gaps = np.setdiff1d(np.arange(high + 1), known)
        if gaps.size:
            raise UsageError(
                f"labels go from 0 to {high}, but class {gaps[0]} has no training image: add some, or leave "
                "the number out"
            )
        names = tuple(map(str, range(high + 1)))
        return {split: labels.astype(np.int64) for split, labels in splits.items()}, names
    return {split: np.searchsorted(known, labels) for split, labels in splits.items()}, tuple(
        map(str, known.tolist())
    )


def resized(images: NDArray[np.uint8], size: int, fit: Fit) -> NDArray[np.uint8]:
    """Images uint8 [n, 3, h, w] as [n, 3, size, size], by `fit`; as they are where they have that size."""
    height, width = images.shape[2:]
    if height == width == size:
        return images
    from PIL import Image

    from hundred.data.files.pictures import fit_square

    made = np.empty((len(images), 3, size, size), np.uint8)
    for at, image in enumerate(images):
        picture = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
        made[at] = np.asarray(fit_square(picture, size, fit)).transpose(2, 0, 1)
    return made


def raw_from_arrays(
    splits: Mapping[str, Labelled],
    size: int,
    fit: Fit,
    class_names: Sequence[str] | None = None,
    superclasses: Any = None,
) -> Raw:
    """A set from its splits `train` with `test` or `validation` or both, or `all`, in `size` pixels."""
    numbers, names = number_labels({name: split.labels for name, split in splits.items()}, class_names)
    coarse, to_coarse = _superclasses(superclasses, names)
    images = {name: resized(split.images, size, fit) for name, split in splits.items()}
    validation, how, notes = None, "as given", tuple[str, ...]()
    first = "train" if "train" in splits else "all"
    if set(splits) == {first}:
        train, held, test = three_way(numbers[first])
        both = np.sort(np.concatenate([train, held]))
        validation, how = np.searchsorted(both, held), "80/10/10 by class, drawn with a fixed seed"
        notes = (
            f"no test split: drawn by class, {len(train):,} train, {len(held):,} validate, {len(test):,} "
            f"test",
        )
        parts = {
            "train": (images[first][both], numbers[first][both]),
            "test": (images[first][test], numbers[first][test]),
        }
    elif "test" not in splits:
        parts = {
            "train": (images["train"], numbers["train"]),
            "test": (images["validation"], numbers["validation"]),
        }
        notes = (
            "there is no test split: the validation split serves as one, and validation is drawn from train",
        )
    else:
        parts = {name: (images[name], numbers[name]) for name in ("train", "test")}
        if "validation" in splits:
            begin = len(numbers["train"])
            joined = [np.concatenate([each["train"], each["validation"]]) for each in (images, numbers)]
            parts["train"] = (joined[0], joined[1])
            validation = np.arange(begin, begin + len(numbers["validation"]))
    kind = np.uint8 if len(names) <= 256 else np.int32
    made = [
        RawSplit(pixels, labels.astype(kind), coarse_of(labels, to_coarse))
        for pixels, labels in parts.values()
    ]
    return Raw(made[0], made[1], names, coarse, to_coarse, validation, how, notes)


def _superclasses(given: Any, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    if given is None:
        return (), (0,) * len(names)
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if missing:
            raise UsageError(f"class {missing[0]!r} has no superclass among those given")
        given = [given[name] for name in names]
    above = [str(name) for name in given]
    if len(above) != len(names):
        raise UsageError(f"{len(above)} superclasses for {len(names)} classes: give one for each class")
    coarse = tuple(sorted(set(above)))
    return coarse, tuple(coarse.index(name) for name in above)
