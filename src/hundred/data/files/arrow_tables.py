"""Tables of pictures and labels as the Hugging Face libraries write them, in parquet or Arrow files.

The columns' meanings are taken from the features in the schema's metadata, else from their names. Class names
are those of a `ClassLabel`, or the labels themselves where they are text. `fine_label` and `coarse_label`
(https://huggingface.co/datasets/uoft-cs/cifar100) make classes and superclasses.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.classes import ClassNames
from hundred.data.files.pictures import picture_size
from hundred.data.formats.raw import Fit, Raw, ReadOptions, coarse_of
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.data.opening.arrays import number_labels
from hundred.data.opening.decode import Fault, Room, decode_all
from hundred.data.opening.gather import Example, arrange, decode_splits
from hundred.data.opening.sizes import SAMPLED, choose_size, size_note
from hundred.errors import HundredError

_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"}
_SPLITS |= dict.fromkeys(("val", "valid", "validation", "dev"), "validation")
_IMAGES = ("img", "image", "images", "picture", "pixels", "jpg", "png")
_LABELS = ("fine_label", "label", "labels", "class", "target", "category", "cls")
_DEEPEST, _MOST_ENTRIES = 6, 20_000

Batches = Callable[[Path], Iterator[Any]]  # the record batches of a file; Arrow's errors where it is damaged


@dataclass(frozen=True)
class _Columns:
    """Names of the columns, and the names that numbers in the label columns stand for."""

    image: str
    label: str
    coarse: str
    names: tuple[str, ...] | None
    coarse_names: tuple[str, ...] | None


def tables_below(where: Path, ending: str) -> dict[str, list[Path]]:
    """Files with this ending in `where` and some levels below, by split (`train`, `test`, `validation`,
    `all`).

    The split is named in the file's name or, failing that, its folder's. Of several snapshots of the hub's
    cache, the newest counts.
    """
    found = _files_below(where, ending)
    named: dict[str, list[Path]] = {}
    for path in found:
        named.setdefault(_split_of(path, where), []).append(path)
    if "all" in named and len(named) > 1:
        del named["all"]  # such as an index beside the splits
    return named


def read_tables(shards: dict[str, list[Path]], batches: Batches, options: ReadOptions, what: Path) -> Raw:
    """All splits of a set, shards in the order of their names.

    Raises HundredError where a file is damaged, or lacks a column.
    """
    cells: dict[str, list[tuple[Any, str]]] = {}
    labels: dict[str, NDArray[Any]] = {}
    coarse: dict[str, NDArray[Any]] = {}
    columns = None
    for split, paths in shards.items():
        parts: list[NDArray[Any]] = []
        above: list[NDArray[Any]] = []
        cells[split] = []
        for path in paths:
            columns = _read_shard(path, batches, cells[split], parts, above)
        labels[split] = np.concatenate(parts) if parts else np.empty(0, np.int64)
        if above:
            coarse[split] = np.concatenate(above)
    if columns is None:
        raise HundredError(f"{what} holds no tables of pictures")
    numbers, names = _numbered(labels, columns, what)
    splits = {
        split: [Example(cell, int(fine), 0) for cell, fine in zip(cells[split], numbers[split], strict=True)]
        for split in shards
    }
    sizes = [found for cell, _ in _some(cells) if (found := picture_size(cell)) is not None]
    size = options.image_size or choose_size(sizes)
    classes = ClassNames(names, (), (0,) * len(names))
    raw = decode_splits(arrange(splits), classes, size, options, _decode)
    raw = _with_superclasses(raw, numbers, coarse, columns)
    note = size_note(sizes, size, options.fit)
    return raw if not note else replace(raw, notes=(*raw.notes, note))


def _read_shard(
    path: Path, batches: Batches, cells: list[tuple[Any, str]], labels: list[Any], coarse: list[Any]
) -> _Columns:
    import pyarrow as pa

    columns = None
    row = 0
    try:
        for batch in batches(path):
            if columns is None:
                columns = _columns(batch.schema, path)
            for cell in batch.column(columns.image):
                cells.append((_content(cell.as_py(), f"{path}, row {row:,}", path), f"{path}, row {row:,}"))
                row += 1
            labels.append(_labels(batch.column(columns.label), f"{path}, {columns.label}"))
            if columns.coarse:
                coarse.append(_labels(batch.column(columns.coarse), f"{path}, {columns.coarse}"))
    except (pa.ArrowException, OSError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HundredError(f"{path} is not a whole {path.suffix[1:]} file: {text}") from None
    if columns is None:
        raise HundredError(f"{path} is not a whole {path.suffix[1:]} file: it has no rows")
    return columns


def _columns(schema: Any, path: Path) -> _Columns:
    import pyarrow as pa

    names, features = list(schema.names), _features(schema)
    images = [name for name in names if features.get(name, {}).get("_type") == "Image"]
    images += [name for name in _IMAGES if name in names]
    classes = [name for name in names if features.get(name, {}).get("_type") == "ClassLabel"]
    known = [name for name in _LABELS if name in names]
    label = next((name for name in known if name in classes), None) or next(iter(known + classes), None)
    if not images:
        images = [
            n
            for n in names
            if pa.types.is_struct(schema.field(n).type) or pa.types.is_binary(schema.field(n).type)
        ]
    if not images or label is None:
        raise HundredError(
            f"{path} holds no pictures with labels: its columns are {', '.join(names)[:80]}, such as "
            f"image and label"
        )
    coarse = "coarse_label" if label == "fine_label" and "coarse_label" in names else ""
    return _Columns(
        images[0], label, coarse, _class_names(features, label, path), _class_names(features, coarse, path)
    )


def _features(schema: Any) -> dict[str, Any]:
    """The features of the `datasets` library from the schema's metadata, {} where there are none."""
    try:
        info = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    return (
        {name: each for name, each in info.items() if isinstance(each, dict)}
        if isinstance(info, dict)
        else {}
    )


