"""One run in one MLflow store: what it has, and sending it only what it lacks."""

import getpass
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hundred.runs.trackers import content
from hundred.runs.trackers.content import EpochFigures
from hundred.runs.trackers.mlflow.state import read_state, write_state
from hundred.runs.trackers.mlflow.store import (
    check_artifact_uri,
    experiment_id,
    experiment_name,
    open_store,
    without_password,
)

# What MLflow takes in one call (mlflow.utils.validation: MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH).
_METRICS_PER_CALL = 1000
_PARAMETERS_PER_CALL = 100

Item = TypeVar("Item")


class RunUploader:
    """Sends the parts of a run, each only where it differs from what was sent, and remembers each at once."""

    def __init__(self, folder: Path, uri: str, experiment: str | None, parent_run_id: str) -> None:
        """Find the MLflow run of `folder` in the store `uri`, or make it there."""
        self.folder, self.uri = folder, uri
        self.state = read_state(folder)
        if self.state.tracking_uri != without_password(uri):
            self.state = self.state.elsewhere(without_password(uri))
        self.client = open_store(uri)
        self.run = self._known_run() or self._find_or_create(experiment, parent_run_id)
        if parent_run_id and parent_run_id != self.state.parent_run_id:
            self.client.set_tag(self.state.run_id, "mlflow.parentRunId", parent_run_id)
            self.state.parent_run_id = parent_run_id
            self._remember()

    def parameters(self, values: dict[str, str]) -> None:
        """MLflow never changes a parameter: what a resume has changed goes into a tag `changed.NAME`."""
        from mlflow.entities import Param, RunTag

        digest = content.digest(values)
        if digest == self.state.parameters:
            return
        known = self.run.data.params
        new = [Param(key, value) for key, value in values.items() if key not in known]
        changed = [
            RunTag(f"changed.{key}", value) for key, value in values.items() if known.get(key, value) != value
        ]
        for some in _batches(new, _PARAMETERS_PER_CALL):
            self.client.log_batch(self.state.run_id, params=some)
        for each in _batches(changed, _PARAMETERS_PER_CALL):
            self.client.log_batch(self.state.run_id, tags=each)
        self.state.parameters = digest
        self._remember()

    def tags(self, values: dict[str, str]) -> None:
        """Set the tags that are new or have changed, and remove the user's own that are gone."""
        from mlflow.entities import RunTag

        new = {key: value for key, value in values.items() if self.state.tags.get(key) != value}
        for some in _batches(list(new.items()), _PARAMETERS_PER_CALL):
            self.client.log_batch(self.state.run_id, tags=[RunTag(key, value) for key, value in some])
        own = {key for key in self.state.tags if key.startswith(content.LABEL) or key == content.NOTE}
        for key in sorted(own - set(values)):
            self.client.delete_tag(self.state.run_id, key)
            del self.state.tags[key]
        if new or own - set(values):
            self.state.tags.update(new)
            self._remember()

    def epochs(self, rows: list[EpochFigures]) -> None:
        """One call an epoch while training; many epochs a call when catching up."""
        from mlflow.entities import Metric

        new = [row for row in rows if row.epoch > self.state.epochs_sent]
        for some in _batches(new, max(1, _METRICS_PER_CALL // 8)):
            metrics = [
                Metric(key, value, row.time, row.epoch) for row in some for key, value in row.figures.items()
            ]
            self.client.log_batch(self.state.run_id, metrics=metrics)
            self.state.epochs_sent = some[-1].epoch
            self._remember()

    def figures(self, values: dict[str, float], when: int | None) -> None:
        """The final figures, at the last epoch sent; `when` is milliseconds since 1970."""
        from mlflow.entities import Metric

        digest = content.digest(values)
        if not values or digest == self.state.result:
            return
        step = self.state.epochs_sent
        for some in _batches(list(values.items()), _METRICS_PER_CALL):
            metrics = [Metric(key, value, when or 0, step) for key, value in some]
            self.client.log_batch(self.state.run_id, metrics=metrics)
        self.state.result = digest
        self._remember()

    def artifacts(self, files: dict[str, Path]) -> int:
        """Send the files that are new or have changed, by their path in the run; returns how many."""
        new = [
            name for name, path in files.items() if self.state.artifacts.get(name) != content.identity(path)
        ]
        if new:
            check_artifact_uri(self.uri, self.run.info.artifact_uri)
        for name in new:
            identity = content.identity(files[name])
            self.client.log_artifact(self.state.run_id, str(files[name]), name.rpartition("/")[0] or None)
            self.state.artifacts[name] = identity
            self._remember()
        return len(new)

    def status(self, status: str, when: int | None) -> None:
        """Set MLflow's status; `when` is the end in milliseconds since 1970, now by default."""
        if status == self.state.status:
            return
        if status == "RUNNING":
            self.client.update_run(self.state.run_id, status=status)
        else:
            self.client.set_terminated(self.state.run_id, status, end_time=when)
        self.state.status = status
        self._remember()

    def _known_run(self) -> Any:
        """The run that mlflow.json names, or None where the store does not have it any more."""
        from mlflow.exceptions import MlflowException

        if not self.state.run_id:
            return None
        try:
            run = self.client.get_run(self.state.run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            run = None
        if run is None or run.info.lifecycle_stage != "active":
            self.state = self.state.elsewhere(self.state.tracking_uri)
            return None
        return run

    def _find_or_create(self, experiment: str | None, parent_run_id: str) -> Any:
        """The run with this directory's key. The key is on the disk before the run is created, so a directory
        never has two, at whatever moment this process is killed."""
        self._remember()
        number = experiment_id(self.client, self.uri, experiment_name(experiment))
        found = self.client.search_runs([number], f"tags.hundred_key = '{self.state.key}'", max_results=1)
        if found:
            run = found[0]
        else:
            tags = {"hundred_key": self.state.key, **_user()}
            if parent_run_id:
                tags["mlflow.parentRunId"] = parent_run_id
            start = content.start_time(self.folder)
            run = self.client.create_run(number, start, tags, self.folder.resolve().name)
        self.state.run_id, self.state.experiment_id = run.info.run_id, run.info.experiment_id
        self._remember()
        return run

    def _remember(self) -> None:
        write_state(self.folder, self.state)


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _user() -> dict[str, str]:
    """Who made the run, as MLflow shows it; a container may have no user name."""
    try:
        return {"mlflow.user": getpass.getuser()}
    except (OSError, KeyError, ImportError):
        return {}
