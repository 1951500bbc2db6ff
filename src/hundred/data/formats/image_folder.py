"""Folders of pictures by class, of any classes and sizes; see `folder_layout` for the levels that are known.

The classes of CIFAR-100 in the spelling of anyone make CIFAR-100, in its order. Pictures whose file names are
numbers, all different within a split, come in the order of these numbers; others by class, then by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hundred.data.classes import ClassNames, name_classes
from hundred.data.files.pictures import picture_size
from hundred.data.formats.folder_layout import (
    ClassFolder,
    class_folders,
    folders_in,
    has_pictures,
    is_split_name,
    looks_like_classes,
    split_folders,
)
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions
from hundred.data.opening.decode import Decoders
from hundred.data.opening.gather import Example, arrange, decode_splits
from hundred.data.opening.sizes import SAMPLED, choose_size, size_note
from hundred.errors import HundredError

NAME = "folder of pictures"


@dataclass(frozen=True)
class _Survey:
    """All pictures by split (`train`, `test`, `validation`, or `all`), as (path, class number,
    superclass)."""

    names: ClassNames
    splits: dict[str, list[Example]]


def find(where: Path) -> Path | None:
    """`where`, if pictures of two classes or more are there, with or without splits.

    Raises HundredError where it is one split of a set: its name says so, and another is beside it.
    """
    if not where.is_dir():
        return None
    splits = split_folders(where)
    if any(looks_like_classes(split) for split in splits.values()):
        return where
    if "train" in splits and len(splits) == len(folders_in(where)):
        inner = folders_in(splits["train"])
        if len(inner) == 1 and has_pictures(inner[0]):
            raise HundredError(f"{where} has one class, {inner[0].name!r}: at least two are needed")
    if not looks_like_classes(where):
        return None
    if is_split_name(where.name) and len(split_folders(where.parent)) > 1:
        raise HundredError(
            f"{where} is one split of a set: name the folder that holds all of it, {where.parent}"
        )
    return where


def files(found: Path) -> list[str]:
    """The files that `read` would read, whose sizes and times say whether anything changed.

    As text: making 60,000 Path objects takes longer than listing the folders.
    """
    return [path for folders in _folders(found).values() for each in folders for path in each.pictures]


def is_mapped(_: Path) -> bool:
    """False: the pictures have to be decoded."""
    return False


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """Both splits from what `find` gave.

    Raises HundredError naming the class or the pictures at fault.
    """
    folders = _folders(found)
    count = sum(len(each.pictures) for classes in folders.values() for each in classes)
    with Decoders(count, options.ready) as decoders:
        survey = _survey(found, folders)
        splits = arrange(survey.splits)
        sizes = _sizes([str(each.source) for each in (*splits.train, *splits.test)])
        size = options.image_size or choose_size(sizes)
        raw = decode_splits(splits, survey.names, size, options, decoders.decode)
    note = size_note(sizes, size, options.fit)
    return raw if not note else Raw(**{**vars(raw), "notes": (*raw.notes, note)})


def _folders(found: Path) -> dict[str, list[ClassFolder]]:
    splits = {name: folder for name, folder in split_folders(found).items() if looks_like_classes(folder)}
    if not splits:
        return {"all": class_folders(found)}
    return {name: class_folders(folder) for name, folder in splits.items()}


def _survey(found: Path, folders: Mapping[str, Sequence[ClassFolder]]) -> _Survey:
    names = name_classes(
        {split: [(each.name, each.superclass) for each in classes] for split, classes in folders.items()},
        str(found),
    )
    splits = {}
    for split, classes in folders.items():
        examples = []
        for each in classes:
            fine, coarse = names.labels(each.name, each.superclass)
            examples += [Example(path, fine, coarse) for path in each.pictures]
        splits[split] = _ordered(examples)
    return _Survey(names, splits)


def _ordered(examples: list[Example]) -> list[Example]:
    stems = [str(each.source).rpartition("/")[2].rpartition(".")[0] for each in examples]
    if all(stem.isascii() and stem.isdigit() for stem in stems):
        numbers = [int(stem) for stem in stems]
        if len(set(numbers)) == len(numbers):
            return [examples[at] for at in np.argsort(numbers, kind="stable")]
    return sorted(examples, key=lambda each: each.fine)


def _sizes(paths: Sequence[str]) -> list[tuple[int, int]]:
    """Sizes of some of the pictures, evenly spaced."""
    chosen = paths[:: max(len(paths) // SAMPLED, 1)]
    return [size for size in map(picture_size, chosen) if size is not None]
