"""The MLflow mirror of run directories. `send` reads a directory and sends what was not sent yet, so it can
be called while a run is under way, after a crash, or a week later; the directory stays the truth.

The model goes along as the artifact `model.h5`, as it lies in the run directory (it opens in Keras and with
`hundred.load`). MLflow's own flavours are not used: `mlflow.keras` stores another format and imports Keras,
which takes seconds for each run, and a pyfunc model with its code copied in would be tied to one version of
Hundred.
"""

import getpass
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hundred.errors import UsageError
from hundred.runs import layout
from hundred.runs.directory import is_written
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.trackers import content
from hundred.runs.trackers.content import EpochFigures
from hundred.runs.trackers.mlflow.state import read_state, sending, write_state
from hundred.runs.trackers.mlflow.store import (
    experiment_id,
    experiment_name,
    open_store,
    store_of,
    told_by_mlflow,
    without_password,
)

# What MLflow takes in one call (mlflow.utils.validation: MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH).
_METRICS_A_CALL = 1000
_PARAMETERS_A_CALL = 100

Item = TypeVar("Item")


@dataclass(frozen=True)
class SendReport:
    """What one `send` did. `epochs` and `artifacts` count what was sent this time; `finished` says whether
    MLflow now has the run as ended."""

    tracking_uri: str
    run_id: str
    epochs: int
    artifacts: int
    finished: bool

    def __str__(self) -> str:
        """Such as ``3 epochs and 7 files sent to sqlite:////home/a/runs/mlflow.db``."""
        if not self.epochs and not self.artifacts:
            return f"nothing new for {self.tracking_uri}"
        epochs = f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"
        files = f"{self.artifacts} file{'' if self.artifacts == 1 else 's'}"
        return f"{epochs} and {files} sent to {self.tracking_uri}"


def send(
    run_dir: Path | str,
    *,
    experiment: str | None = None,
    parent_run_id: str | None = None,
    store: Path | str | None = None,
    ended: bool | None = None,
) -> SendReport:
    """Send what MLflow does not have yet of the run directory `run_dir`, and remember it in its mlflow.json.

    The store is the server of MLFLOW_TRACKING_URI, else the SQLite file in the folder `store`, else the one
    this run was sent to before, else the one in the folder around the run. `parent_run_id` makes it a nested
    run; a run inside a folder that `start_parent` announced is nested in that without being told. `ended`
    says whether the run is over (found out by its lock where it is None); only then its status, figures and
    files are sent.

    Sending again changes nothing: epochs go with the times of the event log, and equal metrics are kept once.

    Raises UsageError where `run_dir` is no run, HundredError where its files are damaged or MLflow does not
    answer; what was sent until then is remembered.
    """
    run = Path(run_dir)
    if not layout.is_run(run):
        raise UsageError(f"{run} is not a run, so there is nothing to send to MLflow")
    with sending(run):
        if ended is None:
            ended = not is_written(run)
        uri = store_of(run, store)
        above = read_state(run.parent)
        if not parent_run_id and above.tracking_uri == without_password(uri):
            parent_run_id = above.run_id
        with told_by_mlflow(uri):
            sender = _Sender(run, uri, experiment, parent_run_id or "")
            before = sender.state.copy()
            sender.parameters(content.parameters(run))
            sender.tags(content.tags(run))
            sender.epochs(content.epochs(run, ended=ended))
            if ended:
                sender.figures(content.final_metrics(run), content.end_time(run))
            artifacts = sender.artifacts(content.artifacts(run, ended=ended))
            sender.status(content.status(run) if ended else "RUNNING", content.end_time(run))
        state = sender.state
    return SendReport(
        state.tracking_uri, state.run_id, state.epochs_sent - before.epochs_sent, artifacts, state.finished
    )


def start_parent(
    folder: Path | str,
    *,
    experiment: str | None = None,
    store: Path | str | None = None,
    parameters: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
) -> str:
    """Announce repeats or a sweep whose runs lie in `folder` and return the id of its MLflow run.

    Runs sent from inside `folder` become nested in it. The experiment is made here, once, before the runs
    start. Announcing a folder again returns the same id.

    Raises HundredError where MLflow does not answer.
    """
    folder = Path(folder)
    with os_errors_as_hundred_errors(folder, "cannot make"):
        folder.mkdir(parents=True, exist_ok=True)
    with sending(folder):
        uri = store_of(folder, store)
        with told_by_mlflow(uri):
            sender = _Sender(folder, uri, experiment, "")
            sender.parameters({key: str(value) for key, value in (parameters or {}).items()})
            sender.tags({key: str(value) for key, value in (tags or {}).items()})
            sender.status("RUNNING", None)
            return sender.state.run_id


