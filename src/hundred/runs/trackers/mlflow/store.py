"""Which MLflow store runs are sent to, and opening it: a SQLite file beside the runs by default, or the
server named by MLflow's own environment variables."""

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

import filelock

from hundred.errors import HundredError
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.trackers.mlflow.state import read_state

if TYPE_CHECKING:
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
EXPERIMENT = "hundred"

# Read by MLflow when it is imported or called; the user's settings win. No telemetry, progress bars or
# logging, and one retry after 15 s: MLflow's default of 7 tries of 120 s would outlast most runs.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}

# Parts of the error texts of requests and urllib3 where a server is down, slow or cut off.
_NO_ANSWER = ("Max retries exceeded", "Connection aborted", "Connection refused", "timed out")


def local_uri(folder: Path | str) -> str:
    """The absolute SQLite address of the store in `folder` (a relative one would depend on who asks)."""
    return f"sqlite:///{(Path(folder).resolve() / DATABASE).as_posix()}"


def tracking_uri(run: Path, store: Path | str | None = None) -> str:
    """The store a run goes to: MLFLOW_TRACKING_URI, else the SQLite file in the folder `store`, else where
    this user has sent the run, or the folder around it, before, else the SQLite file beside it."""
    named = named_uri()
    if named:
        return named
    if store is not None:
        return local_uri(store)
    for folder in (run, run.parent):
        state = read_state(folder)
        path = sqlite_path(state.tracking_uri)
        # A SQLite file that is gone was left on another machine.
        if state.tracking_uri and (path is None or path.exists()):
            beside = state.tracking_uri in [local_uri(each) for each in run.resolve().parents[:2]]
            if beside or state.is_signed:
                return state.tracking_uri
    return local_uri(run.parent)


def named_uri() -> str:
    """MLFLOW_TRACKING_URI, with an absolute path where it is a SQLite file; '' where it is not set."""
    named = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    path = sqlite_path(named)
    return named if path is None else f"sqlite:///{path.as_posix()}"


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
def mlflow_errors_as_hundred_errors(uri: str) -> Iterator[None]:
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
    """A client of the store at `uri`. A SQLite file is made where it is new, under a lock: MLflow
    fails to make its tables when two processes race."""
    _check_file(uri)
    os.environ.update(settings())
    from mlflow import MlflowClient

    for noisy in ("mlflow", "alembic", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    with _creation_lock(uri):
        return MlflowClient(tracking_uri=uri)


def check_artifact_uri(uri: str, artifact_uri: str) -> None:
    """Raise HundredError unless the files of a run in the SQLite store `uri` are kept beside it. The store
    may have come with a stranger's runs, and then could name any server or folder to write to."""
    database = sqlite_path(uri)
    if database is None or uri == named_uri():
        return
    location = urlsplit(artifact_uri)
    path = Path(url2pathname(location.path)).resolve()
    if location.scheme not in ("", "file") or not path.is_relative_to(database.parent):
        raise HundredError(
            f"the MLflow store {database} keeps files in {without_password(artifact_uri)}, not beside it: "
            f"if that is right, set MLFLOW_TRACKING_URI={uri}"
        )


def experiment_id(client: "MlflowClient", uri: str, name: str) -> str:
    """The id of the experiment `name`, made where it is new, once, however many processes ask.

    Raises HundredError where it was deleted.
    """
    with _creation_lock(uri):
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
    """Refuse at once a SQLite file that cannot be used, or that is not MLflow's: MLflow would try to open a
    damaged one for over a minute, and add its 66 tables to any other."""
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
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise HundredError(f"the MLflow store {database} cannot be used: {error}") from None
    if tables and "alembic_version" not in tables:
        raise HundredError(
            f"{database} is a database of another program, not an MLflow store: move it, or name another "
            "store with MLFLOW_TRACKING_URI"
        )


def _artifact_location(uri: str) -> str | None:
    """Beside a SQLite file; a server decides for itself."""
    database = sqlite_path(uri)
    return None if database is None else (database.parent / ARTIFACTS).as_uri()


def _creation_lock(uri: str) -> "filelock.BaseFileLock | nullcontext[None]":
    database = sqlite_path(uri)
    if database is None:
        return nullcontext()
    return filelock.FileLock(f"{database}.lock", timeout=60)


def sqlite_path(uri: str) -> Path | None:
    """The file behind a SQLite address, None for any other."""
    return Path(uri.removeprefix("sqlite:///")).resolve() if uri.startswith("sqlite:///") else None
