"""What searching, retraining and repeating share: the executor, the progress display and the MLflow run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.formatting import percent
from hundred.recipe.schema import Recipe
from hundred.runs.trackers.mlflow.parent import ParentRun
from hundred.sweeps.executors.base import Executor, Resources
from hundred.sweeps.executors.serial import SerialExecutor
from hundred.sweeps.executors.sync import UrlStore, write_files
from hundred.sweeps.progress import EpochLines, SweepProgress
from hundred.sweeps.trial import TrialResult, TrialSpec

SECONDS_TO_WAIT = 5.0


@dataclass(frozen=True)
class SweepContext:
    """Everything that trains the runs in `folder`, ready to use."""

    folder: Path
    resources: Resources
    executor: Executor
    progress: SweepProgress
    parent: ParentRun

    def spec(self, name: str, recipe: dict[str, Any], **more: Any) -> TrialSpec:
        """A trial with the context's device and threads."""
        resources = self.resources
        return TrialSpec(name, recipe, cpus=resources.cpus or 0, device=resources.device, **more)

    def train(self, specs: Sequence[TrialSpec]) -> list[TrialResult]:
        """Have all `specs` trained; the results of those that did not complete."""
        failed, waiting, running = list[TrialResult](), list(specs), 0
        while waiting or running:
            while waiting and running < self.executor.workers:
                self.executor.submit(waiting.pop(0))
                running += 1
            for result in self.executor.wait(SECONDS_TO_WAIT):
                running -= 1
                if result.state == "complete":
                    self._completed(result)
                else:
                    failed.append(result)
                    self.progress.warn(f"{result.name}: {result.state}: {result.why}")
        return failed

    def _completed(self, result: TrialResult) -> None:
        path = self.folder / result.name
        if self.resources.store:
            write_files(path, UrlStore(self.resources.store).read(result.name))
        self.parent.send([path])
        self.progress.line(f"{result.name}: val_accuracy {percent(result.val_accuracy)}")


@contextmanager
def open_context(
    folder: Path,
    resources: Resources,
    dataset: Dataset,
    *,
    recipe: Recipe,
    vary: Mapping[str, Any],
    progress: SweepProgress,
) -> Iterator[SweepContext]:
    """The context for runs in `folder`; executor and MLflow run are closed at the end, whatever happened.

    recipe: that all runs share but for the keys of `vary`, whose values are texts.
    """
    with ExitStack() as stack:
        executor = stack.enter_context(_executor(folder, resources, dataset, progress))
        parent = stack.enter_context(ParentRun(folder, recipe, vary, progress.warn))
        yield SweepContext(folder, resources, executor, progress, parent)


def _executor(folder: Path, resources: Resources, dataset: Dataset, progress: SweepProgress) -> Executor:
    if resources.ray is None:
        return SerialExecutor(folder, dataset, (EpochLines(progress),))
    from hundred.sweeps.executors.ray import RayExecutor

    return RayExecutor(folder, dataset, replace(resources, cpus=resources.cpus or 1), progress.line)
