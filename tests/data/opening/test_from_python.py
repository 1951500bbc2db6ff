"""Data given from Python: what is understood without doubt, and one line for what is not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from making.pictures import picture
from PIL import Image

from hundred.data.dataset import Dataset
from hundred.data.opening.open import open_dataset
from hundred.errors import UsageError

DRAWS = np.random.default_rng(0)
IMAGES = DRAWS.integers(0, 256, (60, 32, 32, 3), np.uint8)
LABELS = np.arange(60) % 3
FIRST = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)


def in_order(dataset: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
    """Training images and labels of a set that was given as train and test."""
    return dataset.train.images, dataset.train.fine


def both(images: Any, labels: Any) -> dict[str, Any]:
    return {"train": (images, labels), "test": (images[:6], labels[:6])}


@pytest.mark.parametrize(
    "images",
    [
        IMAGES,
        IMAGES.transpose(0, 3, 1, 2),
        FIRST,
        IMAGES / 255,
        (IMAGES / 255).astype(np.float32),
        IMAGES.astype(np.float64),
        IMAGES.astype(np.int64),
        FIRST / 255,
        list(IMAGES),
        np.concatenate([IMAGES, np.zeros_like(IMAGES[..., :1])], axis=3),
    ],
)
def test_layouts_and_types_of_images(images: Any) -> None:
    assert in_order(open_dataset(both(images, LABELS)))[0].equal(FIRST)


@pytest.mark.parametrize("shape", [(60, 32, 32), (60, 32, 32, 1), (60, 1, 32, 32)])
def test_grey_images_become_rgb(shape: tuple[int, ...]) -> None:
    grey = IMAGES[..., 0].reshape(shape)
    assert in_order(open_dataset(both(grey, LABELS)))[0].equal(FIRST[:, :1].expand(-1, 3, -1, -1))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (LABELS, ("0", "1", "2")),
        (LABELS.tolist(), ("0", "1", "2")),
        (LABELS[:, None], ("0", "1", "2")),
        (LABELS.astype(np.float32), ("0", "1", "2")),
        (torch.from_numpy(LABELS), ("0", "1", "2")),
        (np.eye(3)[LABELS], ("0", "1", "2")),
        (LABELS + 1, ("1", "2", "3")),
        (LABELS * 10 + 5, ("5", "15", "25")),
        (np.array(["ape", "bee", "cat"])[LABELS], ("ape", "bee", "cat")),
        (np.array([b"ape", b"bee", b"cat"])[LABELS], ("ape", "bee", "cat")),
        ([["ape", "bee", "cat"][label] for label in LABELS], ("ape", "bee", "cat")),
    ],
)
def test_kinds_of_labels(labels: Any, names: tuple[str, ...]) -> None:
    dataset = open_dataset(both(IMAGES, labels))
    assert dataset.fine_names == names
    assert in_order(dataset)[1].tolist() == LABELS.tolist()


def test_a_pair_is_split_and_two_pairs_are_train_and_test() -> None:
    drawn = open_dataset((IMAGES, LABELS))
    assert (len(drawn.train), len(drawn.test)) == (54, 6)
    assert drawn.validation_indices is not None
    keras = open_dataset(((IMAGES, LABELS[:, None]), (IMAGES[:9], LABELS[:9, None])))
    assert (len(keras.train), len(keras.test)) == (60, 9)
    three = open_dataset({**both(IMAGES, LABELS), "validation": (IMAGES[:3], LABELS[:3])})
    assert len(three.train) == 63
    assert three.validation_indices is not None
    assert three.validation_indices.tolist() == [60, 61, 62]


def test_from_arrays_takes_names_and_superclasses() -> None:
    dataset = Dataset.from_arrays(
        (IMAGES, LABELS),
        (IMAGES[:6], LABELS[:6]),
        class_names=["ape", "bee", "cat"],
        superclasses={"ape": "mammal", "cat": "mammal", "bee": "insect"},
        name="zoo",
    )
    assert (dataset.name, dataset.fine_names) == ("zoo", ("ape", "bee", "cat"))
    assert dataset.coarse_names == ("insect", "mammal")
    assert dataset.train.coarse.tolist() == [[1, 0, 1][label] for label in LABELS]
    assert open_dataset(dataset) is dataset


class Pairs(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """As torchvision's ImageFolder: (picture, label) and `classes`."""

    classes = ("ape", "bee")

    def __init__(self, make: Callable[[int], Any]) -> None:
        self.make = make

    def __len__(self) -> int:
        return 40

    def __getitem__(self, at: int) -> tuple[Any, int]:
        if at >= len(self):
            raise IndexError(at)
        return self.make(at), at % 2


