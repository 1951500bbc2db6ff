"""A sweep in MLflow: one run around those of its trials, which are sent when they have ended.

One child process sends all of them (see `hundred.runs.trackers.mlflow.listener`), also what a cluster has
trained, so that training waits for nothing and no machine of the cluster needs MLflow.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hundred.errors import HundredError
from hundred.recipe.load import leaves
from hundred.recipe.schema import Recipe
from hundred.runs.layout import is_run
from hundred.runs.trackers.mlflow.state import read_state
from hundred.sweeps.progress import SweepProgress

if TYPE_CHECKING:
    from hundred.runs.trackers.mlflow.listener import MlflowProcess

WAIT_SECONDS = 60.0


class Tracker:
    """Sends a sweep, or repeats, to MLflow, where the recipe wants that; trouble is one warning."""

    def __init__(self, folder: Path, recipe: Recipe, vary: Mapping[str, Any], teller: SweepProgress) -> None:
        """`folder` holds the runs; `vary` is what differs between them, as texts."""
        self.folder, self.recipe, self.vary, self.teller = folder, recipe, vary, teller
        self.parent = ""
        self.mirror: MlflowProcess | None = None
        self.status = "FAILED"

    def __enter__(self) -> Self:
        """Announce the runs."""
        if not self.recipe.tracking.mlflow:
            return self
        from hundred.runs.trackers.mlflow.listener import MlflowProcess
        from hundred.runs.trackers.mlflow.sync import start_parent

        varied = {f"vary.{key}": value for key, value in self.vary.items()}
        fixed = {key: value for key, value in leaves(self.recipe).items() if key not in self.vary}
        try:
            self.parent = start_parent(
                self.folder,
                experiment=self.recipe.tracking.experiment,
                parameters={**fixed, **varied},
                tags={"recipe": self.recipe.name},
            )
        except HundredError as error:
            self.teller.warn(f"{error}. The runs are not sent to MLflow; later: hundred sync {self.folder}/*")
            return self
        self.mirror = MlflowProcess()
        return self

    def send(self, runs: Iterable[Path]) -> None:
        """Have runs sent that have ended, except those that MLflow has already."""
        # Named, since a winner's runs lie a folder deeper than the others.
        store = str(self.folder.resolve().parent)
        for run in runs:
            if self.mirror is None or not is_run(run) or read_state(run).finished:
                continue
            order = {
                "experiment": self.recipe.tracking.experiment,
                "parent_run_id": self.parent,
                "store": store,
            }
            self.mirror.tell("follow", run, **order)
            self.mirror.tell("ended", run)

    def finish(self, metrics: Mapping[str, float], artifacts: Iterable[Path]) -> None:
        """The sweep has ended in order: its figures and files."""
        self.status = "FINISHED"
        self._end(metrics, artifacts)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run around the others, and wait a while for what is still to be sent."""
        if self.mirror is None:
            return
        if self.status != "FINISHED":
            self.status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
            self._end({}, ())
        if not self.mirror.close(WAIT_SECONDS):
            self.teller.warn(f"MLflow did not take all runs in time; send them: hundred sync {self.folder}/*")

    def _end(self, metrics: Mapping[str, float], artifacts: Iterable[Path]) -> None:
        if self.mirror is None:
            return
        from hundred.runs.trackers.mlflow.sync import finish_parent

        try:
            finish_parent(self.folder, metrics=metrics, artifacts=artifacts, status=self.status)
        except HundredError as error:
            self.teller.warn(str(error))
