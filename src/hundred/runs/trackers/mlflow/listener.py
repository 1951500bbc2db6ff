"""The listener that keeps MLflow up to date while training, and its child process, which does the work.

MLflow takes seconds to import and its calls can block, so none of it happens in the training process: an
epoch costs some microseconds there.
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
from typing import TYPE_CHECKING

from hundred.runs.trackers.mlflow.store import settings

if TYPE_CHECKING:
    from hundred.training.events import EpochEnded, RunStarted, Stopped

WAIT_SECONDS = 30.0
_WAIT_AFTER_TROUBLE_SECONDS = 5.0


class MlflowListener:
    """Listener: sends one run directory to MLflow while it is written. It comes after the listeners that
    write it.

    Warns at most once, and never raises: a run is complete without MLflow.
    """

    def __init__(
        self,
        run: Path | str,
        *,
        experiment: str | None = None,
        parent_run_id: str | None = None,
        store: Path | str | None = None,
        warn: Callable[[str], object] | None = None,
        process: "MlflowProcess | None" = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """`experiment`, `parent_run_id` and `store` are those of `sync_run`. `warn` is called on trouble, in
        the caller's thread. `process` is shared between runs, one after another; without it this run has its
        own, and `close` waits up to `wait_seconds` for that to send the rest."""
        self.run = Path(run)
        self.options = {"experiment": experiment, "parent_run_id": parent_run_id, "store": store}
        self.warn = warn or (lambda _: None)
        self.owns_process = process is None
        self.process = process
        self.wait_seconds = wait_seconds
        self.warned = False
        self.started = False

    def on_run_started(self, event: "RunStarted") -> None:
        """Start the child; it sends what an earlier, interrupted part of the run has left."""
        if self.process is None:
            self.process = MlflowProcess()
        self.started = True
        self._sync()

    def on_epoch_ended(self, event: "EpochEnded") -> None:
        """Send the new row."""
        self._sync()

    def on_stopped(self, event: "Stopped") -> None:
        """Training has ended, but testing may go on."""
        self._sync()

    def close(self) -> None:
        """The run has ended and its directory is complete: let the child send the rest. May be called
        twice."""
        if self.process is None or not self.started:
            return
        self._sync(ended=True)
        self.started = False
        if self.owns_process:
            # A store that failed before is not waited for as long.
            patience = _WAIT_AFTER_TROUBLE_SECONDS if self.warned else self.wait_seconds
            in_time = self.process.close(min(self.wait_seconds, patience))
            self._warn(self.process.trouble(self.run))
            self._warn("" if in_time else "MLflow did not take the whole run in time")
            self.process = None

    def _sync(self, *, ended: bool = False) -> None:
        if self.process is not None:
            self.process.sync(self.run, ended=ended, **self.options)
            self._warn(self.process.trouble(self.run))

    def _warn(self, trouble: str) -> None:
        if trouble and not self.warned:
            self.warned = True
            quoted = shlex.quote(str(self.run))
            self.warn(f"{trouble}. Nothing of the run is lost; send it later: hundred sync {quoted}")


class MlflowProcess:
    """The child process, fed by a thread: no method but `close` blocks, and none raises."""

    def __init__(self) -> None:
        """Start the child: at low priority, ignoring Ctrl-C, gone soon after its standard input is closed."""
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._troubles: dict[str, str] = {}
        self._failure = ""
        self._child: subprocess.Popen[bytes] | None = None
        try:
            self._child = _start_child()
        except OSError as error:
            self._failure = f"the process that sends runs to MLflow could not be started ({error.strerror})"
            return
        self._threads = [
            threading.Thread(target=work, args=(self._child,), daemon=True)
            for work in (self._write, self._read)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int | None:
        """The child's process id, None where it could not be started."""
        return self._child.pid if self._child else None

    def sync(self, run: Path, *, ended: bool = False, **options: object) -> None:
        """Have `run` sent, as it is by then; `ended` and the options are those of `sync_run`."""
        if options.get("store") is not None:
            options["store"] = str(Path(str(options["store"])).resolve())
        line = json.dumps({"run": str(run.resolve()), "ended": ended, **options})
        self._lines.put(line.encode() + b"\n")

    def trouble(self, run: Path) -> str:
        """What first went wrong with `run`; '' where nothing did, as far as is known now."""
        return self._failure or self._troubles.get(str(run.resolve()), "")

    def close(self, wait_seconds: float = WAIT_SECONDS) -> bool:
        """Let the child send what is left for up to `wait_seconds`; whether it did. It is gone afterwards."""
        if self._child is None:
            return True
        deadline = time.monotonic() + wait_seconds
        self._lines.put(None)
        try:
            code = self._child.wait(wait_seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        for thread in self._threads:
            thread.join(max(5.0, deadline - time.monotonic()))
        self._child = None
        return code == 0

    def _write(self, child: "subprocess.Popen[bytes]") -> None:
        """Thread: the lines to the child, whose pipe may be full."""
        if child.stdin is None:
            return
        # A child that is gone is noticed by `close`.
        with suppress(OSError), child.stdin:
            while (line := self._lines.get()) is not None:
                child.stdin.write(line)

    def _read(self, child: "subprocess.Popen[bytes]") -> None:
        """Thread: the first trouble of each run, until the child ends."""
        if child.stdout is None:
            return
        with child.stdout:
            for line in child.stdout:
                with suppress(ValueError, KeyError):
                    report = json.loads(line)
                    self._troubles.setdefault(report["run"], report["trouble"])


def _start_child() -> "subprocess.Popen[bytes]":
    # -P: a file of the user's in the current folder must not be imported instead of a package.
    command = [sys.executable, "-P", "-m", "hundred.runs.trackers.mlflow.process"]
    source_folder = str(Path(__file__).resolve().parents[4])
    environment = {
        **os.environ,
        **settings(),
        "PYTHONPATH": os.pathsep.join(filter(None, [source_folder, os.environ.get("PYTHONPATH", "")])),
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
