"""From a found form to a dataset in memory: from the cache where it is kept, else read, checked and kept."""

import numpy as np
import torch

from hundred.data.cache import digest_of, fingerprint, recall, recall_digest, remember
from hundred.data.dataset import Dataset, Split
from hundred.data.formats.raw import Raw, RawSplit, Tell, nobody
from hundred.data.formats.registry import Found
from hundred.data.formats.validate import check
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.errors import HundredError


def open_found(found: Found, tell: Tell = nobody) -> Dataset:
    """The dataset at `found`; its images are the mapped files' own memory, or the only copy.

    tell: called with the images unpacked so far and in all, where they have to be.

    Raises HundredError where what is there is not the whole of CIFAR-100.
    """
    mark, source = mark_of(found), str(found.path)
    kept = recall(found.path, mark)
    if kept is not None:
        return as_dataset(*kept, source)
    raw = found.form.read(found.path, tell)
    check(raw, source)
    mapped = found.form.is_mapped(found.path)
    digest = recall_digest(found.path, mark) if mapped else None
    if digest is not None:
        return as_dataset(raw, digest, source)
    digest = digest_of(raw)
    remember(found.path, mark, raw, digest, with_images=not mapped)
    # From here on the kept copy serves, and the one in memory is freed.
    kept = None if mapped else recall(found.path, mark)
    return as_dataset(*(kept or (raw, digest)), source)


def mark_of(found: Found) -> str:
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
