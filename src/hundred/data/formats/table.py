"""A CSV of file names and labels, or of a label and pixels as Kaggle has it (`label, pixel0, pixel1,
...`)."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.classes import ClassNames
from hundred.data.files.pictures import SUFFIXES, picture_size
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions
from hundred.data.opening.arrays import Labelled, as_images, number_labels, raw_from_arrays
from hundred.data.opening.decode import decode_files
from hundred.data.opening.gather import Example, arrange, decode_splits
from hundred.data.opening.sizes import SAMPLED, choose_size, size_note
from hundred.errors import HundredError

if TYPE_CHECKING:
    import pandas as pd  # loaded where a table is read: it takes a third of a second

NAME = "CSV"
_FILES = ("file", "filename", "file_name", "path", "filepath", "image", "image_path", "img", "id", "image_id")
_LABELS = (
    "label",
    "class",
    "class_name",
    "category",
    "target",
    "fine_label",
    "labels",
    "species",
    "breed",
    "y",
)
_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_SPLITS |= dict.fromkeys(("val", "valid", "validation", "dev"), "validation")
_FOLDERS = ("", "images", "train", "train_images", "imgs", "data")


def find(where: Path) -> Path | None:
    """`where`, if it is a CSV, or the folder of `train.csv` (with `test.csv`), or of a single CSV."""
    if where.suffix.lower() == ".csv" and where.is_file():
        if _split_of(where) and len(_tables(where.parent)) > 1:
            return where.parent
        return where
    tables = _tables(where)
    return (
        where if tables and (len(tables) == 1 or any(_split_of(each) == "train" for each in tables)) else None
    )


def files(found: Path) -> list[Path | str]:
    """The tables, and the pictures that they name."""
    listed: list[Path | str] = list(_tables(found))
    for path, frame in _frames(found).items():
        name = _column(frame, _FILES)
        if name is not None and not _pixels(frame):
            places = [_place(path.parent, str(value)) for value in frame[name]]
            listed += [place for place in places if Path(place).is_file()]
    return listed


def is_mapped(_: Path) -> bool:
    """False: pictures have to be decoded, and pixels read from text."""
    return False


@dataclass(frozen=True)
class _Part:
    """The rows of one split in the table `path`, and their labels."""

    path: Path
    frame: "pd.DataFrame"
    labels: NDArray[Any]


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """All splits in the tables: by a column `split`, else by the names of the files, else drawn.

    Raises HundredError naming the column or the row at fault.
    """
    splits: dict[str, _Part] = {}
    for path, frame in _frames(found).items():
        label = _column(frame, _LABELS)
        if label is None:
            if _split_of(path) == "test":
                continue  # Kaggle's test.csv has no labels
            columns = ", ".join(map(str, frame.columns))[:80]
            raise HundredError(f"{path} has the columns {columns}: none is the label")
        missing = np.flatnonzero(frame[label].isna())
        if missing.size:
            raise HundredError(f"{path}, line {missing[0] + 2}: no label")
        for split, part in _by_split(frame, _split_of(path) or "all", path):
            splits[split] = _Part(path, part, _label_values(part[label]))
    if "all" in splits and len(splits) > 1:
        splits["train"] = splits.pop("all")
    if "train" not in splits and "all" not in splits:
        raise HundredError(f"{found} has no training images with labels")
    if set(splits) == {"train"}:
        splits = {"all": splits["train"]}
    if all(_pixels(part.frame) for part in splits.values()):
        return _from_pixels(splits, options)
    return _from_files(splits, options)


def _from_pixels(splits: dict[str, _Part], options: ReadOptions) -> Raw:
    made = {}
    for split, part in splits.items():
        names = _pixels(part.frame)
        shape = next((shape for shape in ((1,), (3,)) if _is_square(len(names), *shape)), None)
        if shape is None:
            raise HundredError(
                f"{part.path} has {len(names)} pixels a row, which is no square image in grey or colour"
            )
        side = round((len(names) / shape[0]) ** 0.5)
        values = part.frame[names].to_numpy().reshape(-1, *shape, side, side)
        made[split] = Labelled(as_images(values, f"{part.path}, pixels"), part.labels)
    sizes = [split.images.shape[:1:-1] for split in made.values()]
    size = options.image_size or choose_size(sizes)
    raw = raw_from_arrays(made, size, options.fit)
    note = size_note(sizes, size, options.fit)
    return replace(raw, notes=(*raw.notes, note)) if note else raw


def _from_files(splits: dict[str, _Part], options: ReadOptions) -> Raw:
    numbers, names = number_labels({split: part.labels for split, part in splits.items()})
    examples = {}
    for split, part in splits.items():
        column = _column(part.frame, _FILES)
        if column is None:
            columns = ", ".join(map(str, part.frame.columns))[:80]
            raise HundredError(f"{part.path} has the columns {columns}: none names the picture file")
        places = [_place(part.path.parent, str(value)) for value in part.frame[column]]
        absent = next((place for place in places if not Path(place).is_file()), None)
        if absent is not None:
            raise HundredError(f"{part.path} names {absent}, which is not there")
        examples[split] = [
            Example(place, int(label), 0) for place, label in zip(places, numbers[split], strict=True)
        ]
    arranged = arrange(examples)
    paths = [str(each.source) for each in (*arranged.train, *arranged.test)]
    some = paths[:: max(len(paths) // SAMPLED, 1)]
    sizes = [size for size in map(picture_size, some) if size is not None]
    size = options.image_size or choose_size(sizes)
    raw = decode_splits(arranged, ClassNames(names, (), (0,) * len(names)), size, options, decode_files)
    note = size_note(sizes, size, options.fit)
    return replace(raw, notes=(*raw.notes, note)) if note else raw


def _tables(found: Path) -> list[Path]:
    if found.is_file():
        return [found] if found.suffix.lower() == ".csv" else []
    try:
        tables = sorted(found.glob("*.csv"))
    except OSError:
        return []
    return [path for path in tables if "submission" not in path.name.lower()]


def _frames(found: Path) -> "dict[Path, pd.DataFrame]":
    import pandas as pd

    frames = {}
    for path in _tables(found):
        try:
            frame = (
                pd.read_csv(path, sep=None, engine="python")
                if path.stat().st_size < 5_000_000
                else pd.read_csv(path)
            )
        except (OSError, ValueError, pd.errors.ParserError) as error:
            raise HundredError(f"{path} is not a CSV: {str(error).splitlines()[0]}") from None
        frames[path] = frame
    return frames


def _by_split(frame: "pd.DataFrame", default: str, path: Path) -> "list[tuple[str, pd.DataFrame]]":
    column = _column(frame, ("split", "set", "subset", "data_set", "fold"))
    if column is None or frame[column].dtype.kind in "uif":
        return [(default, frame)]
    known = frame[column].astype(str).str.lower().map(_SPLITS)
    if known.isna().any():
        raise HundredError(
            f"{path}: split {frame[column][known.isna()].iloc[0]!r} is none of train, val and test"
        )
    return [(str(split), part) for split, part in frame.groupby(known, sort=False)]


def _split_of(path: Path) -> str:
    words = re.findall(r"[a-z]+", path.stem.lower())
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")


def _column(frame: "pd.DataFrame", names: tuple[str, ...]) -> Any:
    plain = {str(column).strip().lower(): column for column in frame.columns}
    return next((plain[name] for name in names if name in plain), None)


def _pixels(frame: "pd.DataFrame") -> list[Any]:
    """The columns of pixels, in their order."""
    named = [
        column
        for column in frame.columns
        if re.fullmatch(r"(pixel_?)?\d+(x\d+)?", str(column).strip().lower())
    ]
    return named if len(named) >= 16 else []


def _label_values(column: "pd.Series[Any]") -> Any:
    if column.dtype.kind in "uifb":
        return column.to_numpy().astype(np.int64)
    return column.astype(str).to_numpy().astype(str)


def _place(folder: Path, name: str) -> str:
    """Where the picture `name` of a table in `folder` is: there, or in one of the usual folders beside it."""
    endings = [""] if name.lower().endswith(tuple(SUFFIXES)) else ["", ".jpg", ".png", ".jpeg"]
    for inner in _FOLDERS:
        for ending in endings:
            place = folder / inner / f"{name}{ending}"
            if place.is_file():
                return str(place)
    return str(folder / name)


def _is_square(pixels: int, channels: int) -> bool:
    side = round((pixels / channels) ** 0.5)
    return side * side * channels == pixels
