"""Which MLflow store runs are mirrored to, and opening it: a SQLite file beside the runs by default, or any
server named by MLflow's own environment variables."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import filelock

from hundred.errors import HundredError
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.trackers.mlflow.state import read_state

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
EXPERIMENT = "hundred"

# Read by MLflow when it is imported or asked; a user's own settings win. Its telemetry, progress bars and
# logging are nobody's wish here, and its patience with a server (7 tries of 120 s) would outlast most runs.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "GIT_PYTHON_REFRESH": "quiet",
}

# What a request to a server that is down, gone, slow or cut off says (requests, urllib3).
_NO_ANSWER = ("Max retries exceeded", "Connection aborted", "Connection refused", "timed out")


def local_uri(folder: Path | str) -> str:
    """The absolute SQLite address of the store in `folder` (a relative one would depend on who asks)."""
    return f"sqlite:///{(Path(folder).resolve() / DATABASE).as_posix()}"


def store_of(run: Path, store: Path | str | None = None) -> str:
    """The store a run goes to: MLFLOW_TRACKING_URI, else the SQLite file in the folder `store`, else where it
    or the folder it lies in was sent before, else the SQLite file beside it."""
    named = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if named:
        path = sqlite_path(named)
        return named if path is None else f"sqlite:///{path.as_posix()}"
    if store is not None:
        return local_uri(store)
    for folder in (run, run.parent):
        before = read_state(folder).tracking_uri
        path = sqlite_path(before)
        # A SQLite file that is gone was left on another machine.
        if before and (path is None or path.exists()):
            return before
    return local_uri(run.parent)


def experiment_name(name: str | None = None) -> str:
    """`name`, else MLFLOW_EXPERIMENT_NAME, else `hundred`."""
    return name or os.environ.get("MLFLOW_EXPERIMENT_NAME", "").strip() or EXPERIMENT


def without_password(uri: str) -> str:
    """`uri` as it may be shown and kept: an address can carry a name and a password."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def settings() -> dict[str, str]:
    """The environment variables that keep MLflow quiet and quick to give up, less those the user has set."""
    return {name: value for name, value in _SETTINGS.items() if name not in os.environ}


@contextmanager
def told_by_mlflow(uri: str) -> Iterator[None]:
    """Turn whatever MLflow, SQLAlchemy or the network raise inside into one line."""
    try:
        yield
    except HundredError:
        raise
    except Exception as error:  # each store and each proxy has errors of its own
        shown = without_password(uri)
        text = str(error).replace(uri, shown)
        if any(word in text for word in _NO_ANSWER):
            raise HundredError(f"MLflow at {shown} does not answer") from None
        first = (text.strip().splitlines() or [type(error).__name__])[0]
        raise HundredError(f"MLflow at {shown} did not take the run: {first[:200]}") from error


def open_store(uri: str) -> "MlflowClient":
    """A client of the store at `uri`. A SQLite file is made where it is new, under a lock: MLflow's own
    making of its tables fails when two processes race."""
    _check_file(uri)
    os.environ.update(settings())
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with _making(uri):
        return MlflowClient(tracking_uri=uri)


def experiment_id(client: "MlflowClient", uri: str, name: str) -> str:
    """The id of the experiment `name`, made where it is new, once, however many processes ask.

    Raises HundredError where it was deleted.
    """
    with _making(uri):
        return _found_or_made(client, uri, name)


def _found_or_made(client: "MlflowClient", uri: str, name: str) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=_artifact_location(uri)))
        except MlflowException as error:
            # Another machine was quicker on the same server.
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise HundredError(
            f"the MLflow experiment {name!r} was deleted at {without_password(uri)}: "
            "restore it there, or choose another with MLFLOW_EXPERIMENT_NAME"
        )
    return str(found.experiment_id)


def _check_file(uri: str) -> None:
    """Say at once what is wrong with a SQLite file: MLflow tries to open one ten times, for over a minute."""
    database = sqlite_path(uri)
    if database is None:
        return
    if set("%?") & set(str(database)):
        raise HundredError(
            f"MLflow cannot keep its store in {database.parent}: % and ? have no place in a SQLite address; "
            "choose another folder with --runs"
        )
    with os_errors_as_hundred_errors(database.parent, "cannot make the MLflow store in"):
        database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(database, timeout=10)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise HundredError(f"the MLflow store {database} cannot be used: {error}") from None


def _artifact_location(uri: str) -> str | None:
    """Beside a SQLite file; a server decides for itself."""
    database = sqlite_path(uri)
    return None if database is None else (database.parent / ARTIFACTS).as_uri()


def _making(uri: str) -> "filelock.BaseFileLock | nullcontext[None]":
    database = sqlite_path(uri)
    if database is None:
        return nullcontext()
    return filelock.FileLock(f"{database}.lock", timeout=60)


def sqlite_path(uri: str) -> Path | None:
    """The file behind a SQLite address, None for any other."""
    return Path(uri.removeprefix("sqlite:///")).resolve() if uri.startswith("sqlite:///") else None
