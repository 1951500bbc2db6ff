"""What runs on the machines of a Ray cluster: a trial in a folder of its own, and the actor for the files."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hundred.errors import HundredError
from hundred.sweeps.executors.sync import Files, RunUploader, Store, UrlStore, write_files
from hundred.version import __version__

if TYPE_CHECKING:
    from hundred.data.dataset import Dataset
    from hundred.sweeps.trial import TrialResult, TrialSpec

PREFIX = "hundred-trial-"
STALE_SECONDS = 3600.0

Arrays = dict[str, Any]


class RunStoreActor:
    """Ray actor on the caller's machine: reads and writes the sweep's runs, for the latest attempt at each.

    A worker that was given up for dead, but was only cut off, can write nothing once another has begun.
    """

    def __init__(self, store: Store) -> None:
        """`store` keeps the runs."""
        self.store = store
        self.attempts: dict[str, int] = {}

    def begin(self, name: str, read: bool) -> tuple[int, Files]:
        """The number of a new attempt at the run `name`, and, with `read`, the files that it has already."""
        self.attempts[name] = self.attempts.get(name, 0) + 1
        return self.attempts[name], self.store.read(name) if read else {}

    def is_latest(self, name: str, attempt: int) -> bool:
        """Whether no other attempt has begun after `attempt`."""
        return self.attempts.get(name) == attempt

    def write(self, name: str, attempt: int, files: Mapping[str, bytes], removed: Sequence[str]) -> bool:
        """Write what has changed; False where another attempt has begun."""
        if not self.is_latest(name, attempt):
            return False
        self.store.write(name, files, removed)
        return True


@dataclass(frozen=True)
class RunsLocation:
    """Where runs are kept: in `folder` on the caller's machine, or at the URL `store`, where it is set."""

    folder: str
    store: str


def train_trial(
    spec: "TrialSpec", images: Arrays, store_actor: Any, location: RunsLocation, version: str
) -> "TrialResult":
    """Train `spec` from where an earlier attempt left it, and upload its run directory. A Ray task.

    Raises HundredError where this machine has another version of Hundred, or a disk refuses.
    """
    import ray

    from hundred.sweeps.trial import run_trial

    if version != __version__:
        raise HundredError(
            f"a machine of the cluster has Hundred {__version__}, not {version}: install the same"
        )
    _remove_stale_folders()
    url_store = UrlStore(location.store) if location.store else None
    attempt, files = ray.get(store_actor.begin.remote(spec.name, url_store is None))
    if url_store is not None:
        files = url_store.read(spec.name)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    run = folder / spec.name
    try:
        write_files(run, files)
        send = _Send(spec.name, attempt, store_actor, url_store)
        uploader = RunUploader(run, f"{location.store or location.folder}/{spec.name}", send)
        result = run_trial(spec, to_dataset(images), folder, (uploader,))
        uploader.upload(wait=True)
        return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Send:
    """Sends files to the store actor without waiting, at most one batch on its way; or writes to a URL."""

    def __init__(self, name: str, attempt: int, store_actor: Any, url_store: UrlStore | None) -> None:
        self.name, self.attempt, self.store_actor, self.url_store = name, attempt, store_actor, url_store
        self.pending: Any = None

    def __call__(self, files: Files, removed: list[str], wait: bool) -> bool:
        if self.url_store is not None:
            self._check(self._get(self.store_actor.is_latest.remote(self.name, self.attempt)))
            self.url_store.write(self.name, files, removed)
            return True
        if not self._is_free(wait):
            return False
        self.pending = self.store_actor.write.remote(self.name, self.attempt, files, removed)
        return not wait or self._is_free(wait)

    def _is_free(self, wait: bool) -> bool:
        """Whether the last batch has been written."""
        import ray

        if self.pending is None:
            return True
        ready, _ = ray.wait([self.pending], timeout=None if wait else 0)
        if ready:
            self._check(self._get(self.pending))
            self.pending = None
        return bool(ready)

    def _get(self, reference: Any) -> bool:
        """What the actor returned. Its error is a disk's, not the trial's, so it is raised from an
        OSError."""
        import ray

        try:
            return bool(ray.get(reference))
        except Exception as error:
            cause = getattr(error, "cause", error)
            raise HundredError(f"{self.name} cannot be uploaded: {cause}") from OSError(str(cause))

    def _check(self, latest: bool) -> None:
        if not latest:
            raise HundredError(f"{self.name} was taken over by another worker") from OSError("taken over")


def to_arrays(dataset: "Dataset") -> Arrays:
    """A dataset as arrays that Ray's object store shares between the processes of a machine without a
    copy."""
    splits: dict[str, dict[str, NDArray[Any]]] = {
        name: {"images": split.images.numpy(), "fine": split.fine.numpy(), "coarse": split.coarse.numpy()}
        for name, split in (("train", dataset.train), ("test", dataset.test))
    }
    validation = dataset.validation_indices
    about = {
        "name": dataset.name,
        "fine_names": dataset.fine_names,
        "coarse_names": dataset.coarse_names,
        "fine_to_coarse": dataset.fine_to_coarse.numpy(),
        "digest": dataset.digest,
        "source": dataset.source,
        "validation_indices": None if validation is None else validation.numpy(),
        "form": dataset.form,
        "split": dataset.split,
        "notes": dataset.notes,
        "variant": dataset.variant,
    }
    return {"splits": splits, "about": about}


def to_dataset(arrays: Arrays) -> "Dataset":
    """The dataset of `to_arrays`; its images are the shared memory, which is read-only."""
    import torch

    from hundred.data.dataset import Dataset, Split

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        splits = {
            name: Split(**{key: torch.from_numpy(np.asarray(array)) for key, array in split.items()})
            for name, split in arrays["splits"].items()
        }
        about = dict(arrays["about"])
        for key in ("fine_to_coarse", "validation_indices"):
            about[key] = None if about[key] is None else torch.from_numpy(about[key])
    return Dataset(train=splits["train"], test=splits["test"], **about)


def _remove_stale_folders() -> None:
    """Remove what killed workers have left on this machine."""
    from hundred.runs.directory import is_written

    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > STALE_SECONDS
            if old and not any(is_written(lock.parent) for lock in folder.rglob(".lock")):
                shutil.rmtree(folder)
