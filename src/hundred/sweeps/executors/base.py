"""What trials are trained on, and what an executor of trials does."""

from dataclasses import dataclass
from math import inf
from types import TracebackType
from typing import Protocol, Self

from hundred.errors import UsageError
from hundred.sweeps.trial import TrialResult, TrialSpec

MOST_CPUS = 4096  # threads of one trial; far above any machine


@dataclass(frozen=True)
class Resources:
    """On what trials are trained.

    device: as of `hundred.train`. ray: the address of a Ray cluster, or None for this process.
    workers: trials at once, at most; None for as many as fit. cpus, gpus: of each trial, None for a default.
    store: a URL that keeps run directories, "" for the sweep's own folder.
    """

    device: str = "auto"
    ray: str | None = None
    workers: int | None = None
    cpus: int | None = None
    gpus: float | None = None
    store: str = ""

    def __post_init__(self) -> None:
        """Raises UsageError where these do not go together."""
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"--workers {self.workers}: it takes 1 or more")
        if self.gpus is not None and not 0 <= self.gpus < inf:
            raise UsageError(
                f"--gpus {self.gpus:g}: it takes 0 or more, such as 0.25 for four trials on a GPU"
            )
        least = 1 if self.ray else 0
        if self.cpus is not None and not least <= self.cpus <= MOST_CPUS:
            raise UsageError(f"--cpus {self.cpus}: it takes {least} to {MOST_CPUS}")
        if self.ray is None and (self.gpus is not None or self.store):
            raise UsageError("--gpus and --store are for trials on a Ray cluster: add --ray ADDRESS")


class Executor(Protocol):
    """Trains trials by `hundred.sweeps.trial.run_trial` and returns their results in the order they end.

    A context manager. workers: how many trials it trains at once.
    """

    workers: int

    def submit(self, spec: TrialSpec) -> None:
        """Have a trial trained; at most `workers` are under way."""
        ...

    def wait(self, seconds: float) -> list[TrialResult]:
        """Results of trials that have ended; waits for the first, not much longer than `seconds` if it
        can."""
        ...

    def __enter__(self) -> Self:
        """Take what is needed to train."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release it. Trials under way are stopped; their last checkpoints are kept."""
        ...
