"""Harder variants of a set, as research makes them: fewer classes, a long tail, wrong labels.

Only training images change, but for the choice of classes; the test set is left alone. Everything is drawn
from PCG64(seed) keys, as the validation split, so that a variant is the same on every machine.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from hundred.data.dataset import Dataset, Split
from hundred.data.formats.folder_layout import spelling
from hundred.data.formats.raw import Fit
from hundred.data.opening.arrays import resized
from hundred.data.subset import keep_train, subset_per_class
from hundred.errors import HundredError, UsageError, nearest
from hundred.files import expand_user

NoiseKind = Literal["symmetric", "superclass"]


@dataclass(frozen=True)
class Variant:
    """What to make of a set; the defaults leave it as it is.

    image_size, fit: sizes of images, where a set that is open already has another. classes: names of those to
    keep, in their old order; () keeps all. imbalance: how many times as many images the first class has as
    the last, with an exponential tail between (Cao et al., "Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss", NeurIPS 2019); 1 is none. labels: a file of other labels for the
    training images, as CIFAR-100N's. label_noise: the share of training labels to change, to any other
    class (`symmetric`) or within the superclass. train_per_class, test_per_class: the first so many images
    of each class; 0 is all.
    """

    image_size: int = 0
    fit: Fit = "crop"
    classes: Sequence[str] = ()
    imbalance: float = 1.0
    labels: str = ""
    label_noise: float = 0.0
    noise_within: NoiseKind = "symmetric"
    seed: int = 100
    train_per_class: int = 0
    test_per_class: int = 0


def make_variant(dataset: Dataset, variant: Variant) -> Dataset:
    """`dataset` as `variant` says; itself where that says nothing, or where it is that variant already.

    Raises UsageError for a class, file or share that does not fit.
    """
    key = repr(variant)
    if dataset.variant == key or variant == Variant(seed=variant.seed, fit=variant.fit):
        return dataset
    made = _sized(dataset, variant)
    made = _chosen_classes(made, variant.classes) if variant.classes else made
    made = _relabelled(made, variant.labels) if variant.labels else made
    made = _noisy(made, variant) if variant.label_noise else made
    made = _long_tailed(made, variant) if variant.imbalance != 1 else made
    made = subset_per_class(made, variant.train_per_class, variant.test_per_class)
    return replace(made, variant=key)


def _sized(dataset: Dataset, variant: Variant) -> Dataset:
    size = variant.image_size
    if not size or dataset.image_size == size:
        return dataset
    splits = {
        name: replace(split, images=torch.from_numpy(resized(split.images.numpy(), size, variant.fit)))
        for name, split in (("train", dataset.train), ("test", dataset.test))
    }
    return _changed(dataset, "", f"{size} {variant.fit}", **splits)


def _chosen_classes(dataset: Dataset, names: Sequence[str]) -> Dataset:
    known = {spelling(name): number for number, name in enumerate(dataset.fine_names)}
    numbers = set()
    for name in names:
        if spelling(name) not in known:
            raise UsageError(
                f"data.classes: {dataset.name} has no class {name!r}{nearest(name, dataset.fine_names)}"
            )
        numbers.add(known[spelling(name)])
    if len(numbers) < 2:
        raise UsageError("data.classes names one class: at least two are needed")
    kept = sorted(numbers)
    if len(kept) == dataset.classes:
        return dataset
    above = sorted({int(dataset.fine_to_coarse[number]) for number in kept})
    coarse = tuple(dataset.coarse_names[number] for number in above) if len(above) > 1 else ()
    fine = torch.full((dataset.classes,), -1)
    fine[kept] = torch.arange(len(kept))
    to_coarse = torch.tensor(
        [above.index(int(dataset.fine_to_coarse[number])) if coarse else 0 for number in kept]
    )

    def part(split: Split) -> Split:
        chosen = torch.nonzero(fine[split.fine] >= 0).flatten()
        labels = fine[split.fine[chosen]]
        return Split(split.images[chosen], labels, to_coarse[labels])

    train = torch.nonzero(fine[dataset.train.fine] >= 0).flatten()
    made = keep_train(dataset, train)
    names_kept = tuple(dataset.fine_names[number] for number in kept)
    return _changed(
        made,
        f"{len(kept)}-classes",
        " ".join(names_kept),
        train=part(dataset.train),
        test=part(dataset.test),
        fine_names=names_kept,
        coarse_names=coarse,
        fine_to_coarse=to_coarse,
    )


def _long_tailed(dataset: Dataset, variant: Variant) -> Dataset:
    if variant.imbalance < 1:
        raise UsageError(
            f"data.imbalance is {variant.imbalance:g}: give the ratio of the largest class, 1 or more"
        )
    labels = dataset.train.fine.numpy()
    counts = np.bincount(labels, minlength=dataset.classes)
    most = int(counts.max())
    share = variant.imbalance ** (-np.arange(dataset.classes) / (dataset.classes - 1))
    wanted = np.maximum(np.minimum((most * share).astype(int), counts), 1)
    keys = _keys(len(labels), variant.seed, "imbalance")
    kept = [
        members[np.argsort(keys[members], kind="stable")[: wanted[label]]]
        for label in range(dataset.classes)
        for members in (np.flatnonzero(labels == label),)
    ]
    made = keep_train(dataset, torch.from_numpy(np.sort(np.concatenate(kept))))
    return _changed(made, f"imbalance-{variant.imbalance:g}", f"{variant.imbalance} {variant.seed}")


def _noisy(dataset: Dataset, variant: Variant) -> Dataset:
    if not 0 <= variant.label_noise < 1:
        raise UsageError(
            f"data.label_noise is {variant.label_noise:g}: give a share of labels, 0 or more and below 1"
        )
    if variant.noise_within == "superclass" and not dataset.has_superclasses:
        raise UsageError(
            f"data.label_noise_kind is superclass, but {dataset.name} has no superclasses: set symmetric"
        )
    labels = dataset.train.fine.numpy().copy()
    keys = _keys(len(labels), variant.seed, "noise")
    chosen = np.argsort(keys, kind="stable")[: round(variant.label_noise * len(labels))]
    draws = _keys(len(labels), variant.seed, "noisy labels")
    above = (
        dataset.fine_to_coarse.numpy()
        if variant.noise_within == "superclass"
        else np.zeros(dataset.classes, int)
    )
    members = {number: np.flatnonzero(above == number) for number in np.unique(above)}
    for at in chosen:
        others = members[above[labels[at]]]
        if len(others) > 1:  # to each other class with the same chance
            place = int(np.flatnonzero(others == labels[at])[0])
            step = 1 + int(draws[at] % np.uint64(len(others) - 1))
            labels[at] = others[(place + step) % len(others)]
    what = f"{variant.label_noise} {variant.noise_within} {variant.seed}"
    return _with_labels(dataset, labels, f"noise-{variant.label_noise:g}", what)


def _relabelled(dataset: Dataset, file: str) -> Dataset:
    labels = read_labels(expand_user(file))
    if labels.shape != (len(dataset.train),):
        raise UsageError(
            f"data.labels: {file} has labels of shape {list(labels.shape)}, and there are "
            f"{len(dataset.train):,} "
            "training images"
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= dataset.classes))
    if wrong.size:
        raise UsageError(
            f"data.labels: {file} has the label {labels[wrong[0]]}; they go from 0 to {dataset.classes - 1}"
        )
    return _with_labels(
        dataset, labels.astype(np.int64), "relabelled", hashlib.sha256(labels.tobytes()).hexdigest()
    )


def read_labels(path: Path) -> NDArray[np.int64]:
    """Class numbers of the training images, in their order: .npy, .npz, .pt (`noisy_label`), .csv or .txt.

    Raises UsageError where there is no such file, HundredError where it holds no labels.
    """
    if not path.is_file():
        raise UsageError(f"data.labels: there is no file {path}")
    try:
        values = _loaded(path)
        array = np.asarray(values)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1 or (array.dtype.kind not in "iu" and not (array == np.rint(array)).all()):
            raise ValueError("its values are not whole numbers in one row or column")
        return array.astype(np.int64)
    except Exception as error:  # each reader has its own
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HundredError(f"data.labels: {path} cannot be read as labels: {text}") from None


def _loaded(path: Path) -> Any:
    if path.suffix == ".npy":
        return np.load(path, allow_pickle=False)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return file[_best_key(file.files)]
    if path.suffix in (".pt", ".pth"):
        loaded = torch.load(path, weights_only=True, map_location="cpu")
        return loaded[_best_key(list(loaded))] if isinstance(loaded, dict) else loaded
    lines = [line.strip().rpartition(",")[2] for line in path.read_text("utf-8").splitlines() if line.strip()]
    return np.array([float(line) for line in (lines if _is_number(lines[0]) else lines[1:])])


def _best_key(keys: Sequence[str]) -> str:
    known = [key for key in ("noisy_label", "noisy_fine_label", "labels", "y", "y_train") if key in keys]
    return (known or [keys[0]])[0]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _with_labels(dataset: Dataset, labels: NDArray[np.int64], suffix: str, what: str) -> Dataset:
    fine = torch.from_numpy(labels)
    wrong = int((fine != dataset.train.fine).sum())
    train = Split(dataset.train.images, fine, dataset.fine_to_coarse[fine])
    note = f"{wrong:,} of {len(fine):,} training labels are other ones than the set's own"
    return _changed(dataset, suffix, what, train=train, notes=(*dataset.notes, note))


def _changed(dataset: Dataset, suffix: str, what: str, **changes: Any) -> Dataset:
    """With another digest, and a name that shows that it is not the set itself."""
    digest = hashlib.sha256(f"{dataset.digest} {suffix} {what}".encode()).hexdigest()
    name = f"{dataset.name}-{suffix}" if suffix else dataset.name
    return replace(dataset, digest=digest, name=name, **changes)


def _keys(count: int, seed: int, purpose: str) -> NDArray[np.uint64]:
    """A 64-bit key for each image, independent for each purpose."""
    salt = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")
    keys: NDArray[np.uint64] = np.random.PCG64([seed, salt]).random_raw(count)
    return keys
