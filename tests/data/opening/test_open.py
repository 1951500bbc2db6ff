"""Where CIFAR-100 is looked for, in which order, and what is said where there is none."""

from pathlib import Path

import pytest

from hundred.data.formats.raw import Raw
from hundred.data.opening.cache import cache_folder
from hundred.data.opening.open import find_dataset, open_dataset
from hundred.errors import HundredError
from tests.making.archives import write_binary, write_official


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_is_whole: None) -> None:
    """An empty working folder, and no HUNDRED_DATA."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("HUNDRED_DATA", raising=False)


def fault(where: str | Path | None = None) -> str:
    with pytest.raises(HundredError) as caught:
        open_dataset(where, download=False)
    text = str(caught.value)
    assert len(text.splitlines()) <= 2
    return text


def test_a_dataset_says_what_it_is(small: Raw, tmp_path: Path) -> None:
    dataset = open_dataset(write_official(tmp_path / "cifar-100-python", small))
    assert dataset.name == "cifar100"
    assert dataset.source == str(tmp_path / "cifar-100-python")
    assert dataset.train.images.shape == (200, 3, 32, 32)
    assert (dataset.fine_names[0], dataset.coarse_names[19]) == ("apple", "vehicles_2")
    assert dataset.fine_to_coarse[dataset.train.fine].equal(dataset.train.coarse)


def test_each_place_comes_before_the_next(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def source() -> str:
        return open_dataset(download=False).source

    assert "no CIFAR-100 on this machine" in fault()
    keras = tmp_path / "keras" / "datasets" / "cifar-100-python-target" / "cifar-100-python"
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    write_official(keras, small)
    assert source() == str(keras)
    cached = write_official(cache_folder() / "cifar-100-python", small)
    assert source() == str(cached)
    write_binary(tmp_path / "work" / "data" / "cifar-100-binary", small)
    assert source() == str(tmp_path / "work" / "data" / "cifar-100-binary")
    write_binary(tmp_path / "work" / "cifar-100-binary", small)
    assert source() == str(tmp_path / "work" / "cifar-100-binary")
    write_official(tmp_path / "named", small)
    monkeypatch.setenv("HUNDRED_DATA", str(tmp_path / "named"))
    assert source() == str(tmp_path / "named")
    explicit = open_dataset(tmp_path / "work" / "cifar-100-binary")
    assert explicit.source == str(tmp_path / "work" / "cifar-100-binary")


def test_a_folder_that_holds_a_known_form_counts(small: Raw, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "a").mkdir(parents=True)
    (home / "other.tar.gz").write_bytes(b"\x1f\x8b nothing to open")
    write_binary(home / "b", small)
    found = find_dataset(home)
    assert found is not None
    assert (found.form.NAME, found.path) == ("cifar-100-binary", home / "b")


def test_the_sample_is_asked_for_by_name_or_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = object()
    monkeypatch.setattr("hundred.data.opening.open.draw_sample", lambda: drawn)
    assert open_dataset("sample") is drawn
    monkeypatch.setenv("HUNDRED_DATA", "sample")
    assert open_dataset() is drawn


def test_what_is_missing_is_said_with_the_way_out(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = fault()
    assert str(tmp_path / "work") in text
    assert str(cache_folder()) in text
    assert "'sample'" in text
    assert f"there is no {tmp_path}/absent to read" in fault(tmp_path / "absent")
    assert "did you mean 'sample'?" in fault("sampel")
    (tmp_path / "empty").mkdir()
    assert f"no images with labels in {tmp_path}/empty\nLooked for folders of pictures" in fault(
        tmp_path / "empty"
    )
    half = write_official(tmp_path / "half", small)
    (half / "test").unlink()
    assert "holds 'train' but no 'test'" in fault(half)
    monkeypatch.setenv("HUNDRED_DATA", str(tmp_path / "absent"))
    assert f"{tmp_path}/absent (HUNDRED_DATA)" in fault()


def test_a_part_of_cifar_100_is_opened_under_another_name(
    small: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hundred.data.formats.validate.TRAIN_PER_CLASS", 500)
    part = open_dataset(write_official(tmp_path / "cifar-100-python", small))
    assert part.name == "cifar100-part"
    assert part.has_superclasses
    assert (
        "not the whole of CIFAR-100: 200 training images, 2 of class 'apple' instead of 500" in part.notes[0]
    )


def test_nothing_is_downloaded_for_a_named_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.data.opening.open.download_archive", None)
    with pytest.raises(HundredError, match="there is no"):
        open_dataset(tmp_path / "absent")


@pytest.mark.real_data
def test_the_real_set_opens_whole_and_the_same_again(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hundred.data.formats.validate.TRAIN_PER_CLASS", 500)
    monkeypatch.setattr("hundred.data.formats.validate.TEST_PER_CLASS", 100)
    first, second = open_dataset(real_data), open_dataset(real_data)
    assert first.train.fine.bincount().tolist() == [500] * 100
    assert first.test.fine.bincount().tolist() == [100] * 100
    assert first.train.images.dtype.is_signed is False
    assert first.digest == second.digest
