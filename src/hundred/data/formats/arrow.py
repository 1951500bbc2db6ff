"""Arrow files of the `datasets` library: what `save_to_disk` writes, and what it keeps in its cache."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hundred.data.files.arrow_tables import read_tables, tables_below
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, ReadOptions

NAME = "Arrow"


def find(where: Path) -> Path | None:
    """`where`, if it holds Arrow files, there or below; the folder of one that is named itself."""
    if where.suffix == ".arrow" and where.is_file():
        where = where.parent
    return where if tables_below(where, ".arrow") else None


def files(found: Path) -> list[Path]:
    """The files that `read` would read, whose sizes and times say whether anything changed."""
    return [path for paths in tables_below(found, ".arrow").values() for path in paths]


def is_mapped(_: Path) -> bool:
    """False: the pictures have to be decoded."""
    return False


def read(found: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Raw:
    """All splits. Raises HundredError where a file is damaged or lacks a column."""
    return read_tables(tables_below(found, ".arrow"), _batches, options, found)


def _batches(path: Path) -> Iterator[Any]:
    """Record batches of a stream, as the library writes it, or of a file."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as mapped:
        try:
            reader = pa.ipc.open_stream(mapped)
        except pa.ArrowInvalid:
            mapped.seek(0)
            file = pa.ipc.open_file(mapped)
            yield from (file.get_batch(number) for number in range(file.num_record_batches))
            return
        with reader:
            yield from reader
