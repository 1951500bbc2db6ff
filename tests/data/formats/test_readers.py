"""The readers of the published forms: each gives back exactly what was written, or one line of error."""

import io
import itertools
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hundred.data.files import archive
from hundred.data.files.pictures import decode_picture
from hundred.data.formats import binary, parquet, python_pickle
from hundred.data.formats.raw import Raw, RawSplit, ReadOptions
from hundred.data.formats.registry import find_form
from hundred.data.names import COARSE_NAMES, FINE_NAMES
from hundred.data.opening.open import open_dataset
from hundred.errors import HundredError
from tests.making.archives import (
    assert_same,
    made_split,
    pack,
    png,
    python2_pickle,
    write_binary,
    write_official,
    write_parquet,
    write_pictures,
)


def one_line(call: Callable[[], object]) -> str:
    with pytest.raises(HundredError) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


def read(where: Path) -> Raw:
    found = find_form(where)
    assert found is not None
    return found.form.read(found.path)


def write_shards(where: Path, raw: Raw) -> None:
    """Two shards of training images, one of test images."""
    first, second = (
        RawSplit(raw.train.images[part], raw.train.fine[part], raw.train.coarse[part])
        for part in (slice(120), slice(120, None))
    )
    write_parquet(
        {
            where / "train-0.parquet": first,
            where / "train-1.parquet": second,
            where / "test.parquet": raw.test,
        }
    )


# The official pickles.


def test_official_folder_its_parent_and_the_archive_read_alike(small: Raw, tmp_path: Path) -> None:
    inner = write_official(tmp_path / "home" / "cifar-100-python", small)
    packed = pack(inner, tmp_path / "any-name.tar.gz")
    for where in (inner, inner.parent, inner / "train", packed):
        assert_same(read(where), small)


def test_official_images_are_the_mapped_file_and_writing_to_them_leaves_it_alone(
    small: Raw, tmp_path: Path
) -> None:
    inner = write_official(tmp_path / "cifar-100-python", small)
    before = (inner / "train").read_bytes()
    images = python_pickle.read(inner).train.images
    base = images
    while isinstance(base, np.ndarray):
        base = base.base
    assert isinstance(base, memoryview)
    assert type(base.obj).__name__ == "mmap"
    images[:] = 0
    assert (inner / "train").read_bytes() == before


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_saved_again_give_tensors_that_may_be_written(
    small: Raw, tmp_path: Path, protocol: int, small_is_whole: None
) -> None:
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    for name, split in (("train", small.train), ("test", small.test)):
        content = {
            b"data": split.images.reshape(-1, 3072),
            b"fine_labels": split.fine.tolist(),
            b"coarse_labels": split.coarse.tolist(),
        }
        (folder / name).write_bytes(pickle.dumps(content, protocol))
    dataset = open_dataset(folder)
    np.testing.assert_array_equal(dataset.train.images, small.train.images)
    dataset.train.images.zero_()  # with no warning of PyTorch's before
    np.testing.assert_array_equal(open_dataset(folder).train.images, small.train.images)


def test_official_folder_with_an_empty_cut_or_foreign_file(small: Raw, tmp_path: Path) -> None:
    inner = write_official(tmp_path / "cifar-100-python", small)
    whole = (inner / "test").read_bytes()
    for content in (b"", whole[:-1000], b"version https://git-lfs.github.com/spec/v1\n"):
        (inner / "test").write_bytes(content)
        assert str(inner / "test") in one_line(lambda: python_pickle.read(inner))


def test_cifar_10_is_recognised(small: Raw, tmp_path: Path) -> None:
    inner = write_official(tmp_path / "x", small)
    content = python2_pickle(small.train)
    content = content.replace(b"U\x0bfine_labels", b"U\x06labels").replace(
        b"U\x0dcoarse_labels", b"U\x05other"
    )
    (inner / "train").write_bytes(content)
    assert "CIFAR-10" in one_line(lambda: python_pickle.read(inner))


def test_official_labels_that_are_no_small_numbers(small: Raw, tmp_path: Path) -> None:
    inner = write_official(tmp_path / "x", small)
    content = python2_pickle(small.train).replace(b"fine_labels](K", b"fine_labels](NK")
    (inner / "train").write_bytes(content)
    assert "fine_labels" in one_line(lambda: python_pickle.read(inner))


# Archives.


def test_an_archive_writes_nothing_outside_itself(small: Raw, tmp_path: Path) -> None:
    packed = tmp_path / "evil.tar.gz"
    train, test = python2_pickle(small.train), python2_pickle(small.test)
    with tarfile.open(packed, "w:gz") as file:
        link = tarfile.TarInfo("cifar-100-python/train")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        file.addfile(link)
        for name, content in (("../../train", train), ("/abs/test", test), ("../../other", b"x")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    assert_same(python_pickle.read(packed), small)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["evil.tar.gz"]
    assert not (tmp_path.parent / "train").exists()


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.9, 0.999])
def test_a_cut_archive_is_one_line(small: Raw, tmp_path: Path, share: float) -> None:
    packed = pack(write_official(tmp_path / "cifar-100-python", small), tmp_path / "cifar-100-python.tar.gz")
    content = packed.read_bytes()
    packed.write_bytes(content[: int(len(content) * share) + 2])
    assert str(packed) in one_line(lambda: read(packed))


