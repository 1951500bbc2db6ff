"""Harder variants of a set: fewer classes, long tails, wrong labels; the test set is left alone."""

from pathlib import Path

import numpy as np
import pytest
import torch

from hundred.data.dataset import Dataset
from hundred.data.subset import subset_per_class
from hundred.data.variants import Variant, make_variant, read_labels
from hundred.errors import HundredError, UsageError


@pytest.fixture(scope="module")
def small() -> Dataset:
    """100 training and 10 test images of each of ten classes in two superclasses."""
    draws = np.random.default_rng(0)
    names = [f"class-{letter}" for letter in "abcdefghij"]
    labels, test = np.arange(1000) % 10, np.arange(100) % 10
    return Dataset.from_arrays(
        (draws.integers(0, 256, (1000, 32, 32), np.uint8), labels),
        (draws.integers(0, 256, (100, 32, 32), np.uint8), test),
        class_names=names,
        superclasses=["even" if n % 2 == 0 else "odd" for n in range(10)],
        name="ten",
    )


def test_nothing_asked_for_is_the_set_itself(small: Dataset) -> None:
    assert make_variant(small, Variant(seed=7)) is small


def test_chosen_classes_in_any_spelling_and_order(small: Dataset) -> None:
    made = make_variant(small, Variant(classes=("Class A", "class_d", "class-c")))
    assert made.fine_names == ("class-a", "class-c", "class-d")
    assert made.coarse_names == ("even", "odd")
    assert made.train.fine.bincount().tolist() == [100] * 3
    assert made.test.fine.bincount().tolist() == [10] * 3
    chosen = torch.isin(small.train.fine, torch.tensor([0, 2, 3]))
    assert made.train.images.equal(small.train.images[chosen])
    assert made.fine_to_coarse[made.train.fine].equal(made.train.coarse)
    assert made.digest != small.digest
    assert made.name == "ten-3-classes"
    assert make_variant(small, Variant(classes=("class-a", "class-c"))).coarse_names == ()


def test_a_long_tail_has_the_numbers_of_cao_et_al(small: Dataset) -> None:
    made = make_variant(small, Variant(imbalance=50))
    # Their code: int(n * (1 / ratio) ** (i / (classes - 1))).
    assert made.train.fine.bincount().tolist() == [int(100 * (1 / 50) ** (n / 9)) for n in range(10)]
    assert made.test is small.test
    assert make_variant(small, Variant(imbalance=50)).digest == made.digest
    other = make_variant(small, Variant(imbalance=50, seed=1))
    assert not other.train.images.equal(made.train.images)


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_symmetric_noise_changes_its_share_of_labels(small: Dataset, share: float) -> None:
    made = make_variant(small, Variant(label_noise=share))
    changed = made.train.fine != small.train.fine
    assert int(changed.sum()) == 1000 * share
    pairs = torch.zeros(10, 10).index_put(
        (small.train.fine[changed], made.train.fine[changed]), torch.ones(()), accumulate=True
    )
    assert (pairs.diagonal() == 0).all()
    assert (pairs + torch.eye(10) > 0).float().mean() > 0.8
    assert made.train.images is small.train.images
    assert made.test is small.test
    assert any(f"{1000 * share:,.0f} of 1,000 training labels" in note for note in made.notes)


def test_noise_within_superclasses_stays_there(small: Dataset) -> None:
    made = make_variant(small, Variant(label_noise=0.4, noise_within="superclass"))
    assert int((made.train.fine != small.train.fine).sum()) == 400
    assert made.train.coarse.equal(small.train.coarse)
    flat = make_variant(small, Variant(classes=("class-a", "class-c", "class-e")))
    with pytest.raises(UsageError, match="has no superclasses"):
        make_variant(flat, Variant(label_noise=0.4, noise_within="superclass"))


@pytest.mark.parametrize("kind", ["npy", "npz", "pt", "csv", "txt"])
def test_other_labels_from_a_file(small: Dataset, tmp_path: Path, kind: str) -> None:
    labels = (small.train.fine.numpy() + 3) % 10
    file = tmp_path / f"labels.{kind}"
    if kind == "npy":
        np.save(file, labels[:, None])
    elif kind == "npz":
        np.savez(file, clean=labels * 0, noisy_label=labels)
    elif kind == "pt":
        torch.save({"clean_label": torch.zeros(1000), "noisy_label": torch.from_numpy(labels)}, file)
    elif kind == "csv":
        file.write_text("index,label\n" + "\n".join(f"{n},{label}" for n, label in enumerate(labels)))
    else:
        file.write_text("\n".join(map(str, labels)))
    made = make_variant(small, Variant(labels=str(file)))
    assert made.train.fine.tolist() == labels.tolist()
    assert made.train.coarse.equal(small.fine_to_coarse[made.train.fine])


def test_faults_are_named(small: Dataset, tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", np.zeros(5, np.int64))
    np.save(tmp_path / "wrong.npy", np.full(1000, 10))
    (tmp_path / "evil.pt").write_bytes(b"\x80\x04cos\nsystem\n(S'touch executed'\ntR.")
    for variant, named in (
        (Variant(classes=("class-x", "class-a")), "has no class 'class-x'; did you mean"),
        (Variant(classes=("class-a",)), "names one class"),
        (Variant(imbalance=0.5), "the ratio of the largest class, 1 or more"),
        (Variant(label_noise=1.5), "a share of labels"),
        (Variant(labels="absent.npy"), "there is no file absent.npy"),
        (Variant(labels=str(tmp_path / "short.npy")), "shape [5], and there are 1,000 training images"),
        (Variant(labels=str(tmp_path / "wrong.npy")), "has the label 10; they go from 0 to 9"),
    ):
        with pytest.raises(UsageError) as caught:
            make_variant(small, variant)
        assert named in str(caught.value)
    with pytest.raises(HundredError, match="cannot be read as labels"):
        read_labels(tmp_path / "evil.pt")
    assert not Path("executed").exists()


def test_given_validation_images_follow_a_subset() -> None:
    images = np.random.default_rng(0).integers(0, 256, (40, 32, 32), np.uint8)
    from hundred.data.opening.open import open_dataset

    labels = np.arange(40) % 2
    dataset = open_dataset(
        {"train": (images, labels), "val": (images[:10], labels[:10]), "test": (images, labels)}
    )
    part = subset_per_class(dataset, 3, 2)
    assert (len(part.train), len(part.test)) == (12, 4)
    assert part.validation_indices is not None
    assert part.validation_indices.tolist() == [6, 7, 8, 9, 10, 11]
    few = make_variant(dataset, Variant(imbalance=4))
    assert few.validation_indices is not None
    assert dataset.validation_indices is not None
    known = {image.tobytes() for image in dataset.train.images[dataset.validation_indices].numpy()}
    assert all(image.tobytes() in known for image in few.train.images[few.validation_indices].numpy())


def test_another_size_of_a_set_that_is_open(small: Dataset) -> None:
    made = make_variant(small, Variant(image_size=48))
    assert made.image_size == 48
    assert made.digest != small.digest
    assert made.name == "ten"
