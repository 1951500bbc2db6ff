"""From a found form to a dataset in memory: from the cache where it is kept, else read, checked and kept."""

import numpy as np
import torch

from hundred.data.cache import digest_arrays, fingerprint, load_digest, load_entry, save_entry
from hundred.data.dataset import Dataset, Split
from hundred.data.formats.raw import ProgressCallback, Raw, RawSplit, no_progress
from hundred.data.formats.registry import Found
from hundred.data.formats.validate import check
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.errors import HundredError


def load_dataset(found: Found, progress: ProgressCallback = no_progress) -> Dataset:
    """The dataset at `found`; its images are the mapped files' own memory, or the only copy.

    tell: called with the images unpacked so far and in all, where they have to be.

    Raises HundredError where what is there is not the whole of CIFAR-100.
    """
    mark, source = fingerprint_of(found), str(found.path)
    kept = load_entry(found.path, mark)
    if kept is not None:
        return as_dataset(*kept, source)
    raw = found.form.read(found.path, progress)
    check(raw, source)
    mapped = found.form.is_mapped(found.path)
    digest = load_digest(found.path, mark) if mapped else None
    if digest is not None:
        return as_dataset(raw, digest, source)
    digest = digest_arrays(raw)
    save_entry(found.path, mark, raw, digest, with_images=not mapped)
    # From here on the kept copy serves, and the one in memory is freed.
    kept = None if mapped else load_entry(found.path, mark)
    return as_dataset(*(kept or (raw, digest)), source)


def fingerprint_of(found: Found) -> str:
    """The fingerprint of the files that `found` is read from. Raises HundredError where one is unreadable."""
    try:
        return fingerprint(found.form.files(found.path))
    except OSError as error:
        raise HundredError(f"{error.filename or found.path} cannot be read: {error.strerror}") from None


def as_dataset(raw: Raw, digest: str, source: str) -> Dataset:
    """Checked arrays as tensors, without a copy of the images."""
    return Dataset(
        name="cifar100",
        train=_split(raw.train),
        test=_split(raw.test),
        fine_names=FINE_NAMES,
        coarse_names=COARSE_NAMES,
        fine_to_coarse=torch.tensor(FINE_TO_COARSE),
        digest=digest,
        source=source,
    )


def _split(split: RawSplit) -> Split:
    fine, coarse = split.fine.astype(np.int64), split.coarse.astype(np.int64)
    return Split(torch.from_numpy(split.images), torch.from_numpy(fine), torch.from_numpy(coarse))