def test_a_damaged_archive_is_one_line(small: Raw, tmp_path: Path) -> None:
    packed = pack(write_official(tmp_path / "cifar-100-python", small), tmp_path / "cifar-100-python.tar.gz")
    content = bytearray(packed.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    packed.write_bytes(content)
    assert "not a whole .tar.gz" in one_line(lambda: read(packed))


def test_an_archive_without_the_files_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train").write_bytes(b"x")
    packed = pack(tmp_path / "other", tmp_path / "cifar.tar.gz")
    assert "'test'" in one_line(lambda: python_pickle.read(packed))


def test_an_archive_that_unpacks_to_too_much_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 100_000)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a-first").write_bytes(bytes(150_000))
    (tmp_path / "other" / "train").write_bytes(bytes(10))
    packed = pack(tmp_path / "other", tmp_path / "cifar-100-python.tar.gz")
    assert "100,000 bytes" in one_line(lambda: python_pickle.read(packed))
    (tmp_path / "other" / "a-first").unlink()
    (tmp_path / "other" / "train").write_bytes(bytes(150_000))
    packed = pack(tmp_path / "other", packed)
    assert "claims 150,000 bytes" in one_line(lambda: python_pickle.read(packed))


# The binary form.


def test_binary_folder_its_parent_and_the_archive_read_alike(small: Raw, tmp_path: Path) -> None:
    inner = write_binary(tmp_path / "home" / "cifar-100-binary", small)
    packed = pack(inner, tmp_path / "any-name.tar.gz")
    for where in (inner, inner.parent, inner / "test.bin", packed):
        assert_same(read(where), small)


def test_a_cut_binary_file_is_one_line(small: Raw, tmp_path: Path) -> None:
    inner = write_binary(tmp_path, small)
    (inner / "train.bin").write_bytes((inner / "train.bin").read_bytes()[:-5])
    assert "614,795 bytes" in one_line(lambda: binary.read(inner))


# Parquet.


def parts(split: RawSplit, count: int) -> list[RawSplit]:
    edges = np.linspace(0, len(split.images), count + 1).astype(int)
    return [
        RawSplit(split.images[a:b], split.fine[a:b], split.coarse[a:b]) for a, b in itertools.pairwise(edges)
    ]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["train-00000-of-00001.parquet"], "test-00000-of-00001.parquet"),
        (["cifar100-train.parquet"], "cifar100-test.parquet"),
        (["train/0000.parquet"], "test/0000.parquet"),
        (["train/0000.parquet", "train/0001.parquet"], "test/0000.parquet"),
        (
            ["cifar100/train-00000-of-00002.parquet", "cifar100/train-00001-of-00002.parquet"],
            "cifar100/test-0.parquet",
        ),
    ],
)
def test_parquet_files_read_under_each_usual_name(
    small: Raw, tmp_path: Path, train: list[str], test: str
) -> None:
    shards = dict(zip((tmp_path / name for name in train), parts(small.train, len(train)), strict=True))
    write_parquet({**shards, tmp_path / test: small.test})
    assert_same(read(tmp_path), small)


def test_a_parquet_file_stands_for_its_folder(small: Raw, tmp_path: Path) -> None:
    write_parquet({tmp_path / "train.parquet": small.train, tmp_path / "test.parquet": small.test})
    assert_same(read(tmp_path / "test.parquet"), small)


def test_superclasses_that_a_parquet_file_lacks_are_filled_in(small: Raw, tmp_path: Path) -> None:
    paths = {tmp_path / "train.parquet": small.train, tmp_path / "test.parquet": small.test}
    write_parquet(paths, with_coarse=False)
    assert_same(read(tmp_path), small)


