"""Who trains a sweep's tasks and who is told: what searching, retraining and repeating have in common."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.recipe.schema import Recipe
from hundred.sweeps.executors.serial import Executor, SerialExecutor
from hundred.sweeps.executors.sync import UrlStore, lay_out
from hundred.sweeps.mlflow import Tracker
from hundred.sweeps.progress import EpochLines, SweepProgress
from hundred.sweeps.trial import TrialResult, TrialSpec

SECONDS_TO_WAIT = 5.0


@dataclass(frozen=True)
class Resources:
    """On what tasks are trained.

    device: as of `hundred.train`. ray: the address of a Ray cluster, or None for this process. workers: tasks
    at once, at most, None for as many as fit. cpus, gpus: that a task takes; None is for each to find out.
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
        if self.gpus is not None and self.gpus < 0:
            raise UsageError(
                f"--gpus {self.gpus:g}: it takes 0 or more, such as 0.25 for four trials on a GPU"
            )
        if self.cpus is not None and self.cpus < (1 if self.ray else 0):
            raise UsageError(f"--cpus {self.cpus}: it takes 1 or more")
        if self.ray is None and (self.gpus is not None or self.store):
            raise UsageError("--gpus and --store are for trials on a Ray cluster: add --ray ADDRESS")


@dataclass(frozen=True)
class SweepContext:
    """The parts, ready to work, for the runs in `folder`."""

    folder: Path
    where: Resources
    pool: Executor
    teller: SweepProgress
    tracker: Tracker

    def task(self, name: str, recipe: dict[str, Any], **more: Any) -> TrialSpec:
        """A task on the crew's own device and threads."""
        return TrialSpec(name, recipe, cpus=self.where.cpus or 0, device=self.where.device, **more)

    def train(self, tasks: Sequence[TrialSpec]) -> list[TrialResult]:
        """Have all `tasks` trained; the outcomes of those that did not come to their end."""
        failed, waiting, under_way = list[TrialResult](), list(tasks), 0
        while waiting or under_way:
            while waiting and under_way < self.pool.workers:
                self.pool.submit(waiting.pop(0))
                under_way += 1
            for outcome in self.pool.wait(SECONDS_TO_WAIT):
                under_way -= 1
                if outcome.state == "complete":
                    self._arrived(outcome)
                else:
                    failed.append(outcome)
                    self.teller.warn(f"{outcome.name}: {outcome.state}: {outcome.why}")
        return failed

    def _arrived(self, outcome: TrialResult) -> None:
        path = self.folder / outcome.name
        if self.where.store:
            lay_out(path, UrlStore(self.where.store).read(outcome.name))
        self.tracker.send([path])
        self.teller.line(f"{outcome.name}: val_accuracy {outcome.val_accuracy or 0:.2%}")


@contextmanager
def gathered(
    folder: Path,
    where: Resources,
    dataset: Dataset,
    *,
    recipe: Recipe,
    varied: Mapping[str, Any],
    teller: SweepProgress,
) -> Iterator[SweepContext]:
    """The crew for runs in `folder`; at the end everybody is sent home, whatever happened.

    recipe: that all runs share but for what is `varied`, by key, with its values in words.
    """
    with ExitStack() as stack:
        pool = stack.enter_context(_pool(folder, where, dataset, teller))
        tracker = stack.enter_context(Tracker(folder, recipe, varied, teller))
        yield SweepContext(folder, where, pool, teller, tracker)


def _pool(folder: Path, where: Resources, dataset: Dataset, teller: SweepProgress) -> Executor:
    if where.ray is None:
        return SerialExecutor(folder, dataset, (EpochLines(teller),))
    from hundred.sweeps.executors.ray import RayExecutor

    return RayExecutor(folder, dataset, replace(where, cpus=where.cpus or 1), teller.line)
