"""What `hundred data` lists and verifies."""

import hashlib
from pathlib import Path

import pytest

from hundred.data.formats.raw import Raw
from hundred.data.formats.registry import find_form
from hundred.data.opening.cache import cache_folder
from hundred.data.opening.listing import list_datasets, verify
from hundred.data.opening.load import fingerprint_of
from hundred.data.opening.open import open_dataset
from hundred.errors import HundredError
from tests.making.archives import pack, write_binary, write_official


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_is_whole: None) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("HUNDRED_DATA", raising=False)


def test_everything_is_listed_once_with_its_size_and_fault(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_datasets() == []
    whole = write_official(tmp_path / "work" / "cifar-100-python", small)
    cut = write_binary(cache_folder() / "cifar-100-binary", small)
    (cut / "test.bin").write_bytes(b"short")
    monkeypatch.setenv("HUNDRED_DATA", str(whole))
    first, second = list_datasets()
    assert (first.form, first.path, first.why, first.valid) == (
        "cifar-100-python",
        whole,
        "HUNDRED_DATA",
        True,
    )
    assert first.bytes == sum(path.stat().st_size for path in whole.iterdir())
    assert first.digest == open_dataset(whole).digest
    assert (second.form, second.why, second.valid, second.digest) == (
        "cifar-100-binary",
        "the cache",
        False,
        "",
    )
    assert "cut short" in second.note


def test_verifying_reads_the_source_again(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_binary(tmp_path / "cifar-100-binary", small)
    assert verify(source).digest == open_dataset(source).digest
    # A failing disk: one byte of an image, with size and times as they were.
    found = find_form(source)
    assert found is not None
    mark = fingerprint_of(found)
    content = bytearray((source / "test.bin").read_bytes())
    content[1000] ^= 1
    (source / "test.bin").write_bytes(content)
    monkeypatch.setattr("hundred.data.opening.listing.fingerprint_of", lambda _: mark)
    with pytest.raises(HundredError, match="changed since it was first read"):
        verify(source)


def test_verifying_tells_the_published_archive_from_another(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = pack(write_official(tmp_path / "x", small), tmp_path / "cifar-100-python.tar.gz")
    assert verify(packed).note.startswith("not the published archive")
    monkeypatch.setattr(
        "hundred.data.opening.listing.OFFICIAL_MD5", hashlib.md5(packed.read_bytes()).hexdigest()
    )
    assert verify(packed).note == "the published archive"


def test_verifying_nothing_says_so() -> None:
    with pytest.raises(HundredError, match="no CIFAR-100 on this machine"):
        verify()
