"""CIFAR-100 as the Hugging Face hub keeps it: parquet files of `img` (PNG), `fine_label`, `coarse_label`.

Files lie together (train-00000-of-00001.parquet, cifar100-test.parquet) or in a folder for each split.
Layout: https://huggingface.co/datasets/uoft-cs/cifar100.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.formats.image_file import pixels
from hundred.data.formats.raw import ProgressCallback, Raw, RawSplit, coarse_of, no_progress
from hundred.errors import HundredError

NAME = "parquet"
_AT_ONCE = 2048  # rows decoded together: memory stays small beside the images


def find(where: Path) -> Path | None:
    """`where`, if parquet files of both splits lie in it or in its sub-folders."""
    if where.suffix == ".parquet" and where.is_file():
        where = where.parent
    shards = _shards(where)
    return where if shards["train"] and shards["test"] else None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times tell whether anything changed."""
    shards = _shards(found)
    return shards["train"] + shards["test"]


def is_mapped(_: Path) -> bool:
    """False: the images have to be unpacked."""
    return False


def read(found: Path, progress: ProgressCallback = no_progress) -> Raw:
    """Both splits from what `find` gave, shards in the order of their names.

    Raises HundredError where a file is damaged or lacks a column.
    """
    shards = _shards(found)
    total = sum(_rows(path) for path in shards["train"] + shards["test"])
    train = _split(shards["train"], lambda done: progress(done, total))
    return Raw(train, _split(shards["test"], lambda done: progress(len(train.fine) + done, total)))


def _shards(folder: Path) -> dict[str, list[Path]]:
    """Parquet files by split: train or test stands in the file's name or, failing that, its folder's."""
    shards: dict[str, list[Path]] = {"train": [], "test": []}
    if folder.is_dir():
        for path in sorted([*folder.glob("*.parquet"), *folder.glob("*/*.parquet")]):
            for text in (path.stem, path.parent.name):
                split = {"train", "test"} & set(re.split(r"[^a-z]+", text.lower()))
                if split:
                    shards[split.pop()].append(path)
                    break
    return shards


def _rows(path: Path) -> int:
    """Rows of a shard by its own word, 0 where it has none to say: reading it will tell why."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return 0


def _split(shards: list[Path], progress: Callable[[int], None]) -> RawSplit:
    parts: list[RawSplit] = []
    before = 0
    for path in shards:
        parts.append(_shard(path, partial(_progress_after, progress, before)))
        before += len(parts[-1].fine)
    return RawSplit(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.fine for part in parts]),
        np.concatenate([part.coarse for part in parts]),
    )


def _progress_after(progress: Callable[[int], None], before: int, done: int) -> None:
    progress(before + done)


def _shard(path: Path, progress: Callable[[int], None]) -> RawSplit:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = _columns(path, file.schema_arrow.names)
            images = np.empty((file.metadata.num_rows, 3, 32, 32), np.uint8)
            labels: dict[str, list[NDArray[np.uint8]]] = {name: [] for name in columns[1:]}
            done = 0
            for batch in file.iter_batches(_AT_ONCE, columns=columns):
                for cell in batch.column(columns[0]):
                    images[done] = _picture(cell.as_py(), f"{path}, row {done:,}")
                    done += 1
                for name, found in labels.items():
                    found.append(_labels(batch.column(name), f"{path}, {name}"))
                progress(done)
    except (pa.ArrowException, OSError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HundredError(f"{path} is not a whole parquet file: {text}") from None
    fine = np.concatenate(labels["fine_label"] or [np.empty(0, np.uint8)])
    if "coarse_label" in labels:
        return RawSplit(images, fine, np.concatenate(labels["coarse_label"] or [fine]))
    return RawSplit(images, fine, coarse_of(fine))


def _columns(path: Path, names: list[str]) -> list[str]:
    """The columns to read: the images', `fine_label`, and `coarse_label` where it is there."""
    picture = next((name for name in ("img", "image") if name in names), None)
    if picture is None or "fine_label" not in names:
        raise HundredError(
            f"{path} is not from CIFAR-100: its columns are {', '.join(names)[:80]}, not img and fine_label"
        )
    return [picture, "fine_label"] + ["coarse_label"] * ("coarse_label" in names)


def _picture(cell: Any, what: str) -> NDArray[np.uint8]:
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(content, bytes):
        raise HundredError(f"{what} holds no picture")
    return pixels(content, what).transpose(2, 0, 1)


def _labels(column: Any, what: str) -> NDArray[np.uint8]:
    """uint8 of an Arrow column of whole numbers from 0 to 99."""
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "iu" or (values.size and not 0 <= values.min() <= values.max() <= 99):
        raise HundredError(f"{what}: expected whole numbers from 0 to 99")
    return values.astype(np.uint8)
