"""Published forms of the data, and pictures, damaged in every way: read, or refused in a line or two."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hundred.data.files.pictures import decode_picture
from hundred.data.formats import binary, parquet, python_pickle
from hundred.data.formats.raw import Raw
from tests.making.archives import made, pack, png, write_binary, write_official, write_parquet

from .damage import damaged
from .test_fuzz_runs import read_or_refused


@pytest.fixture(scope="module")
def small() -> Raw:
    """Two training images and one test image of each class."""
    return made(2, 1)


def tried(file: Path, read: Callable[[], object], count: int, seed: int) -> int:
    """How many of `count` damaged contents of `file` were refused."""
    original, refused = file.read_bytes(), 0
    for content in damaged(original, count, seed):
        file.write_bytes(content)
        refused += read_or_refused(read, repr(content[:60]))
    file.write_bytes(original)
    return refused


def test_a_damaged_official_pickle_is_read_or_refused(small: Raw, tmp_path: Path) -> None:
    folder = write_official(tmp_path / "cifar-100-python", small)
    head = (folder / "test").read_bytes()
    # The pixels are most of it; what commands the reader is at the two ends.
    assert tried(folder / "test", lambda: python_pickle.read(folder), 150, 1) > 20
    ends = head[:700], head[-400:]
    for seed, (before, after) in enumerate(((b"", head[700:]), (head[:-400], b""))):
        for content in damaged(ends[seed], 150, seed):
            (folder / "test").write_bytes(before + content + after)
            read_or_refused(lambda: python_pickle.read(folder), repr(content[:60]))


def test_a_damaged_archive_is_read_or_refused_and_writes_nothing(small: Raw, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    archive = pack(write_official(inside / "cifar-100-python", small), tmp_path / "cifar-100-python.tar.gz")
    before = sorted(path for path in tmp_path.rglob("*"))
    assert tried(archive, lambda: python_pickle.read(archive), 40, 2) > 10
    tar = gzip.decompress(archive.read_bytes())
    for content in damaged(tar[:1024], 80, 3):  # headers of the folder and of its first member
        archive.write_bytes(gzip.compress(content + tar[1024:], 1))
        read_or_refused(lambda: python_pickle.read(archive), repr(content[:60]))
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_a_damaged_binary_file_is_read_or_refused(small: Raw, tmp_path: Path) -> None:
    folder = write_binary(tmp_path / "cifar-100-binary", small)
    assert tried(folder / "test.bin", lambda: binary.read(folder), 200, 4) > 20


def test_a_damaged_parquet_file_is_read_or_refused(small: Raw, tmp_path: Path) -> None:
    folder = tmp_path / "parquet"
    write_parquet({folder / "train-0.parquet": small.train, folder / "test-0.parquet": small.test})
    file = folder / "test-0.parquet"
    read = lambda: parquet.read(folder)  # noqa: E731
    assert tried(file, read, 60, 5) > 10
    whole = file.read_bytes()
    for content in damaged(whole[-1500:], 60, 6):  # the footer holds the offsets
        file.write_bytes(whole[:-1500] + content)
        read_or_refused(read, repr(content[:60]))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_a_damaged_picture_is_read_or_refused(small: Raw, tmp_path: Path, kind: str) -> None:
    from PIL import Image

    file = tmp_path / f"picture.{kind.lower()}"
    Image.fromarray(small.test.images[0].transpose(1, 2, 0)).save(file, kind)
    assert tried(file, lambda: decode_picture(file, 32), 200, 7) > 5


def test_pictures_for_predict_are_read_or_refused(small: Raw, tmp_path: Path) -> None:
    from hundred.data.files.pictures import read_picture

    file = tmp_path / "picture.png"
    file.write_bytes(png(small.test.images[0]))
    assert tried(file, lambda: read_picture(file), 200, 8) > 20


def test_the_same_damage_is_done_every_time() -> None:
    content = os.urandom(500)
    assert list(damaged(content, 50, 9)) == list(damaged(content, 50, 9))
    assert len(set(damaged(content, 50, 9))) > 40
