"""The MLflow run around repeats or the trials of a sweep: their runs are nested in it.

One child process (`hundred.runs.trackers.mlflow.listener`) sends all of them, those that a cluster trained
included, so that training waits for nothing and no machine of a cluster needs MLflow.
"""

import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hundred.errors import HundredError
from hundred.recipe.load import leaves
from hundred.recipe.schema import Recipe
from hundred.runs.layout import is_run
from hundred.runs.trackers.mlflow.state import read_state

if TYPE_CHECKING:
    from hundred.runs.trackers.mlflow.listener import MlflowProcess

WAIT_SECONDS = 60.0


class ParentRun:
    """Context manager: begins the parent run of `folder` and ends it with its figures and files.

    Where the recipe wants no MLflow, or MLflow cannot be used (one warning), nothing is sent.

    process: the child process, None where nothing is sent. run_id: of the parent run, "" without one.
    """

    def __init__(
        self, folder: Path, recipe: Recipe, vary: Mapping[str, Any], warn: Callable[[str], None]
    ) -> None:
        """`folder` holds the runs. `vary`: what differs between them, as texts by key of the recipe."""
        self.folder, self.recipe, self.vary, self.warn = folder, recipe, vary, warn
        self.process: MlflowProcess | None = None
        self.run_id = ""
        self.status = "FAILED"
        self.metrics: Mapping[str, float] = {}
        self.artifacts: Iterable[Path] = ()

    def __enter__(self) -> Self:
        """Begin the parent run."""
        if not self.recipe.tracking.mlflow:
            return self
        from hundred.runs.trackers.mlflow.listener import MlflowProcess
        from hundred.runs.trackers.mlflow.sync import start_parent

        varied = {f"vary.{key}": value for key, value in self.vary.items()}
        fixed = {key: value for key, value in leaves(self.recipe).items() if key not in self.vary}
        try:
            self.run_id = start_parent(
                self.folder,
                experiment=self.recipe.tracking.experiment,
                parameters={**fixed, **varied},
                tags={"recipe": self.recipe.name},
            )
        except HundredError as error:
            self.warn(f"{error}. Send the runs later: {self._sync_command()}")
            return self
        self.process = MlflowProcess()
        return self

    def send(self, runs: Iterable[Path]) -> None:
        """Have finished `runs` sent, except those that MLflow has already."""
        # The store is named, since a winner's runs are a folder deeper than the others.
        options = {
            "experiment": self.recipe.tracking.experiment,
            "parent_run_id": self.run_id,
            "store": self.folder.resolve().parent,
        }
        for run in runs:
            if self.process is not None and is_run(run) and not read_state(run).finished:
                self.process.sync(run, ended=True, **options)

    def finish(self, metrics: Mapping[str, float], artifacts: Iterable[Path]) -> None:
        """All runs have finished; their common figures and files go to the parent run at the end."""
        self.status, self.metrics, self.artifacts = "FINISHED", metrics, artifacts

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the parent run, and wait a while for what is still being sent."""
        if self.process is None:
            return
        from hundred.runs.trackers.mlflow.sync import finish_parent

        status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED" if error else self.status
        try:
            finish_parent(self.folder, metrics=self.metrics, artifacts=self.artifacts, status=status)
        except HundredError as trouble:
            self.warn(str(trouble))
        if not self.process.close(WAIT_SECONDS):
            self.warn(f"MLflow did not take all runs in time. Send them later: {self._sync_command()}")

    def _sync_command(self) -> str:
        return f"hundred sync {shlex.quote(str(self.folder))}/*"