@pytest.mark.parametrize("write", [write_pictures, write_shards])
def test_forms_that_are_unpacked_say_how_far_they_are(
    write: Callable[[Path, Raw], object], small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hundred.data.opening.decode._AT_ONCE", 50)
    write(tmp_path, small)
    found, seen = find_form(tmp_path), list[tuple[int, int]]()
    assert found is not None
    raw = found.form.read(found.path, ReadOptions(progress=lambda *now: seen.append(now)))
    assert len(raw.train.fine) == 200
    assert {total for _, total in seen} == {300}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert 200 < seen[-1][0] <= 300


def test_parquet_faults_are_one_line(small: Raw, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    train, test = tmp_path / "train.parquet", tmp_path / "test.parquet"
    write_parquet({train: small.train, test: small.test})
    whole = test.read_bytes()
    test.write_bytes(whole[: len(whole) // 2])
    assert "not a whole parquet file" in one_line(lambda: parquet.read(tmp_path))
    pq.write_table(pa.table({"words": ["x"], "number": [1]}), test)
    assert "words, number" in one_line(lambda: parquet.read(tmp_path))
    good = png(small.test.images[0])
    for cell, label, expected in (
        (b"no picture", 1, "1 of 201 pictures cannot be read, first {test}, row 0: not a picture"),
        (good[:200], 1, "row 0: a damaged picture"),
        (None, 1, "row 0 holds no picture"),
        (good, 200, "labels go from 200 to 200, not from 0 to 99"),
        (good, None, "a label is missing"),
        (good, 1.5, "expected whole numbers or text"),
    ):
        cells = pa.array([{"bytes": cell}], pa.struct([("bytes", pa.binary())]))
        pq.write_table(pa.table({"img": cells, "fine_label": [label]}), test)
        with pytest.raises(HundredError) as caught:
            parquet.read(tmp_path)
        assert expected.format(test=test) in str(caught.value).splitlines()[0]


def test_a_huge_picture_is_refused_by_its_header() -> None:
    content = bytearray(png(np.zeros((3, 32, 32), np.uint8)))
    for side in (12_000, 60_000):
        content[16:24] = struct.pack(">II", side, side)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
        assert "refused as absurd" in one_line(lambda: decode_picture(bytes(content), 32))


# Folders of pictures.


def spoken(name: str) -> str:
    return name.replace("_", " ").title()


@pytest.mark.parametrize(
    "name_of",
    [
        lambda fine, coarse: FINE_NAMES[fine],
        lambda fine, coarse: spoken(FINE_NAMES[fine]),
        lambda fine, coarse: f"{COARSE_NAMES[coarse]}/{FINE_NAMES[fine]}",
        lambda fine, coarse: f"{spoken(COARSE_NAMES[coarse])}/{FINE_NAMES[fine].replace('_', '-')}",
    ],
)
def test_folders_of_cifar_100_are_cifar_100_in_any_spelling(small: Raw, tmp_path: Path, name_of) -> None:
    write_pictures(tmp_path, small, name_of)
    assert_same(read(tmp_path), small)  # the file names are numbers, so that the order is the same too
    assert read(tmp_path).is_cifar100


def test_pictures_with_other_names_come_by_class_then_by_name(small: Raw, tmp_path: Path) -> None:
    write_pictures(tmp_path, small)
    for path in sorted(tmp_path.rglob("*.png")):
        path.rename(path.with_name(f"photo-{path.name}"))
    for found, written in ((read(tmp_path).train, small.train), (read(tmp_path).test, small.test)):
        order = np.argsort(written.fine, kind="stable")
        np.testing.assert_array_equal(found.images, written.images[order])
        np.testing.assert_array_equal(found.fine, written.fine[order])


def test_a_set_that_seems_meant_to_be_cifar_100_says_what_is_missing(small: Raw, tmp_path: Path) -> None:
    write_pictures(tmp_path, small)
    for split in ("train", "test"):
        (tmp_path / split / "otter").rename(tmp_path / split / "oter")
    found = read(tmp_path)
    assert not found.is_cifar100
    assert len(found.fine_names) == 100
    assert any("lacks otter and has oter" in note for note in found.notes)


def test_damaged_pictures_are_counted_and_left_out_where_that_is_wanted(small: Raw, tmp_path: Path) -> None:
    write_pictures(tmp_path, small)
    first, _ = sorted((tmp_path / "train" / "rose").iterdir())
    first.write_text("hello")
    victim = next((tmp_path / "test" / "apple").iterdir())
    victim.write_bytes(victim.read_bytes()[:100])
    with pytest.raises(HundredError) as caught:
        read(tmp_path)
    assert f"2 of 300 pictures cannot be read, first {first}: not a picture" in str(caught.value)
    assert "--skip-damaged" in str(caught.value).splitlines()[1]
    found = find_form(tmp_path)
    assert found is not None
    raw = found.form.read(found.path, ReadOptions(skip_damaged=True))
    assert (len(raw.train.images), len(raw.test.images)) == (199, 99)
    kept = np.arange(200) != int(first.stem)
    np.testing.assert_array_equal(raw.train.images, small.train.images[kept])
    np.testing.assert_array_equal(raw.train.fine, small.train.fine[kept])
    assert any("are left out" in note for note in raw.notes)


def test_grey_and_palette_pictures_are_read_in_colour(small: Raw, tmp_path: Path) -> None:
    write_pictures(tmp_path, small)
    grey = Image.fromarray(made_split(1, 9).images[0, 0])
    place = next((tmp_path / "test" / "apple").iterdir())
    grey.save(place)
    first = read(tmp_path).test.images[int(place.stem)]
    np.testing.assert_array_equal(first, np.stack([np.asarray(grey)] * 3))


def test_nothing_known_is_none(tmp_path: Path) -> None:
    assert find_form(tmp_path) is None
    assert find_form(tmp_path / "absent") is None
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    assert find_form(tmp_path) is None
    assert find_form(tmp_path / "notes.txt") is None