def test_a_torch_dataset_of_pictures_of_several_sizes() -> None:
    pairs = Pairs(lambda at: picture(at % 2, at, (60 + at, 70)))
    dataset = open_dataset({"train": pairs, "test": torch.utils.data.Subset(pairs, [0, 1, 5])})
    assert dataset.fine_names == ("ape", "bee")
    assert dataset.image_size == 64
    assert (len(dataset.train), dataset.test.fine.tolist()) == (40, [0, 1, 1])


def test_what_is_transparent_shows_white_as_in_files() -> None:
    clear = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    dataset = open_dataset({"train": Pairs(lambda _: clear), "test": Pairs(lambda _: clear)})
    assert int(dataset.train.images.min()) == 255


def test_a_torch_dataset_of_tensors() -> None:
    dataset = open_dataset({"train": Pairs(lambda at: FIRST[at]), "test": Pairs(lambda at: FIRST[at] / 255)})
    assert dataset.train.images.equal(FIRST[:40])
    assert dataset.test.images.equal(FIRST[:40])


def test_a_dataset_of_the_hugging_face_library() -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["ape", "bee"])}
    )
    rows = {"image": [picture(n % 2, n, (32, 32)) for n in range(20)], "label": [n % 2 for n in range(20)]}
    made = datasets.Dataset.from_dict(rows, features=features)
    dataset = open_dataset(datasets.DatasetDict(train=made, test=made.select(range(4))))
    assert dataset.fine_names == ("ape", "bee")
    assert (len(dataset.train), dataset.test.fine.tolist()) == (20, [0, 1, 0, 1])


def test_small_images_are_enlarged_and_others_kept() -> None:
    small = open_dataset((IMAGES[:, :8, :8], LABELS))
    assert small.image_size == 32
    assert any("8x8 become 32x32" in note for note in small.notes)
    assert open_dataset((IMAGES[:, :28, :28], LABELS)).image_size == 28
    assert open_dataset((IMAGES, LABELS), image_size=48).image_size == 48


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ((IMAGES, LABELS[:-1]), "60 images but labels of shape [59]"),
        ((IMAGES, LABELS + 0.5), "labels are fractions"),
        ((IMAGES, np.zeros(60)), "all labels are 0: at least two classes"),
        ((IMAGES, np.ones((60, 3))), "not one-hot"),
        ((IMAGES / 127.5 - 1, LABELS), "go from -1 to 1: give pixels from 0 to 255"),
        ((IMAGES * 1000.0, LABELS), "go up to 255000"),
        ((np.full(IMAGES.shape, np.nan), LABELS), "not finite"),
        ((IMAGES[0], LABELS), "60"),
        ((IMAGES.reshape(60, -1), LABELS), "have shape [60, 3072]: give [n, height, width, 3]"),
        ((np.array(["a"] * 60), LABELS), "give arrays of numbers"),
        ((IMAGES[:, :20], LABELS), "images of 20x32: set data.image_size"),
        ((IMAGES,), "give"),
        ((IMAGES, LABELS, LABELS), "tuple of 3: give a pair (images, labels)"),
        ({"train": (IMAGES, LABELS), "tset": (IMAGES, LABELS)}, "the key 'tset'"),
        ({"test": (IMAGES, LABELS)}, "no 'train'"),
        ({"train": (IMAGES, LABELS), "test": (IMAGES, LABELS + 1)}, "class 3 is in test but not in train"),
        ({"train": (IMAGES, LABELS), "test": (IMAGES, [str(n) for n in LABELS])}, "text"),
        (object(), "data is a object"),
        (5, "data is a int"),
    ],
)
def test_slips_are_one_line(data: Any, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_dataset(data)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