def _class_names(features: dict[str, Any], column: str, path: Path) -> tuple[str, ...] | None:
    """Names of a ClassLabel: from the schema, else from the dataset's `dataset_info.json` or README beside
    it."""
    names = features.get(column, {}).get("names")
    if isinstance(names, list) and names:
        return tuple(map(str, names))
    for folder in (path.parent, path.parent.parent):
        try:
            info = json.loads((folder / "dataset_info.json").read_text("utf-8"))["features"][column]["names"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(info, list) and info:
            return tuple(map(str, info))
    return None


def _content(cell: Any, what: str, path: Path) -> bytes | str:
    """The bytes of a picture, or its path, from a cell {bytes, path} or of bytes alone."""
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if isinstance(content, bytes):
        return content
    place = cell.get("path") if isinstance(cell, dict) else None
    if isinstance(place, str) and place:
        inside = path.parent / place
        if inside.is_file():
            return str(inside)
    raise HundredError(f"{what} holds no picture")


def _labels(column: Any, what: str) -> NDArray[Any]:
    """Whole numbers or text of an Arrow column."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if column.null_count:
        raise HundredError(f"{what}: a label is missing")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array(column.to_pylist(), dtype=str)
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "iub":
        raise HundredError(f"{what}: expected whole numbers or text, not {values.dtype}")
    return values.astype(np.int64)


def _numbered(
    labels: dict[str, NDArray[Any]], columns: _Columns, what: Path
) -> tuple[dict[str, NDArray[np.int64]], tuple[str, ...]]:
    if columns.names is None and columns.label == "fine_label":
        columns = replace(columns, names=FINE_NAMES)
    if columns.names is not None and all(values.dtype.kind == "i" for values in labels.values()):
        for split, values in labels.items():
            if values.size and not 0 <= values.min() <= values.max() < len(columns.names):
                raise HundredError(
                    f"{what}, {split}: labels go from {values.min()} to {values.max()}, "
                    f"not from 0 to {len(columns.names) - 1}"
                )
        return labels, columns.names
    main = "train" if "train" in labels else next(iter(labels))
    named = {("train" if split == main else split): values for split, values in labels.items()}
    numbers, names = number_labels(named)
    return {split: numbers["train" if split == main else split] for split in labels}, names


def _with_superclasses(
    raw: Raw, fine: dict[str, NDArray[Any]], coarse: dict[str, NDArray[Any]], columns: _Columns
) -> Raw:
    """Superclasses as the column says, or CIFAR-100's for its classes; none where a class has several."""
    above: tuple[str, ...]
    if raw.fine_names == FINE_NAMES and (not coarse or columns.coarse_names in (None, COARSE_NAMES)):
        to_coarse, above = FINE_TO_COARSE, COARSE_NAMES
        for split, values in coarse.items():
            wrong = np.flatnonzero(np.array(to_coarse)[fine[split]] != values)
            if wrong.size:
                raise HundredError(
                    f"{columns.coarse} of {split} image {wrong[0]:,} is {values[wrong[0]]}, not that of "
                    f"its class"
                )
    elif coarse:
        pairs = {
            pair
            for split in coarse
            for pair in zip(fine[split].tolist(), coarse[split].tolist(), strict=True)
        }
        if len(pairs) != len(raw.fine_names):
            return raw
        numbers = [number for _, number in sorted(pairs)]
        known = sorted(set(numbers))
        above = columns.coarse_names or tuple(map(str, known))
        to_coarse = tuple(numbers) if columns.coarse_names else tuple(map(known.index, numbers))
    else:
        return raw
    train, test = (replace(split, coarse=coarse_of(split.fine, to_coarse)) for split in (raw.train, raw.test))
    return replace(raw, train=train, test=test, coarse_names=above, fine_to_coarse=to_coarse)


def _decode(sources: Sequence[Any], into: Room, fit: Fit, progress: Callable[[int], None]) -> list[Fault]:
    return decode_all([cell for cell, _ in sources], [name for _, name in sources], into, fit, progress)


def _some(cells: dict[str, list[tuple[Any, str]]]) -> list[tuple[Any, str]]:
    """Some pictures of all splits, evenly spaced."""
    every = [cell for part in cells.values() for cell in part]
    return every[:: max(len(every) // SAMPLED, 1)]


def _split_of(path: Path, root: Path) -> str:
    texts = [path.stem, *(part.name for part in path.parents if root in (part, *part.parents))]
    for text in texts:
        splits = {_SPLITS[word] for word in re.split(r"[^a-z]+", text.lower()) if word in _SPLITS}
        if len(splits) == 1:
            return splits.pop()
    return "all"


def _files_below(where: Path, ending: str) -> list[Path]:
    """Files with this ending, sorted; the levels below are looked at only as far as there are none above."""
    if not where.is_dir():
        return []
    level, seen = [where], 0
    direct: list[Path] = []
    for _ in range(_DEEPEST):
        inner: list[Path] = []
        for folder in level:
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        seen += 1
                        if seen > _MOST_ENTRIES:
                            return sorted(direct)
                        if entry.name.endswith(ending) and not entry.name.startswith((".", "cache-")):
                            direct.append(Path(entry.path))
                        elif entry.is_dir() and entry.name[0] != "." and entry.name not in ("blobs", "refs"):
                            inner.append(Path(entry.path))
            except OSError:
                continue
        if direct and not any(_SPLITS.get(folder.name.lower()) for folder in inner):
            break
        if level[0].name == "snapshots" or any(folder.name == "snapshots" for folder in inner):
            inner = (
                [max(inner, key=lambda folder: folder.stat().st_mtime)]
                if level[0].name == "snapshots"
                else inner
            )
        level = sorted(inner)
        if not level:
            break
    return sorted(direct)
