"""Finding CIFAR-100 on this machine, in whichever form, and opening it."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs
import torch

from hundred.data import official
from hundred.data.check import check
from hundred.data.dataset import Dataset, Split
from hundred.data.names import COARSE_NAMES, FINE_NAMES, FINE_TO_COARSE
from hundred.data.raw import Raw, RawSplit
from hundred.data.sample import draw_sample
from hundred.errors import HundredError

FORMS = (official,)


def open_dataset(
    where: str | Path | None = None,
    *,
    download: bool = True,  # noqa: ARG001 - the network comes next
    progress: Callable[[int, int | None], None] | None = None,  # noqa: ARG001
) -> Dataset:
    """Open CIFAR-100, or the sample set drawn by code.

    where: "sample"; a file or folder in any published form; or None to look for it: HUNDRED_DATA, the working
    folder, the user's cache, and then, with `download`, the official archive from the network.
    progress: called with the bytes downloaded and to download (None where the server does not say).

    Raises HundredError where there is nothing, or what there is is not CIFAR-100.
    """
    if where is None:
        where = os.environ.get("HUNDRED_DATA") or None
    if where == "sample":
        return draw_sample()
    for place in [Path(where)] if where is not None else _usual_places():
        for form in FORMS:
            found = form.find(place.expanduser())
            if found is not None:
                raw = form.read(found)
                check(raw, str(found))
                return _dataset(raw, str(found))
    raise HundredError(f"no CIFAR-100 at {where or 'any usual place'}")


def _usual_places() -> list[Path]:
    return [Path.cwd(), Path(platformdirs.user_cache_dir("hundred"))]


def _dataset(raw: Raw, source: str) -> Dataset:
    return Dataset(
        name="cifar100",
        train=_split(raw.train),
        test=_split(raw.test),
        fine_names=FINE_NAMES,
        coarse_names=COARSE_NAMES,
        fine_to_coarse=torch.tensor(FINE_TO_COARSE),
        digest=_digest(raw),
        source=source,
    )


def _split(split: RawSplit) -> Split:
    """The same memory as tensors; only the labels are widened."""
    fine, coarse = split.fine.astype(np.int64), split.coarse.astype(np.int64)
    return Split(torch.from_numpy(split.images), torch.from_numpy(fine), torch.from_numpy(coarse))


def _digest(raw: Raw) -> str:
    digest = hashlib.sha256()
    for split in (raw.train, raw.test):
        for array in (split.images, split.fine, split.coarse):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
