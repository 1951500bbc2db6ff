"""The listener that keeps MLflow up to date while training: it pokes a child process, which does the work.

MLflow takes seconds to import and its calls can block, so nothing of it happens in the training process; an
epoch costs that one some microseconds.
"""

import json
import os
import queue
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from hundred.runs.trackers.mlflow.store import settings

if TYPE_CHECKING:
    from hundred.training.events import EpochEnded, RunStarted, Stopped

WAIT_SECONDS = 30.0
_AFTER_TROUBLE_SECONDS = 5.0


class MlflowListener:
    """Listener: mirrors one run directory to MLflow while it is written. It comes after the other recorders.

    Warns at most once, and never raises: a run is whole without its mirror.
    """

    def __init__(
        self,
        run: Path | str,
        *,
        experiment: str | None = None,
        parent_run_id: str | None = None,
        store: Path | str | None = None,
        warn: Callable[[str], None] | None = None,
        process: "MlflowProcess | None" = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """`experiment`, `parent_run_id` and `store` are those of `send`. `warn` is told of trouble, in the
        thread that calls this object. `process` is shared between the runs of a sweep, one after another;
        without it this run has its own, and `close` waits up to `wait_seconds` for that to send the rest."""
        self.run = Path(run)
        self.order = {"experiment": experiment, "parent_run_id": parent_run_id, "store": _text(store)}
        self.warn = warn or _nobody
        self.own = process is None
        self.process = process
        self.wait_seconds = wait_seconds
        self.warned = False
        self.started = False

    def on_run_started(self, event: "RunStarted") -> None:
        """Start the child; it sends what an earlier, interrupted part of the run has left."""
        if self.process is None:
            self.process = MlflowProcess()
        self.started = True
        self.process.tell("follow", self.run, **self.order)
        self._pass_on()

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Tell the child that there is a row more."""
        if self.process is not None:
            self.process.tell("look", self.run)
            self._pass_on()

    def on_stopped(self, event: "Stopped") -> None:
        """Training has ended; testing may go on, so the run has not."""
        self._pass_on()

    def close(self) -> None:
        """The run has ended and its directory is whole: let the child send the rest. May be called twice."""
        if self.process is None or not self.started:
            return
        self.started = False
        self.process.tell("ended", self.run)
        if self.own:
            # A store that gave trouble before is not waited for as long.
            patience = _AFTER_TROUBLE_SECONDS if self.warned else self.wait_seconds
            in_time = self.process.close(min(self.wait_seconds, patience))
            self._pass_on()
            if not in_time:
                self._warn("MLflow did not take the whole run in time")
            self.process = None
        else:
            self._pass_on()

    def _pass_on(self) -> None:
        if self.process is not None:
            for message in self.process.troubles(self.run):
                self._warn(message)

    def _warn(self, message: str) -> None:
        if not self.warned:
            self.warned = True
            quoted = shlex.quote(str(self.run))
            self.warn(f"{message}. Nothing of the run is lost; send it later: hundred sync {quoted}")


class MlflowProcess:
    """The child process and the two pipes to it. Telling it something never blocks and never raises."""

    def __init__(self) -> None:
        """Start the child: at low priority, deaf to Ctrl-C, gone soon after its standard input is closed."""
        self._said: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._untold: list[tuple[str, str]] = []
        self._unsent = b""
        self._child: subprocess.Popen[bytes] | None = None
        try:
            self._child = _start_child()
        except OSError as error:
            self._said.put(("", f"the MLflow mirror could not be started ({error.strerror})"))
            return
        if self._child.stdin is not None and hasattr(os, "set_blocking"):
            with suppress(OSError):
                os.set_blocking(self._child.stdin.fileno(), False)
        self._listener = threading.Thread(target=self._listen, args=(self._child.stdout,), daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int | None:
        """The child's process id, None where it could not be started."""
        return self._child.pid if self._child else None

    def tell(self, word: str, run: Path, **more: str | None) -> None:
        """Say `word` (`follow`, `look` or `ended`) about the directory `run`."""
        # A child that is behind will look at everything anyway.
        if word != "look" or not self._unsent:
            line = json.dumps({"say": word, "run": str(run.resolve()), **more})
            self._unsent += line.encode() + b"\n"
        self._push()

    def troubles(self, run: Path) -> list[str]:
        """What went wrong with `run` since this was last asked, without waiting."""
        name = str(run.resolve())
        while not self._said.empty():
            self._untold.append(self._said.get())
        mine = [message for about, message in self._untold if about in ("", name)]
        self._untold = [each for each in self._untold if each[0] not in ("", name)]
        return mine

    def close(self, wait_seconds: float = WAIT_SECONDS) -> bool:
        """Let the child send what is left for up to `wait_seconds`; whether it did. It is gone afterwards."""
        if self._child is None:
            return True
        deadline = time.monotonic() + wait_seconds
        while self._unsent and time.monotonic() < deadline:
            self._push()
            time.sleep(0.02)
        if self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()
        try:
            code = self._child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        self._listener.join(timeout=5)
        if self._child.stdout is not None and not self._listener.is_alive():
            self._child.stdout.close()
        self._child = None
        return code == 0

    def _push(self) -> None:
        """Write what fits into the pipe; the rest waits for the next time."""
        if self._child is None or self._child.stdin is None:
            return
        try:
            written = os.write(self._child.stdin.fileno(), self._unsent)
        except BlockingIOError:
            return
        except (OSError, ValueError):
            written = len(self._unsent)  # the child is gone: `close` will find out
        self._unsent = self._unsent[written:]

    def _listen(self, stream: IO[bytes]) -> None:
        """Collect what the child says; ends with it."""
        for line in stream:
            with suppress(ValueError, KeyError):
                said = json.loads(line)
                self._said.put((said["run"], said["trouble"]))


def _start_child() -> "subprocess.Popen[bytes]":
    # -P: a file of the user's own in this folder must not pass for a package.
    command = [sys.executable, "-P", "-m", "hundred.runs.trackers.mlflow.process"]
    package_folder = str(Path(__file__).resolve().parents[2])
    environment = {
        **os.environ,
        **settings(),
        "PYTHONPATH": os.pathsep.join(filter(None, [package_folder, os.environ.get("PYTHONPATH", "")])),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
        bufsize=0,
    )


def _text(path: Path | str | None) -> str | None:
    return None if path is None else str(Path(path).resolve())


def _nobody(message: str) -> None:
    """Where warnings go that nobody wants."""
