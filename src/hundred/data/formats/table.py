"""A CSV of file names and labels, or of a label and pixels as Kaggle has it (`label, pixel0, pixel1,
...`)."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hundred.data.arrays import Labelled, as_images, number_labels, raw_from_arrays
from hundred.data.classes import ClassNames
from hundred.data.decode import decode_files
from hundred.data.formats.pictures import SUFFIXES, picture_size
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions
from hundred.data.gather import Example, arrange, decode_splits
from hundred.data.sizes import SAMPLED, choose_size, size_note
from hundred.errors import HundredError

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
            listed += [_place(path.parent, str(value)) for value in frame[name]]
    return listed


def is_mapped(_: Path) -> bool:
    """False: pictures have to be decoded, and pixels read from text."""
    return False


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """All splits in the tables: by a column `split`, else by the names of the files, else drawn.

    Raises HundredError naming the column or the row at fault.
    """
    frames = _frames(found)
    splits: dict[str, pd.DataFrame] = {}
    for path, frame in frames.items():
        label = _column(frame, _LABELS)
        if label is None:
            if _split_of(path) == "test":
                continue  # Kaggle's test.csv has no labels
            raise HundredError(
                f"{path} has the columns {', '.join(map(str, frame.columns))[:80]}: none is the label"
            )
        if frame[label].isna().any():
            row = int(np.flatnonzero(frame[label].isna())[0]) + 2
            raise HundredError(f"{path}, line {row}: no label")
        for split, part in _by_split(frame, _split_of(path) or "all", path):
            splits[split] = part.assign(_label=part[label], _table=str(path))
    if "train" not in splits and "all" not in splits:
        raise HundredError(f"{found} has no training images with labels")
    if "all" in splits and len(splits) > 1:
        splits["train"] = splits.pop("all")
    if set(splits) == {"train"}:
        splits = {"all": splits["train"]}
    if all(_pixels(frame) for frame in splits.values()):
        return _from_pixels(splits, found, options)
    return _from_files(splits, options)


def _from_pixels(splits: dict[str, pd.DataFrame], found: Path, options: ReadOptions) -> Raw:
    made = {}
    for split, frame in splits.items():
        names = _pixels(frame)
        values = frame[names].to_numpy()
        side = round((len(names) / 3) ** 0.5) if _is_square(len(names), 3) else int(len(names) ** 0.5)
        shape = (-1, side, side) if side * side == len(names) else (-1, 3, side, side)
        if not _is_square(len(names), 1) and not _is_square(len(names), 3):
            raise HundredError(
                f"{found} has {len(names)} pixels a row, which is no square image in grey or colour"
            )
        images = as_images(values.reshape(shape), f"{found}, {split} pixels")
        made[split] = Labelled(images, _label_values(frame["_label"]))
    sizes = [split.images.shape[:1:-1] for split in made.values()]
    size = options.image_size or choose_size(sizes)
    raw = raw_from_arrays(made, size, options.fit)
    note = size_note(sizes, size, options.fit)
    return Raw(**{**vars(raw), "notes": (*raw.notes, *([note] if note else []))})


def _from_files(splits: dict[str, pd.DataFrame], options: ReadOptions) -> Raw:
    numbers, names = number_labels({split: _label_values(frame["_label"]) for split, frame in splits.items()})
    examples = {}
    for split, frame in splits.items():
        column = _column(frame, _FILES)
        if column is None:
            table, columns = frame["_table"].iloc[0], ", ".join(map(str, frame.columns[:-2]))[:80]
            raise HundredError(f"{table} has the columns {columns}: none names the picture file")
        places = [
            _place(Path(table).parent, str(value))
            for table, value in zip(frame["_table"], frame[column], strict=True)
        ]
        absent = next((place for place in places if not Path(place).is_file()), None)
        if absent is not None:
            raise HundredError(f"{frame['_table'].iloc[0]} names {absent}, which is not there")
        examples[split] = [
            Example(place, int(label), 0) for place, label in zip(places, numbers[split], strict=True)
        ]
    arranged = arrange(examples)
    paths = [str(each.source) for each in (*arranged.train, *arranged.test)]
    sizes = [size for size in map(picture_size, paths[:: max(len(paths) // SAMPLED, 1)]) if size is not None]
    size = options.image_size or choose_size(sizes)
    raw = decode_splits(arranged, ClassNames(names, (), (0,) * len(names)), size, options, decode_files)
    note = size_note(sizes, size, options.fit)
    return Raw(**{**vars(raw), "notes": (*raw.notes, *([note] if note else []))})


def _tables(found: Path) -> list[Path]:
    if found.is_file():
        return [found] if found.suffix.lower() == ".csv" else []
    try:
        tables = sorted(found.glob("*.csv"))
    except OSError:
        return []
    return [path for path in tables if "submission" not in path.name.lower()]


def _frames(found: Path) -> dict[Path, pd.DataFrame]:
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


def _by_split(frame: pd.DataFrame, default: str, path: Path) -> list[tuple[str, pd.DataFrame]]:
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


def _column(frame: pd.DataFrame, names: tuple[str, ...]) -> Any:
    plain = {str(column).strip().lower(): column for column in frame.columns}
    return next((plain[name] for name in names if name in plain), None)


def _pixels(frame: pd.DataFrame) -> list[Any]:
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
