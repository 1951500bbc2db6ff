"""Parquet files of pictures and labels, as the Hugging Face hub and its cache keep them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hundred.data.files.arrow_tables import read_tables, tables_below
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions

NAME = "parquet"
_AT_ONCE = 2048  # rows in memory at a time, beside the encoded pictures


def find(where: Path) -> Path | None:
    """`where`, if it holds parquet files, there or below; the folder of one that is named itself."""
    if where.suffix == ".parquet" and where.is_file():
        where = where.parent
    return where if tables_below(where, ".parquet") else None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times say whether anything changed."""
    return [path for paths in tables_below(found, ".parquet").values() for path in paths]


def is_mapped(_: Path) -> bool:
    """False: the pictures have to be decoded."""
    return False


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """All splits. Raises HundredError where a file is damaged or lacks a column."""
    return read_tables(tables_below(found, ".parquet"), _batches, options, found)


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(_AT_ONCE)
