"""CIFAR-10, MNIST, SVHN and Tiny ImageNet in the layouts in which they are published."""

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from hundred.data.opening.open import open_dataset
from hundred.errors import HundredError

DRAWS = np.random.default_rng(0)
IMAGES = DRAWS.integers(0, 256, (60, 3, 32, 32), np.uint8)
LABELS = np.arange(60) % 10
TRAIN, TEST = slice(50), slice(50, 60)


def write_cifar10(folder: Path, binary: bool = False) -> Path:
    folder.mkdir(parents=True)
    parts = {f"data_batch_{n + 1}": slice(10 * n, 10 * n + 10) for n in range(5)} | {"test_batch": TEST}
    for name, part in parts.items():
        images, labels = IMAGES[part].reshape(10, -1), LABELS[part]
        if binary:
            rows = np.concatenate([labels[:, None].astype(np.uint8), images], axis=1)
            (folder / f"{name}.bin").write_bytes(rows.tobytes())
        else:
            content = {b"data": images, b"labels": labels.tolist(), b"batch_label": b"x"}
            (folder / name).write_bytes(pickle.dumps(content, 2))
    return folder


def write_idx(folder: Path, packed: bool) -> Path:
    folder.mkdir(parents=True)
    for name, part in (("train", TRAIN), ("t10k", TEST)):
        grey = IMAGES[part, 0, :28, :28]
        contents = {
            f"{name}-images-idx3-ubyte": struct.pack(">4BIII", 0, 0, 8, 3, len(grey), 28, 28)
            + grey.tobytes(),
            f"{name}-labels-idx1-ubyte": struct.pack(">4BI", 0, 0, 8, 1, len(grey))
            + LABELS[part].astype(np.uint8).tobytes(),
        }
        for file, content in contents.items():
            if packed:
                (folder / f"{file}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / file).write_bytes(content)
    return folder


@pytest.mark.parametrize("binary", [False, True])
def test_cifar_10(tmp_path: Path, binary: bool) -> None:
    dataset = open_dataset(write_cifar10(tmp_path / "cifar-10", binary))
    np.testing.assert_array_equal(dataset.train.images, IMAGES[TRAIN])
    np.testing.assert_array_equal(dataset.test.fine, LABELS[TEST])
    assert (dataset.fine_names[0], dataset.fine_names[9], dataset.coarse_names) == ("airplane", "truck", ())
    file = next(path for path in (tmp_path / "cifar-10").iterdir() if "3" in path.name)
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(HundredError, match="cut short"):
        open_dataset(tmp_path / "cifar-10")


@pytest.mark.parametrize("packed", [False, True])
def test_mnist(tmp_path: Path, packed: bool) -> None:
    dataset = open_dataset(write_idx(tmp_path / "mnist", packed), image_size=28)
    np.testing.assert_array_equal(dataset.train.images[:, 1], IMAGES[TRAIN, 0, :28, :28])
    np.testing.assert_array_equal(dataset.test.fine, LABELS[TEST])
    assert dataset.fine_names == tuple("0123456789")
    assert open_dataset(tmp_path / "mnist").image_size == 32
    fashion = open_dataset(write_idx(tmp_path / "fashion-mnist", packed))
    assert fashion.fine_names[0] == "T-shirt/top"


@pytest.mark.parametrize("damage", ["cut", "other", "packed"])
def test_a_damaged_file_of_mnist_is_named(tmp_path: Path, damage: str) -> None:
    folder = write_idx(tmp_path / "mnist", packed=damage == "packed")
    file = sorted(folder.iterdir())[2]
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage != "other" else b"<html>404</html>" * 3)
    with pytest.raises(HundredError, match=file.name):
        open_dataset(folder)


def test_svhn_whose_ten_is_a_zero(tmp_path: Path) -> None:
    for name, part in (("train", TRAIN), ("test", TEST)):
        labels = np.where(LABELS[part] == 0, 10, LABELS[part])[:, None].astype(np.uint8)
        savemat(tmp_path / f"{name}_32x32.mat", {"X": IMAGES[part].transpose(2, 3, 1, 0), "y": labels})
    dataset = open_dataset(tmp_path)
    np.testing.assert_array_equal(dataset.train.images, IMAGES[TRAIN])
    np.testing.assert_array_equal(dataset.test.fine, LABELS[TEST])
    assert dataset.fine_names == tuple("0123456789")
    (tmp_path / "test_32x32.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(HundredError, match="not a whole MATLAB file"):
        open_dataset(tmp_path)


def test_tiny_imagenet(tmp_path: Path) -> None:
    root = tmp_path / "tiny-imagenet-200"
    wnids = ("n01443537", "n01629819")
    (root / "val" / "images").mkdir(parents=True)
    annotations = []
    for kind, wnid in enumerate(wnids):
        (root / "train" / wnid / "images").mkdir(parents=True)
        for number in range(3):
            image = Image.fromarray(np.full((64, 64, 3), 100 * kind + number, np.uint8))
            image.save(root / "train" / wnid / "images" / f"{wnid}_{number}.JPEG")
        image.save(root / "val" / "images" / f"val_{kind}.JPEG")
        annotations.append(f"val_{kind}.JPEG\t{wnid}\t0\t0\t63\t63")
    (root / "val" / "val_annotations.txt").write_text("\n".join(annotations) + "\n")
    (root / "words.txt").write_text("n01443537\tgoldfish, Carassius auratus\nn01629819\tfire salamander\n")
    (root / "test" / "images").mkdir(parents=True)
    dataset = open_dataset(root)
    assert dataset.fine_names == ("goldfish", "fire salamander")
    assert (dataset.image_size, len(dataset.train), dataset.test.fine.tolist()) == (64, 6, [0, 1])
