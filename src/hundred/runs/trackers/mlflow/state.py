"""mlflow.json: what of a run directory has been sent to which MLflow store, so that nothing is sent twice."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import filelock

from hundred.errors import HundredError
from hundred.files import write_json
from hundred.runs.layout import MLFLOW
from hundred.runs.os_errors import os_errors_as_hundred_errors

_WAIT_SECONDS = 10.0


@dataclass
class MirrorState:
    """What was sent. `key` names the run directory in every store (tag `hundred.key`), so that a run whose
    creation was cut short, or that was sent to that store before, is found again.

    tracking_uri: of the store, without a password. tags: as sent. result: digest of the final figures sent.
    artifacts: identity of each file sent. status: MLflow's, as sent.
    """

    key: str = ""
    tracking_uri: str = ""
    experiment_id: str = ""
    run_id: str = ""
    parent_run_id: str = ""
    parameters: str = ""
    epochs_sent: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    result: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)
    status: str = ""

    @property
    def finished(self) -> bool:
        """Whether the run was sent as ended."""
        return self.status not in ("", "RUNNING")

    def elsewhere(self, tracking_uri: str) -> "MirrorState":
        """The state for another store, where nothing is known to have been sent."""
        return MirrorState(key=self.key, tracking_uri=tracking_uri)

    def copy(self) -> "MirrorState":
        """A copy that can be changed."""
        return replace(self, tags=dict(self.tags), artifacts=dict(self.artifacts))


def read_state(run: Path) -> MirrorState:
    """The state kept in `run`; a new one, with a new key, where there is none or it is damaged."""
    try:
        value = json.loads((run / MLFLOW).read_bytes())
        value.pop("finished", None)
        state = MirrorState(**value)
        if (
            all(isinstance(getattr(state, each.name), _TYPES[each.name]) for each in fields(state))
            and state.key
        ):
            return state
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        pass
    return MirrorState(key=uuid.uuid4().hex)


def write_state(run: Path, state: MirrorState) -> None:
    """Keep `state` in `run`, whole or not at all."""
    with os_errors_as_hundred_errors(run / MLFLOW):
        write_json(run / MLFLOW, {**asdict(state), "finished": state.finished})


@contextmanager
def sending(run: Path) -> Iterator[None]:
    """Hold the right to send `run`. Raises HundredError where another process keeps it for long."""
    lock = filelock.FileLock(run / f".{MLFLOW}.lock", timeout=_WAIT_SECONDS, thread_local=False)
    with os_errors_as_hundred_errors(run):
        try:
            lock.acquire()
        except filelock.Timeout:
            raise HundredError(
                f"another process is sending {run} to MLflow: try again when it has ended"
            ) from None
    try:
        yield
    finally:
        lock.release()


_TYPES = {each.name: type(getattr(MirrorState(), each.name)) for each in fields(MirrorState)}
