"""Run a command that ends when the process that started it ends: `python guard.py PARENT_PID COMMAND...`.

A parent that is killed cannot end its children, so each is started through this small process, which looks
once a second whether its own parent is still there. It and the command share a process group of their own:
Ctrl-C in a terminal reaches neither, and ending the group ends all that the command has started.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 1.0
_END_SECONDS = 10.0


def start(command: Sequence[str], **options: Any) -> "subprocess.Popen[bytes]":
    """Start `command` under a guard; `options` are those of Popen. End it with `end`."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", str(Path(__file__).resolve()), str(os.getpid()), *command],
        start_new_session=True,
        **options,
    )


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a guarded command and all that it has started; by force where it takes long."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def main() -> int:
    """Run the command of the arguments until it or the parent ends; the exit status is the command's."""
    parent = int(sys.argv[1])
    ended_by_signal: list[int] = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: ended_by_signal.append(received))
    with subprocess.Popen(sys.argv[2:]) as command:  # noqa: S603
        while command.poll() is None:
            if ended_by_signal or os.getppid() != parent:
                command.terminate()
                with suppress(subprocess.TimeoutExpired):
                    command.wait(_END_SECONDS)
                # The guard is one of the group: this is its own end as well.
                _signal(os.getpgrp(), signal.SIGKILL)
            time.sleep(_LOOK_SECONDS)
        return command.returncode


if __name__ == "__main__":
    sys.exit(main())
