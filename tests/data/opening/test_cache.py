"""The cache of opened images: gives back what was kept, and only while it still holds."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hundred.data.dataset import Dataset
from hundred.data.formats.raw import Raw
from hundred.data.formats.registry import find_form
from hundred.data.opening.cache import NewEntry, cache_folder, load_digest, load_entry
from hundred.data.opening.digest import EarlyDigest, digest_arrays
from hundred.data.opening.load import fingerprint_of, load_dataset
from hundred.data.opening.open import open_dataset
from tests.making.archives import assert_same, pack, write_binary, write_official

pytestmark = pytest.mark.usefixtures("small_is_whole")


@pytest.fixture
def source(small: Raw, tmp_path: Path) -> Path:
    return write_binary(tmp_path / "cifar-100-binary", small)


def entry() -> Path:
    (found,) = (cache_folder() / "opened").iterdir()
    return found


def assert_holds(dataset: Dataset, raw: Raw) -> None:
    np.testing.assert_array_equal(dataset.train.images, raw.train.images)
    np.testing.assert_array_equal(dataset.test.images, raw.test.images)
    np.testing.assert_array_equal(dataset.train.fine, raw.train.fine)
    np.testing.assert_array_equal(dataset.test.coarse, raw.test.coarse)
    assert dataset.digest == digest_arrays(raw)


class NoDigest(EarlyDigest):
    """One that refuses to give it."""

    of = None  # type: ignore[assignment]


def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any reading from the source fail."""
    monkeypatch.setattr("hundred.data.formats.binary.read", None)
    monkeypatch.setattr("hundred.data.opening.load.EarlyDigest", NoDigest)


