"""Trains the trials of a sweep in this process, one after another, in the sweep's own directory."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from hundred.data.dataset import Dataset
from hundred.sweeps.trial import TrialResult, TrialSpec, run_trial


class SerialExecutor:
    """An `Executor` with one worker, this process."""

    def __init__(self, folder: Path, dataset: Dataset, listeners: Sequence[object] = ()) -> None:
        """`listeners` hear the events of every trial."""
        self.folder, self.dataset, self.listeners = folder, dataset, listeners
        self.workers = 1
        self.waiting: deque[TrialSpec] = deque()

    def submit(self, spec: TrialSpec) -> None:
        """See `Executor`; the trial is trained in `wait`."""
        self.waiting.append(spec)

    def wait(self, seconds: float) -> list[TrialResult]:
        """Train the next trial to its end, however long that takes."""
        return [run_trial(self.waiting.popleft(), self.dataset, self.folder, self.listeners)]

    def __enter__(self) -> Self:
        """Remember the number of threads, which a trial may change."""
        self.threads = torch.get_num_threads()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the number of threads."""
        torch.set_num_threads(self.threads)
