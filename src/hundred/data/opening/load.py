"""From a found form to a dataset in memory: from the cache where it is kept, else read, checked and kept."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from hundred.data.dataset import Dataset, Split
from hundred.data.formats.raw import DEFAULT_OPTIONS, Raw, RawSplit, ReadOptions
from hundred.data.formats.registry import Found
from hundred.data.formats.validate import check, missing_of_cifar100
from hundred.data.opening.cache import NewEntry, fingerprint, load_digest, load_entry
from hundred.data.opening.digest import EarlyDigest, digest_arrays
from hundred.errors import HundredError

_COMPARED_FIRST = 32  # values of an image


def load_dataset(found: Found, options: ReadOptions = DEFAULT_OPTIONS) -> Dataset:
    """The dataset at `found`; its images are the mapped files' own memory, or the only copy.

    Raises HundredError where what is there does not fit together.
    """
    mark, source = fingerprint_of(found, options), str(found.path)
    kept = load_entry(found.path, mark)
    if kept is not None:
        return as_dataset(*kept, source, found.form.NAME)
    entry, early = NewEntry(), EarlyDigest()

    def allocate(split: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        room = entry.allocate(split, shape)
        if split == "train":
            early.begin(room)
        return room

    try:
        raw = found.form.read(found.path, replace(options, allocate=allocate, ready=early.take))
        check(raw, source)
        mapped = found.form.is_mapped(found.path)
        digest = load_digest(mark) if mapped else None
        if digest is not None:
            return as_dataset(raw, digest, source, found.form.NAME)
        with ThreadPoolExecutor(2) as pool:  # hashing and writing to disk leave Python's lock to others
            pool.submit(entry.write_back)
            leaks = pool.submit(_leaks, raw) if not raw.is_cifar100 else None
            digest = early.of(raw)
            raw = replace(raw, notes=(*raw.notes, *(leaks.result() if leaks else ())))
        how = _how(found, options)
        entry.keep(found.path, mark, raw, digest, with_images=not mapped, how=how)
    finally:
        entry.discard()
    # From here on the kept copy serves, and the one in memory is freed.
    kept = None if mapped else load_entry(found.path, mark)
    return as_dataset(*(kept or (raw, digest)), source, found.form.NAME)


def fingerprint_of(found: Found, options: ReadOptions = DEFAULT_OPTIONS) -> str:
    """The fingerprint of the files that `found` is read from. Raises HundredError where one is unreadable."""
    try:
        return fingerprint(found.form.files(found.path), found.path, _how(found, options))
    except OSError as error:
        raise HundredError(f"{error.filename or found.path} cannot be read: {error.strerror}") from None


def _how(found: Found, options: ReadOptions) -> str:
    return f"{found.form.NAME} {options.key}"


def as_dataset(raw: Raw, digest: str, source: str, form: str = "", name: str = "") -> Dataset:
    """Checked arrays as tensors, without a copy of the images."""
    notes = raw.notes
    if raw.is_cifar100:
        missing = missing_of_cifar100(raw)
        name = "cifar100" if not missing else "cifar100-part"
        notes = (*notes, f"not the whole of CIFAR-100: {missing}") if missing else notes
    validation = raw.validation_indices
    return Dataset(
        name=name or name_of_path(source),
        train=_split(raw.train),
        test=_split(raw.test),
        fine_names=raw.fine_names,
        coarse_names=raw.coarse_names,
        fine_to_coarse=torch.tensor(raw.fine_to_coarse, dtype=torch.int64),
        digest=digest or digest_arrays(raw),
        source=source,
        validation_indices=None if validation is None else torch.from_numpy(validation.astype(np.int64)),
        form=form,
        split=raw.split,
        notes=notes,
    )


def name_of_path(source: str) -> str:
    """The name of a set by its path: the last part, without an ending."""
    last = source.rstrip("/").rpartition("/")[2]
    for ending in (".tar.gz", ".tgz", ".zip", ".npz", ".csv"):
        last = last.removesuffix(ending)
    return last or "images"


def _split(split: RawSplit) -> Split:
    fine, coarse = split.fine.astype(np.int64), split.coarse.astype(np.int64)
    # Tensors are to be writable: pickles in protocol 2 by Python 3 have their pixels as text, which is not.
    images = split.images if split.images.flags.writeable else split.images.copy()
    return Split(torch.from_numpy(images), torch.from_numpy(fine), torch.from_numpy(coarse))


def _leaks(raw: Raw) -> list[str]:
    """A note on test images that are training images too, pixel for pixel."""
    some, some_test = (_some_values(split.images) for split in (raw.train, raw.test))
    # Few of the images that are not equal have the same values at these places: only those are read whole.
    known = {_mark(raw.train.images[at]) for at in np.flatnonzero(np.isin(some, some_test))}
    same = sum(_mark(raw.test.images[at]) in known for at in np.flatnonzero(np.isin(some_test, some)))
    if not same:
        return []
    return [
        f"{same:,} of {len(raw.test.images):,} test images are training images too: `hundred audit` "
        f"lists them"
    ]


def _some_values(images: NDArray[np.uint8]) -> NDArray[np.void]:
    """The values at a few places of each image [n, 3, h, w], as one item each, [n]."""
    flat = images.reshape(len(images), -1)
    places = np.linspace(0, flat.shape[1] - 1, _COMPARED_FIRST).astype(np.int64)
    return np.ascontiguousarray(flat[:, places]).view(f"V{_COMPARED_FIRST}").ravel()


def _mark(image: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()
