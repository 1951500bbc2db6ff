"""What runs on the machines of a Ray cluster: a training in a folder of its own, and the keeper of files."""

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
from hundred.sweeps.executors.sync import Files, RunUploader, Store, UrlStore, lay_out
from hundred.version import __version__

if TYPE_CHECKING:
    from hundred.data.dataset import Dataset
    from hundred.sweeps.trial import TrialResult, TrialSpec

PREFIX = "hundred-trial-"
STALE_SECONDS = 3600.0

Arrays = dict[str, Any]


class RunStoreActor:
    """Ray actor on the caller's machine: reads and writes the sweep's runs, for one attempt at each.

    A worker that was given up for dead, but was only cut off, writes no more once another has begun.
    """

    def __init__(self, store: Store) -> None:
        """`store` is where runs are kept."""
        self.store = store
        self.attempts: dict[str, int] = {}

    def begin(self, name: str, read: bool) -> tuple[int, Files]:
        """The number of a new attempt at `name`, and, with `read`, what is there of it."""
        self.attempts[name] = self.attempts.get(name, 0) + 1
        return self.attempts[name], self.store.read(name) if read else {}

    def allowed(self, name: str, attempt: int) -> bool:
        """Whether `attempt` is still the one that counts."""
        return self.attempts.get(name) == attempt

    def write(self, name: str, attempt: int, files: Mapping[str, bytes], gone: Sequence[str]) -> bool:
        """Keep what has changed; False where another attempt has begun."""
        if not self.allowed(name, attempt):
            return False
        self.store.write(name, files, gone)
        return True


@dataclass(frozen=True)
class Home:
    """Where runs will lie: in `folder` on the caller's machine, or at the URL `store`, where it is set."""

    folder: str
    store: str


def work(task: "TrialSpec", images: Arrays, keeper: Any, home: Home, version: str) -> "TrialResult":
    """Train `task`, from where an earlier attempt left it, and hand its run directory over. A Ray task.

    Raises HundredError where this machine has another version of Hundred, or a disk refuses.
    """
    import ray

    from hundred.sweeps.trial import run_trial

    if version != __version__:
        raise HundredError(
            f"a machine of the cluster has Hundred {__version__}, not {version}: install the same"
        )
    _tidy()
    direct = UrlStore(home.store) if home.store else None
    attempt, there = ray.get(keeper.begin.remote(task.name, direct is None))
    if direct is not None:
        there = direct.read(task.name)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    run = folder / task.name
    try:
        lay_out(run, there)
        sender = _Sender(task.name, attempt, keeper, direct)
        carrier = RunUploader(run, f"{home.store or home.folder}/{task.name}", sender)
        outcome = run_trial(task, as_dataset(images), folder, (carrier,))
        carrier.carry(wait=True)
        return outcome
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Sender:
    """Sends to the keeper without waiting, at most one parcel on its way; or to a store itself."""

    def __init__(self, name: str, attempt: int, keeper: Any, direct: UrlStore | None) -> None:
        self.name, self.attempt, self.keeper, self.direct = name, attempt, keeper, direct
        self.under_way: Any = None

    def __call__(self, files: Files, gone: list[str], wait: bool) -> bool:
        if self.direct is not None:
            self._check(self._asked(self.keeper.allowed.remote(self.name, self.attempt)))
            self.direct.write(self.name, files, gone)
            return True
        if not self._arrived(wait):
            return False
        self.under_way = self.keeper.write.remote(self.name, self.attempt, files, gone)
        return not wait or self._arrived(wait)

    def _arrived(self, wait: bool) -> bool:
        """Whether the last parcel is where it should be."""
        import ray

        if self.under_way is None:
            return True
        ready, _ = ray.wait([self.under_way], timeout=None if wait else 0)
        if ready:
            self._check(self._asked(self.under_way))
            self.under_way = None
        return bool(ready)

    def _asked(self, reference: Any) -> bool:
        """What the keeper answers. Its trouble is a disk's, not the trial's: so it is told."""
        import ray

        try:
            return bool(ray.get(reference))
        except Exception as error:
            cause = getattr(error, "cause", error)
            raise HundredError(f"{self.name} cannot be handed over: {cause}") from OSError(str(cause))

    def _check(self, allowed: bool) -> None:
        if not allowed:
            raise HundredError(f"{self.name} was taken over by another worker") from OSError("taken over")


def as_arrays(dataset: "Dataset") -> Arrays:
    """A dataset as what Ray's object store shares between the processes of a machine without a copy."""
    splits: dict[str, dict[str, NDArray[Any]]] = {
        name: {"images": split.images.numpy(), "fine": split.fine.numpy(), "coarse": split.coarse.numpy()}
        for name, split in (("train", dataset.train), ("test", dataset.test))
    }
    about = {
        "name": dataset.name,
        "fine_names": dataset.fine_names,
        "coarse_names": dataset.coarse_names,
        "fine_to_coarse": dataset.fine_to_coarse.numpy(),
        "digest": dataset.digest,
        "source": dataset.source,
    }
    return {"splits": splits, "about": about}


def as_dataset(arrays: Arrays) -> "Dataset":
    """The dataset again; its images are the shared memory, which nothing may write to."""
    import torch

    from hundred.data.dataset import Dataset, Split

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        splits = {
            name: Split(**{key: torch.from_numpy(np.asarray(array)) for key, array in split.items()})
            for name, split in arrays["splits"].items()
        }
        about = {**arrays["about"], "fine_to_coarse": torch.from_numpy(arrays["about"]["fine_to_coarse"])}
    return Dataset(train=splits["train"], test=splits["test"], **about)


def _tidy() -> None:
    """Remove what killed workers have left on this machine."""
    from hundred.runs.directory import is_written

    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            old = time.time() - folder.stat().st_mtime > STALE_SECONDS
            if old and not any(is_written(lock.parent) for lock in folder.rglob(".lock")):
                shutil.rmtree(folder)