def finish_parent(
    folder: Path | str,
    *,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, object] | None = None,
    artifacts: Iterable[Path] = (),
    status: str = "FINISHED",
    store: Path | str | None = None,
) -> None:
    """End the run that `start_parent` announced for `folder`, with its summary figures and files.

    `status` is `FINISHED`, `FAILED` or `KILLED`. Raises HundredError where MLflow does not answer.
    """
    folder = Path(folder)
    with sending(folder):
        uri = store_of(folder, store)
        with told_by_mlflow(uri):
            sender = _Sender(folder, uri, None, "")
            sender.tags({key: str(value) for key, value in (tags or {}).items()})
            now = int(time.time() * 1000)
            sender.figures({key: float(value) for key, value in (metrics or {}).items()}, now)
            sender.artifacts({path.name: path for path in artifacts if path.is_file()})
            sender.status(status, None)


class _Sender:
    """Sends the parts of a run, each only where it differs from what was sent, and remembers each at once."""

    def __init__(self, folder: Path, uri: str, experiment: str | None, parent_run_id: str) -> None:
        self.folder = folder
        self.state = read_state(folder)
        if self.state.tracking_uri != without_password(uri):
            self.state = self.state.elsewhere(without_password(uri))
        self.client = open_store(uri)
        self.server = self._known_run() or self._found_or_made(uri, experiment, parent_run_id)
        self._nest(parent_run_id)

    def parameters(self, values: dict[str, str]) -> None:
        """MLflow never changes a parameter: what a resume has changed goes into a tag `changed.NAME`."""
        digest = content.digest(values)
        if digest == self.state.parameters:
            return
        from mlflow.entities import Param, RunTag

        known = self.server.data.params
        new = [Param(key, value) for key, value in values.items() if key not in known]
        changed = [
            RunTag(f"changed.{key}", value) for key, value in values.items() if known.get(key, value) != value
        ]
        for some in _batches(new, _PARAMETERS_A_CALL):
            self.client.log_batch(self.state.run_id, params=some)
        for each in _batches(changed, _PARAMETERS_A_CALL):
            self.client.log_batch(self.state.run_id, tags=each)
        self.state.parameters = digest
        self._remember()

    def tags(self, values: dict[str, str]) -> None:
        from mlflow.entities import RunTag

        new = {key: value for key, value in values.items() if self.state.tags.get(key) != value}
        for some in _batches(list(new.items()), _PARAMETERS_A_CALL):
            self.client.log_batch(self.state.run_id, tags=[RunTag(key, value) for key, value in some])
        if new:
            self.state.tags.update(new)
            self._remember()

    def epochs(self, rows: list[EpochFigures]) -> None:
        """One call an epoch while training; many epochs a call when catching up."""
        from mlflow.entities import Metric

        new = [row for row in rows if row.epoch > self.state.epochs_sent]
        for some in _batches(new, max(1, _METRICS_A_CALL // 8)):
            self.client.log_batch(
                self.state.run_id,
                metrics=[
                    Metric(key, value, row.time, row.epoch)
                    for row in some
                    for key, value in row.figures.items()
                ],
            )
            self.state.epochs_sent = some[-1].epoch
            self._remember()

    def figures(self, values: dict[str, float], when: int | None) -> None:
        from mlflow.entities import Metric

        digest = content.digest(values)
        if not values or digest == self.state.result:
            return
        step = self.state.epochs_sent
        for some in _batches(list(values.items()), _METRICS_A_CALL):
            self.client.log_batch(
                self.state.run_id, metrics=[Metric(key, value, when or 0, step) for key, value in some]
            )
        self.state.result = digest
        self._remember()

    def artifacts(self, files: dict[str, Path]) -> int:
        sent = 0
        for name, path in files.items():
            identity = content.identity(path)
            if self.state.artifacts.get(name) == identity:
                continue
            folder = name.rpartition("/")[0]
            self.client.log_artifact(self.state.run_id, str(path), folder or None)
            self.state.artifacts[name] = identity
            self._remember()
            sent += 1
        return sent

    def status(self, word: str, when: int | None) -> None:
        if word == self.state.status:
            return
        if word == "RUNNING":
            self.client.update_run(self.state.run_id, status=word)
        else:
            self.client.set_terminated(self.state.run_id, word, end_time=when)
        self.state.status = word
        self._remember()

    def _known_run(self) -> Any:
        """The run that mlflow.json names, or None where the store has it no more."""
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

    def _found_or_made(self, uri: str, experiment: str | None, parent_run_id: str) -> Any:
        """The run with this directory's key, made where there is none. The key is on the disk before the run
        is made, so whatever is killed when, a run directory never has two."""
        self._remember()
        number = experiment_id(self.client, uri, experiment_name(experiment))
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

    def _nest(self, parent_run_id: str) -> None:
        if parent_run_id and parent_run_id != self.state.parent_run_id:
            self.client.set_tag(self.state.run_id, "mlflow.parentRunId", parent_run_id)
            self.state.parent_run_id = parent_run_id
            self._remember()

    def _remember(self) -> None:
        write_state(self.folder, self.state)


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _user() -> dict[str, str]:
    """MLflow shows who made a run; a container may have no name for it."""
    try:
        return {"mlflow.user": getpass.getuser()}
    except (OSError, KeyError, ImportError):
        return {}
