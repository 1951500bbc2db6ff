"""Folders of pictures of any classes and sizes: the levels and splits that people have, and what is wrong."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from making.archives import write_official, write_pictures
from making.pictures import picture, write_folders
from PIL import Image

from hundred.data.dataset import Dataset
from hundred.data.formats.raw import Raw
from hundred.data.names import COARSE_NAMES
from hundred.data.opening.open import open_dataset
from hundred.errors import HundredError


def fault(where: Path) -> str:
    with pytest.raises(HundredError) as caught:
        open_dataset(where, download=False)
    text = str(caught.value)
    assert len(text.splitlines()) <= 2, text
    return text


def counts(dataset: Dataset) -> tuple[list[int], list[int]]:
    return dataset.train.fine.bincount().tolist(), dataset.test.fine.bincount().tolist()


@pytest.mark.parametrize("test", ["test", "Test", "TESTING"])
def test_train_and_test_in_any_capitals(tmp_path: Path, test: str) -> None:
    dataset = open_dataset(write_folders(tmp_path / "pets", {"Train": 4, test: 2}))
    assert (dataset.name, dataset.fine_names, dataset.coarse_names) == ("pets", ("cat", "dog"), ())
    assert counts(dataset) == ([4, 4], [2, 2])
    assert dataset.train.images.shape == (8, 3, 32, 32)
    assert dataset.validation_indices is None
    assert not dataset.has_superclasses
    assert dataset.fine_to_coarse.tolist() == [0, 0]


@pytest.mark.parametrize("validation", ["val", "VALID", "validation"])
def test_a_validation_split_is_kept_apart_among_the_training_images(tmp_path: Path, validation: str) -> None:
    dataset = open_dataset(write_folders(tmp_path, {"train": 4, validation: 3, "test": 2}))
    assert counts(dataset) == ([7, 7], [2, 2])
    assert dataset.validation_indices is not None
    assert dataset.validation_indices.tolist() == list(range(8, 14))


def test_without_a_test_split_the_validation_split_serves_as_one(tmp_path: Path) -> None:
    dataset = open_dataset(write_folders(tmp_path, {"train": 4, "val": 3}))
    assert counts(dataset) == ([4, 4], [3, 3])
    assert dataset.validation_indices is None
    assert any("the validation split serves as one" in note for note in dataset.notes)


@pytest.mark.parametrize("split", ["", "train"])
def test_a_set_without_splits_is_always_split_the_same_80_10_10(tmp_path: Path, split: str) -> None:
    root = write_folders(tmp_path / "a", {split: 50}, ("cat", "dog", "hen"))
    dataset = open_dataset(root)
    assert counts(dataset) == ([45] * 3, [5] * 3)
    assert dataset.validation_indices is not None
    assert dataset.train.fine[dataset.validation_indices].bincount().tolist() == [5] * 3
    assert dataset.split.startswith("80/10/10")
    again = open_dataset(write_folders(tmp_path / "elsewhere" / "b", {split: 50}, ("cat", "dog", "hen")))
    assert again.digest == dataset.digest


def test_five_images_a_class_are_enough(tmp_path: Path) -> None:
    dataset = open_dataset(write_folders(tmp_path, {"": 5}))
    assert counts(dataset) == ([4, 4], [1, 1])
    assert dataset.validation_indices is not None
    assert len(dataset.validation_indices) == 2


def test_superclasses_around_classes(tmp_path: Path) -> None:
    classes = ("birds/hen", "birds/owl", "pets/cat", "pets/other", "birds/other")
    dataset = open_dataset(write_folders(tmp_path, {"train": 3, "test": 1}, classes))
    assert dataset.fine_names == ("birds/other", "cat", "hen", "owl", "pets/other")
    assert dataset.coarse_names == ("birds", "pets")
    assert dataset.fine_to_coarse.tolist() == [0, 1, 0, 0, 1]
    assert dataset.train.coarse.tolist() == dataset.fine_to_coarse[dataset.train.fine].tolist()


def test_numbers_as_names_are_ordered_as_numbers(tmp_path: Path) -> None:
    dataset = open_dataset(write_folders(tmp_path, {"train": 3, "test": 1}, ("10", "9", "100")))
    assert dataset.fine_names == ("9", "10", "100")


def test_names_in_any_script(tmp_path: Path) -> None:
    names = ("猫", "собака", "été d'or", "a b")
    assert set(open_dataset(write_folders(tmp_path, {"": 5}, names)).fine_names) == set(names)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tif", "gif"])
def test_formats_of_pictures(tmp_path: Path, ending: str) -> None:
    dataset = open_dataset(write_folders(tmp_path, {"train": 3, "test": 1}, ending=ending))
    exact = open_dataset(write_folders(tmp_path / "exact", {"train": 3, "test": 1}))
    difference = (dataset.train.images.int() - exact.train.images.int()).abs().float().mean()
    assert difference < 12


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (((32, 32),), 32),
        (((8, 8),), 32),
        (((28, 28), (40, 35)), 32),
        (((64, 80), (70, 70)), 64),
        (((100, 90), (90, 95)), 96),
        (((640, 480), (130, 140), (130, 500)), 128),
        (((400, 300), (1200, 900)), 224),
    ],
)
def test_the_size_is_chosen_by_the_median(
    tmp_path: Path, sizes: tuple[tuple[int, int], ...], expected: int
) -> None:
    dataset = open_dataset(write_folders(tmp_path, {"train": 3, "test": 3}, sizes=sizes))
    assert dataset.image_size == expected
    assert any(f"become {expected}x{expected} (crop)" in note for note in dataset.notes) == (
        sizes != ((32, 32),)
    )


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_each_fit(tmp_path: Path, fit: str) -> None:
    for split in ("train", "test"):
        for name in ("a", "b"):
            (tmp_path / split / name).mkdir(parents=True)
            wide = np.zeros((32, 96, 3), np.uint8)
            wide[:, 32:64] = 255
            Image.fromarray(wide).save(tmp_path / split / name / "x.png")
    image = open_dataset(tmp_path, image_size=32, fit=fit).train.images[0, 0].numpy()
    if fit == "crop":
        assert image.min() == 255
    elif fit == "pad":
        assert image[:8].max() == 0
        assert image[16, 16] == 255
    else:
        assert image[:, 2].max() < 20
        assert image[:, 16].min() > 200


def test_the_second_opening_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_folders(tmp_path / "pets", {"train": 4, "test": 2})
    first = open_dataset(root)
    monkeypatch.setattr("hundred.data.formats.image_folder.Decoders", None)
    again = open_dataset(root)
    assert again.digest == first.digest
    assert again.train.images.equal(first.train.images)
    assert (again.fine_names, again.notes, again.split) == (first.fine_names, first.notes, first.split)
    root.rename(tmp_path / "moved")
    assert open_dataset(tmp_path / "moved").digest == first.digest
    picture(0, 77).save(tmp_path / "moved" / "train" / "cat" / "new.png")
    with pytest.raises(TypeError):
        open_dataset(tmp_path / "moved")


def test_processes_decode_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_folders(tmp_path / "pets", {"train": 30, "test": 5}, sizes=((40, 30), (64, 64)))
    alone = open_dataset(root, image_size=32)
    monkeypatch.setattr("hundred.data.opening.decode.FILES_FOR_PROCESSES", 10)
    monkeypatch.setattr("hundred.data.opening.decode._PORTION", 7)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    seen: list[tuple[int, int]] = []
    together = open_dataset(root, image_size=32, reading=lambda *now: seen.append(now))
    assert together.digest == alone.digest
    assert seen[-1] == (70, 70)


def test_a_process_that_ends_early_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_folders(tmp_path / "pets", {"train": 30, "test": 5})
    monkeypatch.setattr("hundred.data.opening.decode.FILES_FOR_PROCESSES", 10)
    monkeypatch.setattr("hundred.data.opening.decode.sys.executable", "/bin/false")
    assert "a process that decodes pictures ended early" in fault(root)


@pytest.mark.parametrize("files_for_processes", [4000, 10])
def test_damaged_pictures_are_left_out_of_the_map_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_for_processes: int
) -> None:
    monkeypatch.setattr("hundred.data.opening.decode.FILES_FOR_PROCESSES", files_for_processes)
    monkeypatch.setattr("hundred.data.opening.decode._PORTION", 5)
    root = write_folders(tmp_path / "pets", {"train": 12, "test": 5})
    (root / "train" / "cat" / "p3.png").write_bytes(b"no picture")
    (root / "test" / "dog" / "p0.png").write_bytes((root / "test" / "dog" / "p1.png").read_bytes()[:60])
    assert "2 of 34 pictures cannot be read" in fault(root)
    for _ in range(2):  # decoded, and from the cache
        dataset = open_dataset(root, skip_damaged=True)
        assert counts(dataset) == ([11, 12], [5, 4])
    (root / "train" / "cat" / "p3.png").unlink()
    (root / "test" / "dog" / "p0.png").unlink()
    assert open_dataset(root).digest == dataset.digest


def test_cifar_100_as_folders_is_cifar_100_to_the_last_bit(
    small: Raw, tmp_path: Path, small_is_whole: None
) -> None:
    pickles = open_dataset(write_official(tmp_path / "cifar-100-python", small))
    folders = open_dataset(write_pictures(tmp_path / "my-folders", small))
    assert folders.digest == pickles.digest
    assert folders.name == "cifar100"
    assert folders.train.images.equal(pickles.train.images)
    assert folders.coarse_names == pickles.coarse_names


def test_the_superclasses_of_cifar_100_as_classes(small: Raw, tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "twenty", small, lambda fine, coarse: COARSE_NAMES[coarse])
    dataset = open_dataset(root)
    assert (dataset.name, dataset.fine_names, dataset.coarse_names) == ("twenty", COARSE_NAMES, ())
    assert dataset.train.fine.tolist() == small.train.coarse.tolist()


# What is wrong, and the way out.


def _empty_class(root: Path) -> None:
    (root / "train" / "hen").mkdir()


def _only_in_test(root: Path) -> None:
    write_folders(root, {"test": 1}, ("hen",))


def _two_spellings(root: Path) -> None:
    write_folders(root, {"train": 1}, ("house cat", "House_Cat"))


def _circle(root: Path) -> None:
    (root / "train" / "loop").symlink_to(root / "train", target_is_directory=True)


def _two_test_splits(root: Path) -> None:
    write_folders(root, {"Testing": 1})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_empty_class, "hen holds no pictures"),
        (_only_in_test, "class 'hen' is in test but not in train"),
        (_two_spellings, "two spellings of one class: 'House_Cat' and 'house cat'"),
        (_circle, "loop is a link in a circle"),
        (_two_test_splits, "two folders for the same split: 'Testing' and 'test'"),
    ],
)
def test_faults_of_a_set_are_named(tmp_path: Path, change: Callable[[Path], None], named: str) -> None:
    root = write_folders(tmp_path / "pets", {"train": 2, "test": 1})
    change(root)
    assert named in fault(root)


def test_the_level_that_has_the_classes_is_said_or_taken(tmp_path: Path) -> None:
    root = write_folders(tmp_path / "above" / "pets", {"train": 2, "test": 1})
    assert open_dataset(root.parent).source == str(root)
    assert f"{root}/train is one split of a set: name the folder that holds all of it, {root}" in fault(
        root / "train"
    )
    assert f"the classes may be in {root}/train" in fault(root / "train" / "cat")
    far = write_folders(tmp_path / "far" / "x" / "pets", {"train": 2, "test": 1})
    assert f"name the folder of the splits, {far}" in fault(tmp_path / "far")
    inner = write_folders(tmp_path / "inner", {"train": 2, "test": 1}, ("x/y/cat", "x/y/dog"))
    assert f"in {inner}/test/x/y: move them into {inner}/test" in fault(inner)
    deep = write_folders(tmp_path / "deep", {"": 2}, ("x/y/z/cat", "x/y/z/dog"))
    assert f"the classes seem to be in {deep}/x/y/z: name that folder" in fault(deep)


def test_one_picture_of_each_class_leaves_none_to_test_on(tmp_path: Path) -> None:
    assert "leaves none to test on: give two or more" in fault(write_folders(tmp_path, {"": 1}))


def test_one_class_is_too_few(tmp_path: Path) -> None:
    root = write_folders(tmp_path, {"train": 2, "test": 2}, ("cat",))
    assert f"{root} has one class, 'cat': at least two are needed" in fault(root)


def test_the_same_picture_in_both_splits_is_counted(tmp_path: Path) -> None:
    root = write_folders(tmp_path, {"train": 4, "test": 2})
    for number in range(2):
        (root / "train" / "cat" / f"p{number}.png").rename(root / "train" / "cat" / f"q{number}.png")
        (root / "test" / "cat" / f"copy{number}.png").write_bytes(
            (root / "train" / "cat" / f"q{number}.png").read_bytes()
        )
    assert any("2 of 6 test images are training images too" in note for note in open_dataset(root).notes)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_named(tmp_path: Path) -> None:
    root = write_folders(tmp_path, {"train": 2, "test": 1})
    (root / "train" / "cat").chmod(0)
    try:
        assert f"{root}/train/cat cannot be read" in fault(root)
    finally:
        (root / "train" / "cat").chmod(0o700)
