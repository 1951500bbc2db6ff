"""Tiny ImageNet as published: `train/WNID/images/*`, `val/images/*` with `val_annotations.txt`, `words.txt`.

The labels of its test images are not public: the validation images are the test set here, as everywhere.
Layout: http://cs231n.stanford.edu/tiny-imagenet-200.zip.
"""

from dataclasses import replace
from pathlib import Path

from hundred.data.classes import ClassNames
from hundred.data.formats.folder_layout import class_folders
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions
from hundred.data.opening.decode import decode_files
from hundred.data.opening.gather import Arranged, Example, decode_splits
from hundred.errors import HundredError

NAME = "Tiny ImageNet"
_SIDE = 64


def find(where: Path) -> Path | None:
    """`where`, if it has the folders and the two tables."""
    return where if (where / "val" / "val_annotations.txt").is_file() and (where / "train").is_dir() else None


def files(found: Path) -> list[str]:
    """The files that `read` would read, whose sizes and times say whether anything changed."""
    train = [path for each in class_folders(found / "train") for path in each.pictures]
    tables = [found / "val" / "val_annotations.txt", found / "words.txt"]
    return [*train, *_test(found), *(str(path) for path in tables if path.is_file())]


def is_mapped(_: Path) -> bool:
    """False: the pictures have to be decoded."""
    return False


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """Training and validation images. Raises HundredError where a table or a picture is at fault."""
    folders = class_folders(found / "train")
    numbers = {each.name: number for number, each in enumerate(folders)}
    train = [Example(path, numbers[each.name], 0) for each in folders for path in each.pictures]
    test = []
    for path, wnid in _test(found).items():
        if wnid not in numbers:
            raise HundredError(f"{found}/val/val_annotations.txt: {wnid!r} is no class of train")
        test.append(Example(path, numbers[wnid], 0))
    words = _words(found)
    names = ClassNames(tuple(words.get(each.name, each.name) for each in folders), (), (0,) * len(folders))
    arranged = Arranged(train, test, None, "train and val as published")
    return replace(decode_splits(arranged, names, options.image_size or _SIDE, options, decode_files))


def _test(found: Path) -> dict[str, str]:
    """Validation pictures with the WordNet id of each."""
    table = found / "val" / "val_annotations.txt"
    try:
        lines = [line.split("\t") for line in table.read_text("utf-8").splitlines() if line.strip()]
        return {str(found / "val" / "images" / line[0]): line[1] for line in lines}
    except (OSError, ValueError, IndexError) as error:
        raise HundredError(f"{table} cannot be read: {error}") from None


def _words(found: Path) -> dict[str, str]:
    """The first word for each WordNet id, where no two have the same."""
    try:
        lines = (found / "words.txt").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    words = {line.partition("\t")[0]: line.partition("\t")[2].partition(",")[0].strip() for line in lines}
    wanted = {each.name for each in class_folders(found / "train")}
    words = {wnid: word for wnid, word in words.items() if wnid in wanted and word}
    return {
        wnid: word if list(words.values()).count(word) == 1 else f"{word} ({wnid})"
        for wnid, word in words.items()
    }
