"""The child process of the MLflow tracker, `python -m hundred.runs.trackers.mlflow.process`; `MlflowProcess`
starts it.

It reads one JSON object a line from standard input, {"run": PATH, "ended": BOOL} with further arguments of
`sync_run`, calls that for each, and writes one line, {"run": PATH, "trouble": TEXT}, for each failure. It
ends soon after its standard input does, which happens when the training process ends, for whatever reason.
"""

import json
import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hundred.errors import HundredError
from hundred.runs.trackers.mlflow import sync

# How long this process may outlive the training process. If that ends in order, MlflowProcess.close waits for
# less.
LAST_SECONDS = 60.0
_LAST_TRIES = 3
_RETRY_SECONDS = 20.0
_POLL_SECONDS = 2.0


@dataclass
class _Request:
    """A run to send: arguments of `sync_run`, whether it changed since, and when to retry
    (time.monotonic)."""

    options: dict[str, Any]
    ended: bool | None
    changed: bool = True
    retry_at: float = 0.0


class SyncQueue:
    """The runs to send. Failures are written to standard output, not raised."""

    def __init__(self) -> None:
        """Nothing to send yet."""
        self.requests: dict[str, _Request] = {}
        self.failed = False

    def receive(self, line: str) -> None:
        """Take one line of standard input; one that is not understood is left out."""
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            options = json.loads(line)
            run, ended = options.pop("run"), options.pop("ended")
            request = self.requests.setdefault(run, _Request(options, ended))
            request.options, request.changed = options, True
            request.ended = request.ended or ended

    def send(self, *, now: bool = False) -> None:
        """Send each run that has changed; after a failure not before its pause is over, unless `now`."""
        for run, request in list(self.requests.items()):
            if not request.changed or not (now or time.monotonic() >= request.retry_at):
                continue
            request.changed = False
            try:
                sync.sync_run(Path(run), ended=request.ended, **request.options)
            except Exception as error:  # the training process warns, whatever it is
                self._report(run, error)
                request.changed = self.failed = True
                request.retry_at = time.monotonic() + _RETRY_SECONDS
            else:
                if request.ended:
                    del self.requests[run]

    def finish(self) -> bool:
        """Send the rest, with some tries for a store that is busy, one for a store that failed before.
        Returns whether all was sent."""
        tries = 1 if self.failed else _LAST_TRIES
        for request in self.requests.values():
            request.changed = True
            # After a kill there was no message that the run has ended: its lock tells.
            request.ended = request.ended or None
        for number in range(tries):
            self.send(now=True)
            if not any(request.changed for request in self.requests.values()):
                return True
            if number < tries - 1:
                time.sleep(2**number)
        return False

    def _report(self, run: str, error: Exception) -> None:
        text = str(error) if isinstance(error, HundredError) else f"sending to MLflow failed: {error!r}"
        with suppress(OSError, ValueError):
            sys.stdout.write(json.dumps({"run": run, "trouble": text}) + "\n")
            sys.stdout.flush()


def main() -> int:
    """Send until standard input ends; 0 where everything was sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)
    parent = os.getppid()
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    runs = SyncQueue()
    # A process forked by the training process may keep the pipe open: then a changed parent shows the end.
    while _receive_all(lines, runs) and os.getppid() == parent:
        runs.send()
    threading.Thread(target=_exit_later, daemon=True).start()
    return 0 if runs.finish() else 1


def _receive_all(lines: "queue.Queue[str | None]", runs: SyncQueue) -> bool:
    """Wait a moment for lines and take all there are; False where no more will come."""
    with suppress(queue.Empty):
        line = lines.get(timeout=_POLL_SECONDS)
        while line is not None:
            runs.receive(line)
            line = lines.get_nowait()
        return False
    return True


def _read(lines: "queue.Queue[str | None]") -> None:
    """Thread: standard input to the queue. At its end the last seconds begin, even while `sync_run` hangs."""
    for line in sys.stdin:
        lines.put(line)
    lines.put(None)
    _exit_later()


def _exit_later() -> None:
    time.sleep(LAST_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
