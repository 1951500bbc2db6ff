"""The child process of the MLflow tracker, `python -m hundred.runs.trackers.mlflow.process`.

`MlflowListener` starts it.

It reads one JSON object a line from standard input ({"say": "follow" | "look" | "ended", "run": PATH}), sends
the runs named there with `send`, and writes one line for each trouble. It ends soon after its standard input
does, which happens when the training process ends, however it ends.
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

# How long this process may outlive the training process. Where that ends in order, LiveMirror waits for less.
LAST_SECONDS = 60.0
_LAST_TRIES = 3
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2.0, 60.0
_GLANCE_SECONDS = 2.0


@dataclass
class Followed:
    """A run directory that is mirrored. `ended` is that of `send`; `not_before` is when to try again after
    trouble, by time.monotonic."""

    run: Path
    order: dict[str, Any]
    changed: bool = True
    ended: bool | None = False
    pause: float = 0.0
    not_before: float = 0.0


class Mirror:
    """Follows run directories by what it is told, and sends them; troubles are told, not raised."""

    def __init__(self) -> None:
        """Nothing is followed yet."""
        self.runs: dict[str, Followed] = {}

    def hear(self, line: str) -> None:
        """Take one line of standard input; what is not understood is left."""
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            word, run = said.pop("say"), said.pop("run")
            if word == "follow":
                self.runs[run] = Followed(Path(run), said)
            followed = self.runs[run]
            followed.changed = True
            followed.ended = followed.ended or word == "ended"

    def work(self, *, hurry: bool = False) -> None:
        """Send each run that has changed; after trouble, only when its pause is over, or in a hurry."""
        for followed in list(self.runs.values()):
            now = time.monotonic()
            if followed.changed and (hurry or now >= followed.not_before):
                self._send(followed)

    def finish(self) -> bool:
        """Nothing more will be told: send what is left, with some tries for a store that is busy, one for a
        store that gave trouble before. Returns whether all was sent."""
        tries = 1 if any(followed.pause for followed in self.runs.values()) else _LAST_TRIES
        for followed in self.runs.values():
            followed.changed = True
            # Where the training process was killed, nobody has said that the run has ended: its lock tells.
            followed.ended = followed.ended or None
        for number in range(tries):
            self.work(hurry=True)
            if not any(followed.changed for followed in self.runs.values()):
                return True
            if number < tries - 1:
                time.sleep(2**number)
        return False

    def _send(self, followed: Followed) -> None:
        from hundred.runs.trackers.mlflow.sync import send

        followed.changed = False
        try:
            send(followed.run, **followed.order, ended=followed.ended)
        except Exception as error:  # the training must hear of it, whatever it is
            if not isinstance(error, HundredError):
                error = HundredError(f"the MLflow mirror failed: {type(error).__name__}: {error}")
            _say(followed.run, str(error))
            followed.changed = True
            followed.pause = min(_LONGEST_PAUSE_SECONDS, followed.pause * 2 or _FIRST_PAUSE_SECONDS)
            followed.not_before = time.monotonic() + followed.pause
        else:
            followed.pause = 0.0
            if followed.ended:
                del self.runs[str(followed.run)]


def main() -> int:
    """Follow until standard input ends; 0 where everything was sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)
    parent = os.getppid()
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    mirror = Mirror()
    # A process that the training process has forked may keep the pipe open: then its death is seen here.
    while _take(lines, mirror) and os.getppid() == parent:
        mirror.work()
    threading.Thread(target=_run_out, daemon=True).start()
    return 0 if mirror.finish() else 1


def _take(lines: "queue.Queue[str | None]", mirror: Mirror) -> bool:
    """Wait a moment for lines and take all there are; False where no more will come."""
    with suppress(queue.Empty):
        line = lines.get(timeout=_GLANCE_SECONDS)
        while line is not None:
            mirror.hear(line)
            line = lines.get_nowait()
        return False
    return True


def _read(lines: "queue.Queue[str | None]") -> None:
    """Thread: standard input to the queue. From its end on the time runs out, also while `send` hangs."""
    for line in sys.stdin:
        lines.put(line)
    lines.put(None)
    _run_out()


def _run_out() -> None:
    time.sleep(LAST_SECONDS)
    os._exit(1)


def _say(run: Path, trouble: str) -> None:
    with suppress(OSError, ValueError):
        sys.stdout.write(json.dumps({"run": str(run), "trouble": trouble}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
