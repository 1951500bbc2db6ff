"""Who trains the tasks of a sweep: this process, one after another, or the workers of a Ray cluster.

Both train by `hundred.sweeps.trial.run_trial`.
"""

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import torch

from hundred.data.dataset import Dataset
from hundred.sweeps.trial import TrialResult, TrialSpec, run_trial


class Executor(Protocol):
    """Takes tasks and gives back outcomes, in whatever order they end. A context manager."""

    workers: int

    def submit(self, task: TrialSpec) -> None:
        """Have `task` trained; at most `workers` at once."""
        ...

    def wait(self, seconds: float) -> list[TrialResult]:
        """What has ended; waits for the first such, though not longer than about `seconds` where it can."""
        ...

    def __enter__(self) -> Self:
        """Ready for tasks."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give back what was taken; tasks under way are given up, with what they have handed over kept."""
        ...


class SerialExecutor:
    """Trains in this process, one task after another, in the sweep's own directory."""

    def __init__(self, folder: Path, dataset: Dataset, listeners: Sequence[object] = ()) -> None:
        """listeners: hear each task's events."""
        self.folder, self.dataset, self.listeners = folder, dataset, listeners
        self.workers = 1
        self.tasks: deque[TrialSpec] = deque()

    def submit(self, task: TrialSpec) -> None:
        """As Pool; it is trained in `wait`."""
        self.tasks.append(task)

    def wait(self, seconds: float) -> list[TrialResult]:
        """Train the next task to its end, however long that takes."""
        return [run_trial(self.tasks.popleft(), self.dataset, self.folder, self.listeners)]

    def __enter__(self) -> Self:
        """A task may set the number of threads: it is put back at the end."""
        self.threads = torch.get_num_threads()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Threads as they were."""
        torch.set_num_threads(self.threads)
