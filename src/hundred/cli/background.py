"""`--background`: a command trains in a process of its own at idle priority, with its output in a log file.

`python -m hundred.cli.background RUNS COMMAND...` is that process.
"""

import os
import platform
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from hundred.errors import UsageError

LOG = "background.log"
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_WAIT = 120.0


def background_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--background` to a command, which then calls `launch`."""
    text = "Return at once; train at idle priority, with a log in the run directory. `hundred stop` ends it."
    return click.option("--background", is_flag=True, help=text)(command)


def launch(runs: str, *, ray: str | None = None) -> None:
    """Start this very command without `--background` in a process of its own; return once it trains.

    The output goes to background.log in the folder of `runs` that it writes to: of a run, repeats, a sweep or
    a study. Where the command ends before it has begun to train, its output is printed, and this process
    exits as it did.

    Raises UsageError with `ray`: runs on other machines are not found by their process.
    """
    if ray is not None:
        raise UsageError("--background does not go with --ray: leave one of them out")
    arguments = [word for word in sys.argv[1:] if word != "--background"]
    folder = Path(runs)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f".background-{os.getpid()}.log"
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "hundred.cli.background", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    click.echo(f"starting in the background as process {child.pid}; Ctrl-C leaves it running", err=True)
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while (path := trained_folder(folder, child.pid)) is None and child.poll() is None:
        if time.monotonic() > deadline:
            click.echo(f"it has not begun to train yet; its output is in {log}")
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
    if path is None:
        text = log.read_text(encoding="utf-8", errors="replace")
        log.unlink()
        click.echo(text, nl=False, err=child.returncode != 0)
        raise click.exceptions.Exit(child.returncode)
    final = _free_name(path)
    with suppress(OSError):
        log.replace(final)  # the process goes on writing into it
    click.echo(f"\ntraining in the background at idle priority: {path}\n")
    for purpose, command in (
        ("watch", f"tail -f {shlex.quote(str(final))}"),
        ("stop", f"hundred stop {shlex.quote(str(path))}"),
        ("resume, also after a reboot", shlex.join(["hundred", *_resuming(arguments, path)])),
    ):
        click.echo(f"  {purpose:<29}{command}")


def idle_priority() -> None:
    """Let every other process of this machine go first, from all threads of this one."""
    if not hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.nice(19)
        return
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))
    # Linux shares time between sessions before it does between the processes of one (sched(7), autogroups): a
    # session of SCHED_IDLE processes alone would get as much time as any other.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("19", encoding="ascii")


def trained_folder(runs: Path, pid: int) -> Path | None:
    """The folder in `runs` with a run that the process `pid` of this machine trains now, None without one."""
    from hundred.runs.directory import is_written
    from hundred.runs.layout import SITTINGS
    from hundred.runs.sittings import read_sittings

    files = (file for depth in ("*", "*/*", "*/*/*") for file in runs.glob(f"{depth}/{SITTINGS}"))
    for file in files:
        with suppress(OSError, IndexError):
            last = read_sittings(file.parent)[-1]
            # On a shared folder, a process of that number on another machine is another one.
            if (last.pid, last.host) == (pid, platform.node()) and is_written(file.parent):
                return runs / file.relative_to(runs).parts[0]
    return None


def _free_name(folder: Path) -> Path:
    """background.log in `folder`, or background-2.log and so on where there is one of an earlier start."""
    path, number = folder / LOG, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(LOG).stem}-{number}.log"
    return path


def _resuming(arguments: list[str], path: Path) -> list[str]:
    """The command that resumes what writes to `path`."""
    if arguments[0] == "train" and not (path / "recipe.toml").exists():  # repeats
        name = [] if "--name" in arguments else ["--name", path.name]
        return [*arguments, *name, *([] if "--resume" in arguments else ["--resume"]), "--background"]
    return [arguments[0], str(path), "--resume", "--background"]


def _idle_once_it_trains(runs: Path) -> None:
    """Lower the priority when training begins: until then a wrong call should be answered soon."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while trained_folder(runs, os.getpid()) is None and time.monotonic() < deadline:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    idle_priority()


def main() -> None:
    """Run the command in this process' arguments, which follow the folder of run directories."""
    from hundred.cli.main import main as run

    threading.Thread(target=_idle_once_it_trains, args=(Path(sys.argv[1]),), daemon=True).start()
    sys.argv[1:] = sys.argv[2:]
    run(sys.argv[1:])


if __name__ == "__main__":
    main()
