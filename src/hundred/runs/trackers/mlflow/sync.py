"""Sending run directories to MLflow. `sync_run` reads a directory and sends what was not sent yet, so it can
be called while a run is under way, after a crash, or a week later; the directory stays the truth.

The model goes along as the artifact `model.h5`, byte for byte (it opens in Keras and with `hundred.load`).
MLflow's
own flavours are not used: `mlflow.keras` stores another format and imports Keras, which takes seconds for
each run, and a pyfunc model with its code copied in would be tied to one version of Hundred.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hundred.deadline import run_within
from hundred.errors import UsageError
from hundred.formatting import plural
from hundred.runs import layout
from hundred.runs.directory import is_written
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.trackers import content
from hundred.runs.trackers.mlflow.state import read_state, sync_lock, unused_address
from hundred.runs.trackers.mlflow.store import (
    mlflow_errors_as_hundred_errors,
    named_uri,
    sqlite_path,
    tracking_uri,
    without_password,
)
from hundred.runs.trackers.mlflow.uploader import RunUploader

# A whole exchange with a server may take this long, and a second more for each megabyte of files.
EXCHANGE_SECONDS = 50.0
_BYTES_PER_SECOND = 1e6

T = TypeVar("T")


@dataclass(frozen=True)
class SyncReport:
    """What one `sync_run` did. epochs, artifacts: how many were sent this time. finished: whether MLflow now
    has the run as ended. note: one line about an address that was not used, else ''."""

    tracking_uri: str
    run_id: str
    epochs: int
    artifacts: int
    finished: bool
    note: str = ""

    def __str__(self) -> str:
        """Such as ``3 epochs and 7 files sent to sqlite:////home/a/runs/mlflow.db``."""
        if not self.epochs and not self.artifacts:
            return f"nothing new for {self.tracking_uri}"
        return (
            f"{plural(self.epochs, 'epoch')} and {plural(self.artifacts, 'file')} sent to {self.tracking_uri}"
        )


def sync_run(
    run_dir: Path | str,
    *,
    experiment: str | None = None,
    parent_run_id: str | None = None,
    store: Path | str | None = None,
    ended: bool | None = None,
) -> SyncReport:
    """Send what MLflow does not have yet of the run directory `run_dir`, and remember it in its mlflow.json.

    experiment: its name, `hundred` by default. parent_run_id: makes it a nested run; a run inside a folder
    that `start_parent` announced is nested in that by itself. store: see `tracking_uri`. ended: whether the
    run is over (by default, whether its lock is free); only then its status, figures and files are sent.

    Sending again changes nothing: epochs go with the times of the event log, and equal metrics are kept once.

    Raises UsageError where `run_dir` is no run, HundredError where its files are damaged or MLflow does not
    answer in time; what was sent until then is remembered.
    """
    run = Path(run_dir)
    if not layout.is_run(run):
        raise UsageError(f"{run} is not a run, so there is nothing to send to MLflow")
    ended = not is_written(run) if ended is None else ended
    foreign = unused_address(run)
    uri = tracking_uri(run, store)
    above = read_state(run.parent)
    if not parent_run_id and above.tracking_uri == without_password(uri):
        parent_run_id = above.run_id
    files = content.artifacts(run, ended=ended)

    def send(uploader: RunUploader) -> SyncReport:
        before = uploader.state.copy()
        uploader.parameters(content.parameters(run))
        uploader.tags(content.tags(run))
        uploader.epochs(content.epochs(run, ended=ended))
        if ended:
            uploader.figures(content.final_metrics(run), content.end_time(run))
        artifacts = uploader.artifacts(files)
        uploader.status(content.status(run) if ended else "RUNNING", content.end_time(run))
        state = uploader.state
        epochs = state.epochs_sent - before.epochs_sent
        note = _note(run, foreign) if foreign not in ("", state.tracking_uri) else ""
        return SyncReport(state.tracking_uri, state.run_id, epochs, artifacts, state.finished, note)

    return _exchange(run, uri, send, experiment=experiment, parent_run_id=parent_run_id, files=files.values())


def start_parent(
    folder: Path | str,
    *,
    experiment: str | None = None,
    store: Path | str | None = None,
    parameters: Mapping[str, object] | None = None,
    tags: Mapping[str, object] | None = None,
) -> str:
    """Announce repeats or a sweep with runs in `folder` and return the id of its MLflow run.

    Runs sent from inside `folder` become nested in it. The experiment is made here, once, before the runs
    start. Announcing a folder again returns the same id.

    Raises HundredError where MLflow does not answer in time.
    """
    folder = Path(folder)
    with os_errors_as_hundred_errors(folder, "cannot make"):
        folder.mkdir(parents=True, exist_ok=True)

    def send(uploader: RunUploader) -> str:
        uploader.parameters({key: str(value) for key, value in (parameters or {}).items()})
        uploader.tags({key: str(value) for key, value in (tags or {}).items()} | content.own_labels(folder))
        uploader.status("RUNNING", None)
        return uploader.state.run_id

    return _exchange(folder, tracking_uri(folder, store), send, experiment=experiment)


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

    `status` is `FINISHED`, `FAILED` or `KILLED`. Raises HundredError where MLflow does not answer in time.
    """
    folder = Path(folder)
    files = {path.name: path for path in artifacts if path.is_file()}

    def send(uploader: RunUploader) -> None:
        uploader.tags({key: str(value) for key, value in (tags or {}).items()} | content.own_labels(folder))
        figures = {key: float(value) for key, value in (metrics or {}).items()}
        uploader.figures(figures, int(time.time() * 1000))
        uploader.artifacts(files)
        uploader.status(status, None)

    _exchange(folder, tracking_uri(folder, store), send, files=files.values())


def sync_labels(folder: Path | str) -> str:
    """Send the tags and the note of repeats, a sweep or a study that `start_parent` announced; the store.

    Raises HundredError where MLflow does not answer in time.
    """
    folder = Path(folder)

    def send(uploader: RunUploader) -> str:
        uploader.tags(content.own_labels(folder))
        return uploader.state.tracking_uri

    return _exchange(folder, tracking_uri(folder), send)


def _exchange(
    folder: Path,
    uri: str,
    send: Callable[[RunUploader], T],
    *,
    experiment: str | None = None,
    parent_run_id: str | None = None,
    files: Iterable[Path] = (),
) -> T:
    """What `send` returns for an uploader of `folder`, under its lock and, for a server, one deadline."""

    def work() -> T:
        with sync_lock(folder), mlflow_errors_as_hundred_errors(uri):
            return send(RunUploader(folder, uri, experiment, parent_run_id or ""))

    if sqlite_path(uri) is not None:
        return work()
    seconds = EXCHANGE_SECONDS + sum(path.stat().st_size for path in files) / _BYTES_PER_SECOND
    shown = without_password(uri)
    return run_within(seconds, work, f"MLflow at {shown} does not answer (no end after {seconds:.0f} s)")


def _note(run: Path, foreign: str) -> str:
    return (
        f"{run / layout.MLFLOW} names {without_password(foreign)[:200]}, but this user has not sent the run "
        "there from here, so it was not used"
        + ("" if named_uri() else ": name it in MLFLOW_TRACKING_URI to send it there")
    )
