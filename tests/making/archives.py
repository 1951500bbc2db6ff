"""Small and whole made-up CIFAR-100s in each published form, written here without the code under test."""

import io
import struct
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from hundred.data.formats.raw import Raw, RawSplit
from hundred.data.names import FINE_NAMES, FINE_TO_COARSE


def made_split(per_class: int, seed: int) -> RawSplit:
    """`per_class` images of noise for each class, in random order."""
    random = np.random.default_rng(seed)
    fine = random.permutation(np.repeat(np.arange(100, dtype=np.uint8), per_class))
    images = random.integers(0, 256, (len(fine), 3, 32, 32), np.uint8)
    return RawSplit(images, fine, np.array(FINE_TO_COARSE, np.uint8)[fine])


def made(train_per_class: int = 2, test_per_class: int = 1) -> Raw:
    return Raw(made_split(train_per_class, seed=1), made_split(test_per_class, seed=2))


def _string(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def _numbers(values: list[int]) -> bytes:
    return b"](" + b"".join(b"K" + bytes([value]) for value in values) + b"e"


def _array(values: np.ndarray) -> bytes:
    rows, columns = values.shape
    content = values.tobytes()
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        + b"(K\x01"
        + b"J" + struct.pack("<i", rows) + b"M" + struct.pack("<H", columns) + b"\x86"
        + b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        + b"\x89T" + struct.pack("<i", len(content)) + content + b"tb"
    )  # fmt: skip


def python2_pickle(split: RawSplit) -> bytes:
    """A pickle as Python 2 and NumPy 1 wrote it: protocol 2, byte strings, numpy.core."""
    return (
        b"\x80\x02}("
        + _string(b"batch_label") + _string(b"training batch 1 of 1")
        + _string(b"fine_labels") + _numbers(split.fine.tolist())
        + _string(b"coarse_labels") + _numbers(split.coarse.tolist())
        + _string(b"data") + _array(split.images.reshape(-1, 3072))
        + b"u."
    )  # fmt: skip


def write_official(folder: Path, raw: Raw) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, split in (("train", raw.train), ("test", raw.test)):
        (folder / name).write_bytes(python2_pickle(split))
    return folder


def write_binary(folder: Path, raw: Raw) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, split in (("train.bin", raw.train), ("test.bin", raw.test)):
        with (folder / name).open("wb") as file:
            for image, fine, coarse in zip(split.images, split.fine, split.coarse, strict=True):
                file.write(bytes([coarse, fine]) + image.tobytes())
    return folder


def png(image: np.ndarray) -> bytes:
    """The PNG of a uint8 [3, 32, 32]."""
    file = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0)).save(file, "PNG")
    return file.getvalue()


def write_parquet(paths: dict[Path, RawSplit], *, with_coarse: bool = True) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path, split in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = {
            "img": [{"bytes": png(image), "path": None} for image in split.images],
            "fine_label": split.fine.astype(np.int64),
        }
        if with_coarse:
            columns["coarse_label"] = split.coarse.astype(np.int64)
        pq.write_table(pa.table(columns), path)


def write_pictures(folder: Path, raw: Raw, name_of=lambda fine, coarse: FINE_NAMES[fine]) -> Path:
    """train/<name>/00000.png and so on; `name_of` may hold a slash."""
    for split_name, split in (("train", raw.train), ("test", raw.test)):
        for number, image in enumerate(split.images):
            inner = folder / split_name / name_of(split.fine[number], split.coarse[number])
            inner.mkdir(parents=True, exist_ok=True)
            (inner / f"{number:05}.png").write_bytes(png(image))
    return folder


def pack(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz", compresslevel=1) as file:
        file.add(folder, folder.name)
    return archive


def assert_same(read: Raw, expected: Raw) -> None:
    for found, wanted in ((read.train, expected.train), (read.test, expected.test)):
        np.testing.assert_array_equal(found.images, wanted.images)
        np.testing.assert_array_equal(found.fine, wanted.fine)
        np.testing.assert_array_equal(found.coarse, wanted.coarse)
