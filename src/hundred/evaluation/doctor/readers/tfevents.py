"""Scalars in TensorBoard's event files: TFRecord frames with protocol-buffer messages.

Format: tensorflow/core/lib/io/record_writer.h, util/event.proto, framework/summary.proto and tensor.proto.
Only frames small enough for scalars are loaded; images, graphs and histograms are skipped by their length.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from hundred.errors import HundredError
from hundred.evaluation.doctor.readers.columns import PHASES, words_of
from hundred.evaluation.doctor.readers.table import Columns, Table
from hundred.reading import open_regular
from hundred.runs.os_errors import os_errors_as_hundred_errors

MARK = ".tfevents."
_MOST_FRAMES = 2_000_000
_MOST_SCALARS = 1_000_000
_MOST_TAGS = 2_000
_MOST_FILES = 200
_MOST_FRAME_BYTES = 65_536  # a frame of many scalars has a few kilobytes
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DTYPES = {1: "f", 2: "d", 3: "i", 9: "q"}  # of tensor.proto: float, double, int32, int64


@dataclass
class _Scalars:
    """The scalars of one folder. rows: (segment, step) to values by tag, where a segment begins wherever the
    steps of a tag go back: a run that was started or resumed again."""

    rows: dict[tuple[int, int], dict[str, float]] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    segment: int = 0

    def add(self, step: int, tag: str, value: float) -> None:
        if step < self.last.get(tag, step):
            self.segment += 1
            self.last.clear()
        self.last[tag] = step
        self.rows.setdefault((self.segment, step), {})[tag] = value


def is_event_file(path: Path) -> bool:
    """Whether its name is that of an event file."""
    return MARK in path.name


def event_files_in(folder: Path) -> list[Path]:
    """The event files of a folder and of the folders in it (Keras writes `train` and `validation`)."""
    found = [path for pattern in ("*", "*/*") for path in sorted(folder.glob(pattern + MARK + "*"))]
    return [path for path in found if path.is_file()][:_MOST_FILES]


def read_events(paths: list[Path], root: Path) -> Table:
    """The table of all scalars in `paths`: a row a step, a column a tag, which has the name of the folder
    below `root` before it.

    Raises HundredError where they hold no scalars, or are no event files.
    """
    folders: dict[Path, _Scalars] = {}
    count = 0
    for path in paths:
        scalars = folders.setdefault(path.parent, _Scalars())
        for step, tag, value in _scalars_of(path):
            scalars.add(step, tag, value)
            count += 1
            if count > _MOST_SCALARS:
                raise HundredError(f"{root} has over {_MOST_SCALARS:,} scalars, more than are read")
    rows: dict[tuple[int, int], dict[str, float]] = {}
    for folder, scalars in folders.items():
        for key, values in scalars.rows.items():
            named = {_column(folder, root, tag): value for tag, value in values.items()}
            rows.setdefault(key, {}).update(named)
    if not rows:
        raise HundredError(f"{root} holds TensorBoard events, but no scalars")
    order = sorted(rows)
    names = list(dict.fromkeys(name for key in order for name in rows[key]))
    if len(names) > _MOST_TAGS:
        raise HundredError(f"{root} has {len(names):,} tags: at most {_MOST_TAGS:,} are read")
    columns: Columns = {name: [rows[key].get(name) for key in order] for name in names}
    counted = next((name for name in names if words_of(name) in (["epoch"], ["train", "epoch"])), None)
    if counted:
        columns = {"epoch": columns.pop(counted), **columns}
    steps = [step for _, step in order]
    place = "epoch" if not counted and _are_epochs(steps, columns) else "step"
    return Table({place: steps, **columns}, "event files of TensorBoard")


def _column(folder: Path, root: Path, tag: str) -> str:
    """The tag with the name of its folder before it where that says what it is of: the `train` of Keras, the
    `Loss_val` of `add_scalars`, whose tag is the `Loss` of both."""
    name = folder.name if folder != root else ""
    said = set(words_of(tag)) & set(PHASES)
    phases = [word for word in words_of(name) if word in PHASES]
    return tag if said or not phases else f"{PHASES[phases[-1]]}/{tag}"


def _are_epochs(steps: list[int], columns: Columns) -> bool:
    """Whether steps count epochs: one after another from 0 or 1, each with a figure that others have too."""
    distinct = sorted(set(steps))
    if any(re.match(r"(?:\w+/)?epoch_", name) for name in columns):
        return True  # as Keras names its figures
    whole = distinct[0] in (0, 1) and distinct[-1] - distinct[0] + 1 == len(distinct)
    full = [sum(cell is not None for cell in cells) >= 0.8 * len(steps) for cells in columns.values()]
    return whole and len(distinct) <= 2_000 and sum(full) > 1


def _scalars_of(path: Path) -> Iterator[tuple[int, str, float]]:
    """(step, tag, value) in the order of the file; a last frame that is cut off ends it."""
    with os_errors_as_hundred_errors(path, "cannot read"), open_regular(path) as file:
        for frame in _frames(file, path):
            try:
                yield from _scalars_in(frame)
            except (struct.error, IndexError, UnicodeDecodeError):
                raise HundredError(f"{path} is damaged: an event in it is no TensorBoard event") from None


def _frames(file: BinaryIO, path: Path) -> Iterator[bytes]:
    size = file.seek(0, 2)
    file.seek(0)
    for count in range(_MOST_FRAMES + 1):
        head = file.read(12)
        if len(head) < 12:
            return
        (length,) = struct.unpack("<Q", head[:8])
        if file.tell() + length + 4 > size:
            if count == 0:
                raise HundredError(f"{path} is no event file of TensorBoard: its first frame is cut off")
            return  # it was being written
        if length <= _MOST_FRAME_BYTES:
            yield file.read(length)
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)
    raise HundredError(f"{path} has over {_MOST_FRAMES:,} events, more than are read")


def _scalars_in(event: bytes) -> Iterator[tuple[int, str, float]]:
    step = 0
    summaries = []
    for number, kind, value in _fields(event):
        if number == 2 and kind == _VARINT:
            step = _signed(value)
        elif number == 5 and kind == _BYTES:
            summaries.append(value)
    for summary in summaries:
        for number, kind, value in _fields(summary):
            if number == 1 and kind == _BYTES:
                tag, found = _tag_and_value(value)
                if tag and found is not None:
                    yield step, tag, found


def _tag_and_value(message: bytes) -> tuple[str, float | None]:
    tag, found = "", None
    for number, kind, value in _fields(message):
        if number == 1 and kind == _BYTES:
            tag = value.decode("utf-8")
        elif number == 2 and kind == _FIXED32:
            found = _shortest(struct.unpack("<f", value)[0])
        elif number == 8 and kind == _BYTES:
            found = _of_tensor(value)
    return tag, found


def _of_tensor(message: bytes) -> float | None:
    """The value of a tensor of one number; None for any other."""
    dtype, data = 0, b""
    for number, kind, value in _fields(message):
        if number == 1 and kind == _VARINT:
            dtype = value
        elif (number == 4 and kind == _BYTES) or (number in (5, 6) and kind != _VARINT):
            data = value
        elif number in (7, 10) and kind == _VARINT:
            return float(_signed(value))
    form = _DTYPES.get(dtype)
    if form is None or len(data) != struct.calcsize(form):
        return None
    value = struct.unpack(f"<{form}", data)[0]
    return _shortest(value) if form == "f" else float(value)


def _shortest(value: float) -> float:
    """A float32 by the shortest decimal that names it: 0.1, not 0.10000000149."""
    return float(str(np.float32(value)))


def _signed(value: int) -> int:
    """An int64 from its varint."""
    return value - (1 << 64) if value >> 63 else value


def _fields(message: bytes) -> Iterator[tuple[int, int, Any]]:
    """(field number, wire type, value) of a protocol-buffer message; fixed-width values as their bytes.

    Raises IndexError where it is cut off, struct.error where it is none.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield key >> 3, kind, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise struct.error(f"wire type {kind}")
        if at + length > len(message):
            raise IndexError
        yield key >> 3, kind, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise struct.error("varint of over 10 bytes")
