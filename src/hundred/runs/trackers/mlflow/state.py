"""mlflow.json: what of a run directory was sent to which MLflow store, so that nothing is sent twice.

The file travels with the directory, so its content is trusted no further than its signature: an HMAC with a
key that stays in this user's data folder. Without it the address in the file is never contacted. The file
also names the place of the directory, so that a copy becomes a run of its own.
"""

import hashlib
import hmac
import json
import os
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import filelock
import platformdirs

from hundred.errors import HundredError
from hundred.files import write_json
from hundred.reading import read_bytes
from hundred.runs.layout import MLFLOW
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import MOST_JSON_BYTES

_LOCK_SECONDS = 10.0
_KEY_BYTES = 32


@dataclass
class SyncState:
    """What was sent, and where.

    key: names the run directory in every store (tag `hundred_key`), so that a run whose creation was cut
    short,
        or that was sent to that store before, is found again.
    place: absolute path of the run directory; '' in files of older versions.
    signature: HMAC of key, place and tracking_uri; '' in files of older versions.
    tracking_uri: of the store, without a password. parameters, result: digests of what was sent.
    tags: as sent. artifacts: identity of each file sent. status: MLflow's, as sent.
    """

    key: str = ""
    place: str = ""
    signature: str = ""
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

    @property
    def is_signed(self) -> bool:
        """Whether this user, on this machine, wrote the place and the address."""
        secret = _secret(create=False)
        return bool(secret) and hmac.compare_digest(self.signature, _signature(self, secret))

    def elsewhere(self, tracking_uri: str) -> "SyncState":
        """The state for another store, where nothing is known to have been sent."""
        return SyncState(key=self.key, tracking_uri=tracking_uri)

    def copy(self) -> "SyncState":
        """A copy that can be changed."""
        return replace(self, tags=dict(self.tags), artifacts=dict(self.artifacts))


def read_state(run: Path) -> SyncState:
    """The state kept in `run`; a new one, with a new key, where there is none, it is damaged, or `run` is a
    copy of the directory that it was written for."""
    state = _read(run)
    if state is None or _is_copy(run, state):
        return SyncState(key=uuid.uuid4().hex)
    return state


def unused_address(run: Path) -> str:
    """The address in the mlflow.json of `run` if it must not be contacted: this user did not send that run
    there."""
    state = _read(run)
    return "" if state is None or state.is_signed else state.tracking_uri


def write_state(run: Path, state: SyncState) -> None:
    """Keep `state` in `run`, signed for this place; whole or not at all."""
    state.place = str(run.resolve())
    secret = _secret(create=True)
    state.signature = _signature(state, secret) if secret else ""
    with os_errors_as_hundred_errors(run / MLFLOW):
        write_json(run / MLFLOW, {**asdict(state), "finished": state.finished})


@contextmanager
def sync_lock(run: Path) -> Iterator[None]:
    """Hold the right to send `run`. Raises HundredError where another process keeps it for long."""
    if not run.is_dir():  # filelock would make it
        raise HundredError(f"{run} is not there any more, so nothing of it is sent to MLflow")
    lock = filelock.FileLock(run / f".{MLFLOW}.lock", timeout=_LOCK_SECONDS, thread_local=False)
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


def _read(run: Path) -> SyncState | None:
    try:
        value = json.loads(read_bytes(run / MLFLOW, MOST_JSON_BYTES))
        value.pop("finished", None)
        state = SyncState(**value)
    except (OSError, HundredError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    sound = all(isinstance(getattr(state, each.name), _TYPES[each.name]) for each in fields(state))
    return state if sound and state.key else None


def _is_copy(run: Path, state: SyncState) -> bool:
    """A signed directory may have been moved: then the one at its former place is gone."""
    if state.place in ("", str(run.resolve())):
        return bool(state.signature) and not state.is_signed
    if not state.is_signed:
        return True
    former = _read(Path(state.place))
    return former is not None and former.key == state.key


def _signature(state: SyncState, secret: bytes) -> str:
    text = json.dumps([state.key, state.place, state.tracking_uri])
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def _secret(*, create: bool) -> bytes:
    """This user's key, made when first needed; b'' where there is none or it cannot be kept."""
    path = Path(platformdirs.user_data_dir("hundred")) / "mlflow.key"
    try:
        if create and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Linked into place, so that of two processes that make it at once both use the same one.
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            temporary.touch(mode=0o600)
            temporary.write_text(secrets.token_hex(_KEY_BYTES), encoding="ascii")
            try:
                os.link(temporary, path)
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        found = path.read_bytes()
    except OSError:
        return b""
    return found if len(found) == 2 * _KEY_BYTES else b""


_TYPES = {each.name: type(getattr(SyncState(), each.name)) for each in fields(SyncState)}
