"""`hundred stop`: the process that trains a run is asked to end."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hundred.errors import UsageError
from hundred.runs.stop import runs_under_way, stop_runs

WRITER = """
import signal, sys, time
from pathlib import Path
from hundred.runs.directory import lock_run
from hundred.runs.sittings import SittingLog
run = Path(sys.argv[1]); run.mkdir(parents=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with lock_run(run):
    SittingLog(run, time.monotonic()).write()
    (run / "recipe.toml").touch()
    time.sleep(120)
"""


def test_the_process_behind_a_run_in_a_study_is_stopped(tmp_path: Path) -> None:
    run = tmp_path / "study-a" / "school" / "seed-0"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(run)]) as writer:
        try:
            while not (run / "recipe.toml").exists():
                assert writer.poll() is None
                time.sleep(0.02)
            ((found, sitting),) = runs_under_way(tmp_path / "study-a")
            assert (found, sitting.pid, sitting.host) == (run, writer.pid, platform.node())
            assert stop_runs(tmp_path / "study-a") == [run]
            assert writer.wait() == 0
        finally:
            writer.kill()
    with pytest.raises(UsageError, match="no process is training in"):
        stop_runs(run)


def test_a_run_on_another_machine_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hundred.runs.directory import lock_run
    from hundred.runs.sittings import SittingLog

    (tmp_path / "recipe.toml").touch()
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a process was signalled"))
    with lock_run(tmp_path), monkeypatch.context() as elsewhere:
        elsewhere.setattr(platform, "node", lambda: "farm-7")
        SittingLog(tmp_path, 0.0).write()
        elsewhere.undo()
        with pytest.raises(UsageError, match="is being trained on farm-7: stop it there"):
            stop_runs(tmp_path)
