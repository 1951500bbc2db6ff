"""From labelled pictures by split to the two splits of a set: arranged, decoded, damaged ones left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hundred.data.classes import ClassNames
from hundred.data.formats.raw import Fit, Raw, RawSplit, ReadOptions
from hundred.data.opening.decode import Fault, Room, refuse_damaged
from hundred.data.split import three_way
from hundred.errors import HundredError

Decode = Callable[[Sequence[Any], Room, Fit, Callable[[int], None]], list[Fault]]


class Example(NamedTuple):
    """One picture: where it is (a path, or what its reader needs to find it), class and superclass number."""

    source: Any
    fine: int
    coarse: int


@dataclass(frozen=True)
class Arranged:
    """Pictures of both splits. validation: positions in `train` that are kept for validation, or None."""

    train: Sequence[Example]
    test: Sequence[Example]
    validation: NDArray[np.int64] | None
    split: str
    notes: tuple[str, ...] = ()


def arrange(splits: Mapping[str, Sequence[Example]]) -> Arranged:
    """Training and test pictures from whatever splits there are (`train`, `test`, `validation`, `all`).

    Validation pictures go to the end of the training ones, with their places. Without a test split, the
    validation split is the test set; with neither, test and validation are drawn, a tenth of each class.
    """
    if "train" not in splits or len(splits) == 1:
        (pool, *rest) = [list(part) for part in splits.values()]
        return _drawn([example for part in (pool, *rest) for example in part])
    train = list(splits["train"])
    if "test" not in splits:
        note = (
            "there is no test split: the validation split serves as one, and validation is drawn from train"
        )
        return Arranged(train, splits["validation"], None, "train and validation as given", (note,))
    if "validation" not in splits:
        return Arranged(train, splits["test"], None, "train and test as given")
    both = [*train, *splits["validation"]]
    return Arranged(
        both, splits["test"], np.arange(len(train), len(both)), "train, validation and test as given"
    )


def _drawn(pool: Sequence[Example]) -> Arranged:
    train, validation, test = three_way(np.array([example.fine for example in pool]))
    if not len(test):
        raise HundredError("one picture of each class leaves none to test on: give two or more of some")
    kept = np.sort(np.concatenate([train, validation]))
    return Arranged(
        [pool[at] for at in kept],
        [pool[at] for at in test],
        np.searchsorted(kept, validation),
        "80/10/10 by class, drawn with a fixed seed",
        (
            f"no test split: drawn by class, {len(train):,} train, {len(validation):,} validate, "
            f"{len(test):,} test",
        ),
    )


def decode_splits(
    splits: Arranged, names: ClassNames, size: int, options: ReadOptions, decode: Decode
) -> Raw:
    """Decode both splits to `size` pixels.

    Raises HundredError where pictures are damaged and are not to be skipped.
    """
    begin, total = len(splits.train), len(splits.train) + len(splits.test)
    parts = {"train": splits.train, "test": splits.test}
    images = {name: options.allocate(name, (len(part), 3, size, size)) for name, part in parts.items()}
    # Both at once: processes that decode start once.
    faults = decode(
        [each.source for part in parts.values() for each in part],
        Room(list(images.values())),
        options.fit,
        lambda done: options.progress(done, total),
    )
    made, kept = {}, {}
    for name, part in parts.items():
        places = np.array([at for at, _ in faults], np.int64) - (0 if name == "train" else begin)
        kept[name] = np.setdiff1d(np.arange(len(part)), places)
        numbers = chain.from_iterable(each[1:] for each in part)
        labels = np.fromiter(numbers, np.int64, 2 * len(part)).reshape(-1, 2)
        made[name] = RawSplit(
            _compacted(images[name], kept[name]), *_small(labels[kept[name]], len(names.fine))
        )
    note = refuse_damaged(faults, total, options)
    validation = splits.validation
    if validation is not None:
        validation = np.flatnonzero(np.isin(kept["train"], validation))
    notes = (*splits.notes, *names.notes, *([note] if note else []))
    return Raw(
        made["train"],
        made["test"],
        names.fine,
        names.coarse,
        names.to_coarse,
        validation,
        splits.split,
        notes,
    )


def _compacted(images: NDArray[np.uint8], kept: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The kept images, moved to the front in place: they may be a map of a file larger than the memory."""
    if len(kept) == len(images):
        return images
    for place, at in enumerate(kept):
        if place != at:
            images[place] = images[at]
    return images[: len(kept)]


def _small(labels: NDArray[np.int64], classes: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Class and superclass numbers, uint8 where they fit, as CIFAR-100's forms have them."""
    kind = np.uint8 if classes <= 256 else np.int32
    return labels[:, 0].astype(kind), labels[:, 1].astype(kind)
