"""Which folders of a tree hold which class of which split, whatever level they are at.

Known are `train/CLASS/*` beside `test/`, `val/`, `valid/` or `validation/` in any capitals, or classes
without splits; each class folder may be in one of its superclass, and its pictures in one folder more
(`images/`).
"""

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hundred.data.files.pictures import SUFFIXES
from hundred.errors import HundredError

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
}
_IGNORED = ("__MACOSX", "__pycache__")
_ENDINGS = tuple(SUFFIXES)
_DEEPEST = 8  # levels that are searched for pictures to say where they are


@dataclass(frozen=True)
class ClassFolder:
    """One class in one split. superclass: the folder around it; empty where there is none."""

    name: str
    superclass: str
    folder: Path
    pictures: tuple[str, ...]


def split_folders(root: Path) -> dict[str, Path]:
    """Folders in `root` named for a split (`train`, `test`, `validation`) that hold folders, not pictures.

    Raises HundredError where two are for the same split.
    """
    found: dict[str, Path] = {}
    for folder in folders_in(root):
        split = _SPLITS.get(folder.name.casefold())
        if split is None or has_pictures(folder) or not folders_in(folder):
            continue
        if split in found:
            raise HundredError(
                f"{root} has two folders for the same split: {found[split].name!r} and {folder.name!r}\n"
                "Rename or move one of them."
            )
        found[split] = folder
    return found


def is_split_name(name: str) -> bool:
    """Whether a folder of this name is one split of a set."""
    return name.casefold() in _SPLITS


def looks_like_classes(folder: Path) -> bool:
    """Whether pictures are one or two levels down, in two folders or more: a quick look, not a check."""
    inner = folders_in(folder)
    direct = sum(has_pictures(each) for each in inner[:50])
    if direct:
        return len(inner) > 1
    nested = [each for each in inner[:50] if any(has_pictures(below) for below in folders_in(each)[:50])]
    return len(nested) > 1


def class_folders(split: Path) -> list[ClassFolder]:
    """The classes in a split, with their pictures.

    Raises HundredError naming a class without pictures, one that is written twice, or a level too many.
    """
    inner = folders_in(split)
    pictures = {each: pictures_below(each) if has_pictures(each) else () for each in inner}
    if any(pictures.values()):
        for each in inner:
            if not pictures[each]:
                pictures[each] = pictures_below(each)
        found = [ClassFolder(_name(each), "", each, pictures[each]) for each in inner]
    else:
        found = _nested(split, inner)
    _check_classes(split, found)
    return found


def _nested(split: Path, inner: Sequence[Path]) -> list[ClassFolder]:
    """Classes where no folder in `split` holds pictures itself: superclasses, or one folder more for each."""
    below = {each: folders_in(each) for each in inner}
    names = {folder.name for folders in below.values() for folder in folders}
    if len(names) == 1 and all(len(folders) == 1 for folders in below.values()):
        return [ClassFolder(_name(each), "", each, pictures_below(each)) for each in inner]
    found = [
        ClassFolder(_name(folder), _name(each), folder, pictures_below(folder))
        for each in inner
        for folder in below[each]
    ]
    for each in inner:
        if not below[each]:
            raise HundredError(f"{each} holds no pictures: put some there, or remove the folder")
    if not any(has_pictures(each.folder) for each in found):
        raise HundredError(_too_deep(split))
    return found


def _check_classes(split: Path, found: Sequence[ClassFolder]) -> None:
    spellings: dict[tuple[str, str], ClassFolder] = {}
    for each in found:
        if not each.pictures:
            raise HundredError(f"{each.folder} holds no pictures: put some there, or remove the folder")
        key = (each.superclass, spelling(each.name))
        other = spellings.setdefault(key, each)
        if other is not each:
            raise HundredError(
                f"{split} has two spellings of one class: {other.name!r} and {each.name!r}\n"
                "Put their pictures into one folder."
            )


def spelling(name: str) -> str:
    """`name` without the differences of capitals, spaces, dashes and underscores between its words.

    >>> spelling("Aquarium_Fish") == spelling("aquarium fish")
    True
    """
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"(?<=[^\W_])[\s_\-]+(?=[^\W_])", " ", plain)


def folders_in(folder: Path) -> list[Path]:
    """Folders in `folder`, sorted, but for hidden ones. Raises HundredError for a link in a circle."""
    try:
        with os.scandir(folder) as entries:
            inner = sorted(
                (entry.name, entry.is_symlink())
                for entry in entries
                if entry.name[0] != "." and entry.name not in _IGNORED and entry.is_dir()
            )
    except NotADirectoryError:
        return []
    except OSError as error:
        raise HundredError(f"{folder} cannot be read: {error.strerror}") from None
    for name, linked in inner:
        if linked:
            _check_circle(folder, folder / name)
    return [folder / name for name, _ in inner]


def has_pictures(folder: Path) -> bool:
    """Whether a picture is right in `folder`, by its file name."""
    try:
        with os.scandir(folder) as entries:
            return any(_is_picture(entry.name) for entry in entries)
    except OSError as error:
        raise HundredError(f"{folder} cannot be read: {error.strerror}") from None


def pictures_below(folder: Path) -> tuple[str, ...]:
    """Picture files in `folder` and below, sorted; links to folders are followed."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entry.path for entry in entries if _is_picture(entry.name))
    except OSError as error:
        raise HundredError(f"{folder} cannot be read: {error.strerror}") from None
    for inner in folders_in(folder):
        found += pictures_below(inner)
    return tuple(found)


def where_pictures_are(root: Path) -> str:
    """A sentence on where below (or around) `root` the folders of classes are; empty where there are none."""
    if has_pictures(root):
        return f"{root} holds pictures and no folders of classes: the classes may be in {root.parent}"
    level = [root]
    for _ in range(_DEEPEST):
        level = [inner for folder in level[:200] for inner in folders_in(folder)]
        for folder in level:
            if has_pictures(folder):
                return _named(folder.parent, root)
    return ""


def _named(classes: Path, root: Path) -> str:
    """What to do where `classes`, below `root`, holds folders of classes."""
    split = next((each for each in (classes, *classes.parents) if is_split_name(each.name)), None)
    if split is None or root not in split.parents:
        return f"the classes seem to be in {classes}: name that folder"
    if split == classes:
        return f"the classes seem to be in {classes}: name the folder of the splits, {classes.parent}"
    return f"the classes seem to be in {classes}: move them into {split}"


def _too_deep(split: Path) -> str:
    hint = where_pictures_are(split)
    return f"{split} has more levels of folders than superclass and class\n{hint[:1].upper()}{hint[1:]}."


def _check_circle(folder: Path, link: Path) -> None:
    target = link.resolve()
    if target in (folder.resolve(), *folder.resolve().parents):
        raise HundredError(f"{link} is a link in a circle, to {target}: remove it")


def _is_picture(name: str) -> bool:
    return name[0] != "." and name.lower().endswith(_ENDINGS)


def _name(folder: Path) -> str:
    """The folder's name, without bytes that are no text."""
    return folder.name.encode("utf-8", "replace").decode("utf-8")
