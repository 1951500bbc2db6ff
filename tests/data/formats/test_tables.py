"""Forms that other libraries write: NumPy, pandas, pyarrow and `datasets`; and archives of folders."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making.pictures import picture, write_folders
from sklearn.datasets import load_digits

from hundred.data.dataset import Dataset
from hundred.data.files import unpack
from hundred.data.opening.open import open_dataset
from hundred.errors import HundredError

DRAWS = np.random.default_rng(0)
IMAGES = DRAWS.integers(0, 256, (40, 32, 32, 3), np.uint8)
LABELS = np.arange(40) % 4


def fault(where: Path) -> str:
    with pytest.raises(HundredError) as caught:
        open_dataset(where, download=False)
    text = str(caught.value)
    assert len(text.splitlines()) <= 2, text
    return text


def assert_holds(dataset: Dataset, names: tuple[str, ...] = ("0", "1", "2", "3")) -> None:
    np.testing.assert_array_equal(dataset.train.images, IMAGES[:30].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(dataset.test.images, IMAGES[30:].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(dataset.train.fine, LABELS[:30])
    np.testing.assert_array_equal(dataset.test.fine, LABELS[30:])
    assert dataset.fine_names == names


# NumPy.


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("trainImages", "trainLabels", "testImages", "testLabels"),
    ],
)
def test_an_npz_with_the_usual_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    arrays = (IMAGES[:30], LABELS[:30, None], IMAGES[30:], LABELS[30:, None])
    np.savez(tmp_path / "set.npz", **dict(zip(names, arrays, strict=True)))
    assert_holds(open_dataset(tmp_path / "set.npz"))
    assert_holds(open_dataset(tmp_path))


def test_npy_files_and_class_names(tmp_path: Path) -> None:
    np.save(tmp_path / "x_train.npy", IMAGES[:30])
    np.save(tmp_path / "y_train.npy", LABELS[:30])
    np.save(tmp_path / "x_test.npy", IMAGES[30:].astype(np.float32) / 255)
    np.save(tmp_path / "y_test.npy", np.eye(4)[LABELS[30:]])
    assert_holds(open_dataset(tmp_path))
    np.savez(tmp_path / "named.npz", x=IMAGES, y=LABELS, class_names=["ape", "bee", "cat", "dog"])
    assert open_dataset(tmp_path / "named.npz").fine_names == ("ape", "bee", "cat", "dog")


def test_the_digits_of_scikit_learn_as_npz_and_as_folder_are_the_same_set(tmp_path: Path) -> None:
    digits = load_digits()
    pixels = np.clip(digits.images * 16, 0, 255).astype(np.uint8)
    np.savez(tmp_path / "digits.npz", x=pixels, y=digits.target)
    for number, (image, label) in enumerate(zip(pixels, digits.target, strict=True)):
        place = tmp_path / "digits" / str(label) / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        from PIL import Image

        Image.fromarray(image).save(place)
    as_arrays, as_folder = open_dataset(tmp_path / "digits.npz"), open_dataset(tmp_path / "digits")
    assert as_arrays.digest == as_folder.digest
    assert (as_arrays.image_size, as_arrays.classes, len(as_arrays.train) + len(as_arrays.test)) == (
        32,
        10,
        1797,
    )


@pytest.mark.parametrize(
    ("arrays", "named"),
    [
        ({"x_train": IMAGES}, "name arrays x_train, y_train"),
        ({"x_test": IMAGES, "y_test": LABELS}, "no training images"),
        ({"x": np.array([{}, 1], dtype=object), "y": LABELS[:2]}, "Python objects, which are not read"),
        ({"x": IMAGES, "y": LABELS[:3]}, "40 images but labels of shape [3]"),
    ],
)
def test_faults_of_an_npz_are_named(tmp_path: Path, arrays: dict[str, Any], named: str) -> None:
    np.savez(tmp_path / "set.npz", **arrays)
    assert named in fault(tmp_path / "set.npz")
    whole = (tmp_path / "set.npz").read_bytes()
    (tmp_path / "set.npz").write_bytes(whole[: len(whole) // 2])
    assert "not a whole NumPy file" in fault(tmp_path / "set.npz")


# pandas.


def write_pictures(folder: Path) -> list[str]:
    from PIL import Image

    folder.mkdir(parents=True)
    for number, image in enumerate(IMAGES):
        Image.fromarray(image).save(folder / f"im{number}.png")
    return [f"im{number}.png" for number in range(40)]


@pytest.mark.parametrize("header", [("filename", "label"), ("image_id", "class"), ("path", "target")])
def test_a_csv_of_files_and_labels(tmp_path: Path, header: tuple[str, str]) -> None:
    files = write_pictures(tmp_path / "images")
    words = np.array(["ape", "bee", "cat", "dog"])[LABELS]
    frame = pd.DataFrame({header[0]: files, header[1]: words, "split": ["train"] * 30 + ["test"] * 10})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    for where in (tmp_path / "labels.csv", tmp_path):
        assert_holds(open_dataset(where), ("ape", "bee", "cat", "dog"))


def test_two_csv_files_with_names_without_endings_and_semicolons(tmp_path: Path) -> None:
    files = [name.removesuffix(".png") for name in write_pictures(tmp_path / "train")]
    pd.DataFrame({"id": files[:30], "label": LABELS[:30]}).to_csv(
        tmp_path / "train.csv", index=False, sep=";"
    )
    pd.DataFrame({"id": files[30:], "label": LABELS[30:]}).to_csv(tmp_path / "test.csv", index=False, sep=";")
    assert_holds(open_dataset(tmp_path))
    assert_holds(open_dataset(tmp_path / "train.csv"))


def test_a_csv_of_pixels_as_kaggle_has_it(tmp_path: Path) -> None:
    grey = IMAGES[..., 0].reshape(40, -1)
    frame = pd.DataFrame(grey, columns=[f"pixel{n}" for n in range(1024)])
    frame.insert(0, "label", LABELS)
    frame[:30].to_csv(tmp_path / "train.csv", index=False)
    frame[30:].to_csv(tmp_path / "test.csv", index=False)
    dataset = open_dataset(tmp_path)
    np.testing.assert_array_equal(dataset.test.images[:, 2], IMAGES[30:, :, :, 0])
    np.testing.assert_array_equal(dataset.test.fine, LABELS[30:])
    frame[30:].drop(columns="label").to_csv(tmp_path / "test.csv", index=False)  # unlabelled, as on Kaggle
    assert len(open_dataset(tmp_path).train) == 26


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ({"filename": ["a.png"] * 4, "words": list("abcd")}, "none is the label"),
        ({"words": ["a.png"] * 4, "label": list("aabb")}, "none names the picture file"),
        ({"filename": ["a.png"] * 4, "label": list("aabb")}, "a.png, which is not there"),
        ({"filename": ["a.png"] * 4, "label": ["a", None, "b", "b"]}, "line 3: no label"),
    ],
)
def test_faults_of_a_csv_are_named(tmp_path: Path, frame: dict[str, Any], named: str) -> None:
    pd.DataFrame(frame).to_csv(tmp_path / "labels.csv", index=False)
    assert named in fault(tmp_path / "labels.csv")


# Tables of the Hugging Face libraries.


def cells(images: np.ndarray) -> list[dict[str, Any]]:
    from PIL import Image

    made = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG")
        made.append({"bytes": file.getvalue(), "path": None})
    return made


def table(part: slice, label: Any, column: str = "image", features: dict[str, Any] | None = None) -> pa.Table:
    made = pa.table({column: cells(IMAGES[part]), "label": label[part]})
    if features is None:
        return made
    return made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


FEATURES = {
    "photo": {"_type": "Image"},
    "label": {"_type": "ClassLabel", "names": ["ape", "bee", "cat", "dog"]},
}


def test_parquet_with_any_image_column_and_the_names_of_its_features(tmp_path: Path) -> None:
    for split, part in (("train", slice(30)), ("test", slice(30, 40))):
        pq.write_table(table(part, LABELS, "photo", FEATURES), tmp_path / f"{split}-00000-of-00001.parquet")
    assert_holds(open_dataset(tmp_path), ("ape", "bee", "cat", "dog"))


def test_parquet_with_labels_as_text_and_a_snapshot_of_the_hub_from_any_level(tmp_path: Path) -> None:
    words = np.array(["ape", "bee", "cat", "dog"])[LABELS]
    snapshot = tmp_path / "datasets--me--zoo" / "snapshots" / "0123abc" / "data"
    snapshot.mkdir(parents=True)
    (tmp_path / "datasets--me--zoo" / "refs").mkdir()
    for split, part in (("train", slice(30)), ("test", slice(30, 40))):
        pq.write_table(table(part, words), snapshot / f"{split}-00000-of-00001.parquet")
    for where in (snapshot, snapshot.parent, snapshot.parents[1], snapshot.parents[2], tmp_path):
        assert_holds(open_dataset(where), ("ape", "bee", "cat", "dog"))


def test_arrow_streams_as_save_to_disk_and_the_cache_lay_them_out(tmp_path: Path) -> None:
    for split, part in (("train", slice(30)), ("test", slice(30, 40))):
        made = table(part, LABELS, "photo", FEATURES)
        saved = tmp_path / "saved" / split / "data-00000-of-00001.arrow"
        cached = tmp_path / "me___zoo" / "default" / "0.0.0" / "0123abc" / f"zoo-{split}.arrow"
        for place in (saved, cached):
            place.parent.mkdir(parents=True, exist_ok=True)
            with pa.OSFile(str(place), "wb") as file, pa.ipc.new_stream(file, made.schema) as writer:
                writer.write_table(made)
    (tmp_path / "saved" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    for where in (tmp_path / "saved", tmp_path / "me___zoo"):
        assert_holds(open_dataset(where), ("ape", "bee", "cat", "dog"))
    file = tmp_path / "saved" / "test" / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes()[:2000])
    assert "not a whole arrow file" in fault(tmp_path / "saved")


def test_what_the_datasets_library_saves(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    from PIL import Image

    features = datasets.Features(
        {"photo": datasets.Image(), "label": datasets.ClassLabel(names=["a", "b", "c", "d"])}
    )
    rows = {"photo": [Image.fromarray(image) for image in IMAGES], "label": LABELS.tolist()}
    made = datasets.Dataset.from_dict(rows, features=features)
    both = datasets.DatasetDict(train=made.select(range(30)), test=made.select(range(30, 40)))
    both.save_to_disk(tmp_path / "saved")
    assert_holds(open_dataset(tmp_path / "saved"), ("a", "b", "c", "d"))
    both["train"].to_parquet(tmp_path / "parquet" / "train.parquet")
    both["test"].to_parquet(tmp_path / "parquet" / "test.parquet")
    assert_holds(open_dataset(tmp_path / "parquet"), ("a", "b", "c", "d"))


# Archives of any of these.


def zipped(folder: Path, place: Path) -> Path:
    with zipfile.ZipFile(place.with_suffix(".zip"), "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return place.with_suffix(".zip")


def tarred(folder: Path, place: Path) -> Path:
    with tarfile.open(place.with_suffix(".tar.gz"), "w:gz") as archive:
        archive.add(folder, folder.name)
    return place.with_suffix(".tar.gz")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_of_folders(tmp_path: Path, pack: Callable[[Path, Path], Path]) -> None:
    folder = write_folders(tmp_path / "inside" / "pets", {"train": 4, "test": 2})
    archive = pack(folder, tmp_path / "my-pets")
    dataset = open_dataset(archive)
    assert dataset.digest == open_dataset(folder).digest
    assert (dataset.name, dataset.source) == ("my-pets", str(archive))
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert str(archive) in fault(archive)


def test_nothing_leaves_the_folder_that_an_archive_is_unpacked_into(tmp_path: Path) -> None:
    folder = write_folders(tmp_path / "pets", {"train": 2, "test": 1})
    archive = zipped(folder, tmp_path / "pets")
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("../../evil.txt", "x")
        file.writestr("/evil.txt", "x")
    with tarfile.open(tmp_path / "pets.tar", "w") as packed:
        packed.add(folder, "pets")
        link = tarfile.TarInfo("pets/train/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        packed.addfile(link)
    for each in (archive, tmp_path / "pets.tar"):
        inside = unpack.unpacked(each)
        assert not list(inside.parent.parent.rglob("evil.txt"))
        assert not (inside / "pets" / "train" / "link").exists()
        assert len(open_dataset(each).train) == 4


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros.bin", bytes(1_000_000))
    assert "absurdly much" in fault(tmp_path / "bomb.zip")


def test_pictures_are_compared_by_their_pixels_whatever_the_form(tmp_path: Path) -> None:
    picture(0, 0).save(tmp_path / "one.png")
    assert "holds pictures and no folders of classes" in fault(tmp_path)