def test_the_second_opening_reads_nothing_from_the_source(
    small: Raw, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_holds(open_dataset(source), small)
    no_reading(monkeypatch)
    assert_holds(open_dataset(source), small)


def test_images_are_the_mapped_file_itself_and_writing_to_them_leaves_it_alone(
    small: Raw, source: Path
) -> None:
    open_dataset(source)
    found = find_form(source)
    assert found is not None
    kept = load_entry(source, fingerprint_of(found))
    assert kept is not None
    base = kept[0].train.images.base
    while not isinstance(base, np.memmap):
        base = base.base
    images = load_dataset(found).train.images
    mapped = Path("/proc/self/maps")
    if mapped.exists():
        ranges = [
            line.split()[0].split("-") for line in mapped.read_text().splitlines() if str(entry()) in line
        ]
        assert any(int(start, 16) <= images.data_ptr() < int(end, 16) for start, end in ranges)
    images.zero_()
    assert_holds(open_dataset(source), small)


def test_a_changed_source_is_read_again(small: Raw, source: Path) -> None:
    open_dataset(source)
    changed = small.test.images.copy()
    changed[0] ^= 255
    write_binary(source, Raw(small.train, type(small.test)(changed, small.test.fine, small.test.coarse)))
    os.utime(source / "test.bin", (1, 1))
    np.testing.assert_array_equal(open_dataset(source).test.images, changed)


@pytest.mark.parametrize(
    "damage", ["cut", "flipped", "gone", "empty", "other-shape", "pickled", "no-entry", "bad-entry"]
)
def test_a_damaged_entry_is_built_anew(small: Raw, source: Path, damage: str) -> None:
    open_dataset(source)
    images, described = entry() / "train-images.npy", entry() / "entry.json"
    content = images.read_bytes()
    match damage:
        case "cut":
            images.write_bytes(content[:-100])
        case "flipped":
            images.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "gone":
            images.unlink()
        case "empty":
            images.write_bytes(b"")
        case "other-shape":
            np.save(images, np.zeros((4, 32, 32, 3), np.uint8))
        case "pickled":
            np.save(images, np.array([{}], dtype=object), allow_pickle=True)
        case "no-entry":
            described.unlink()
        case "bad-entry":
            described.write_text('{"layout": 1}')
    assert_holds(open_dataset(source), small)
    assert images.read_bytes() == content


def test_an_entry_whose_times_changed_but_not_its_content_is_used(
    small: Raw, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_dataset(source)
    os.utime(entry() / "train-images.npy", (1, 1))
    no_reading(monkeypatch)
    assert_holds(open_dataset(source), small)


def test_the_official_folder_is_not_copied_but_its_digest_is_kept(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_official(tmp_path / "cifar-100-python", small)
    assert_holds(open_dataset(source), small)
    assert [path.name for path in entry().iterdir()] == ["entry.json"]
    monkeypatch.setattr("hundred.data.opening.load.EarlyDigest", NoDigest)
    assert_holds(open_dataset(source), small)


def test_a_cache_that_cannot_be_written_is_done_without(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    source = pack(
        write_official(tmp_path / "x" / "cifar-100-python", small), tmp_path / "cifar-100-python.tar.gz"
    )
    dataset = open_dataset(source)
    assert_holds(dataset, small)
    dataset.train.images.zero_()  # writable, with no warning when it was made a tensor


def test_a_set_that_has_moved_is_not_read_again(
    small: Raw, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_dataset(source)
    source.rename(tmp_path / "elsewhere")
    no_reading(monkeypatch)
    assert_holds(open_dataset(tmp_path / "elsewhere"), small)
    assert json.loads((entry() / "entry.json").read_text())["source"] == str(tmp_path / "elsewhere")


def test_a_file_replaced_by_one_of_the_same_size_and_date_is_read_anew(small: Raw, source: Path) -> None:
    open_dataset(source)
    first, facts = entry(), (source / "test.bin").stat()
    changed = small.test.images.copy()
    changed[0] ^= 255
    write_binary(source, Raw(small.train, type(small.test)(changed, small.test.fine, small.test.coarse)))
    os.utime(source / "test.bin", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert (source / "test.bin").stat().st_size == facts.st_size
    np.testing.assert_array_equal(open_dataset(source).test.images, changed)
    assert entry() != first  # and of the earlier one nothing is kept


def test_what_was_kept_of_vanished_sources_is_removed(small: Raw, source: Path, tmp_path: Path) -> None:
    open_dataset(source)
    first = entry()
    shutil.rmtree(source)
    open_dataset(write_binary(tmp_path / "another", small))
    assert not first.exists()
    assert json.loads((entry() / "entry.json").read_text())["source"] == str(tmp_path / "another")


def test_a_round_trip_keeps_images_labels_and_digest(small: Raw, tmp_path: Path) -> None:
    NewEntry().keep(tmp_path, "mark", small, "digest", with_images=True)
    kept = load_entry(tmp_path, "mark")
    assert kept is not None
    assert_same(kept[0], small)
    assert kept[1] == load_digest("mark") == "digest"
    assert load_entry(tmp_path, "another") is load_digest("another") is None


def test_the_digest_depends_on_every_part(small: Raw) -> None:
    def changed(name: str, part: str) -> Raw:
        split = getattr(small, name)
        array = getattr(split, part).copy()
        array.flat[-1] ^= 1
        fields = {key: getattr(split, key) for key in ("images", "fine", "coarse")} | {part: array}
        return Raw(**{"train": small.train, "test": small.test} | {name: type(split)(**fields)})

    variants = [small] + [changed(a, b) for a in ("train", "test") for b in ("images", "fine", "coarse")]
    assert len({digest_arrays(raw) for raw in variants}) == 7


@pytest.mark.parametrize("taken", [(), (1, 3), (2, 10_000)])
def test_a_digest_that_is_taken_early_is_the_same(small: Raw, taken: tuple[int, ...]) -> None:
    early = EarlyDigest()
    early.begin(small.train.images)
    for count in taken:
        early.take(count)
    assert early.of(small) == digest_arrays(small)


def test_images_that_were_left_out_after_they_were_taken_do_not_count(small: Raw) -> None:
    early = EarlyDigest()
    early.begin(small.train.images)
    early.take(len(small.train.images))
    train = replace(
        small.train, **{key: getattr(small.train, key)[1:] for key in ("images", "fine", "coarse")}
    )
    fewer = replace(small, train=train)
    assert early.of(fewer) == digest_arrays(fewer) != digest_arrays(small)
