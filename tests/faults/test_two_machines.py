"""Two machines that share one folder of runs: names, locks, sittings and stopping.

The other machine is a process with another host name, whose process numbers mean nothing here; locks are
those of the shared file system.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.cli.background import trained_folder
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError, UsageError
from hundred.runs.directory import is_written
from hundred.runs.sittings import read_sittings
from hundred.runs.stop import stop_runs
from tests.making.recipes import SMALL

# Holds the lock of a run and says so in sittings.json, under the name of another machine and a process id
# that here belongs to another process: this one.
OTHER = """
import dataclasses, platform, sys, time
from pathlib import Path
platform.node = lambda: "farm-7"
from hundred.files import write_json
from hundred.runs.directory import lock_run
from hundred.runs.sittings import SittingLog
run, pid = Path(sys.argv[1]), int(sys.argv[2])
with lock_run(run):
    log = SittingLog(run, time.monotonic())
    here = dataclasses.replace(log.sittings()[-1], pid=pid)
    write_json(run / "sittings.json", {"sittings": [dataclasses.asdict(here)]})
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def few() -> Dataset:
    return subset_per_class(draw_sample(), 4, 2)


class Stop:
    def on_epoch_ended(self, event: Any) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def call(few: Dataset, tmp_path: Path) -> dict[str, Any]:
    return {"data": few, "runs": tmp_path, "figures": False, "quiet": True, "set": SMALL}


@pytest.fixture
def elsewhere(tmp_path: Path, call: dict[str, Any]) -> Iterator[Path]:
    """An unfinished run that the other machine is writing."""
    with pytest.raises(KeyboardInterrupt):
        hundred.train("sprint", epochs=2, name="sprint-shared", listeners=[Stop()], **call)
    run = tmp_path / "sprint-shared"
    command = [sys.executable, "-c", OTHER, str(run), str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        yield run
        other.communicate("")


def test_a_run_that_the_other_machine_writes_is_left_alone(
    elsewhere: Path, call: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir() if path.name != ".lock"}
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a process of this machine was signalled"))
    assert is_written(elsewhere)
    with pytest.raises(HundredError, match="is being written by another process"):
        hundred.train("sprint", epochs=2, name="sprint-shared", resume=True, **call)
    with pytest.raises(UsageError, match="no unfinished run"):
        hundred.train("sprint", epochs=2, resume=True, **call)
    with pytest.raises(UsageError, match="there is a run 'sprint-shared'"):
        hundred.train("sprint", epochs=2, name="sprint-shared", **call)
    with pytest.raises(UsageError, match="is being trained on farm-7: stop it there"):
        stop_runs(elsewhere.parent)
    # `--background` waits for a run of its own process, not for one of that number on another machine.
    assert trained_folder(elsewhere.parent, os.getpid()) is None
    after = {path.name: path.read_bytes() for path in elsewhere.iterdir() if path.name != ".lock"}
    assert after == before


def test_a_run_begun_on_one_machine_is_resumed_on_the_other(
    tmp_path: Path, call: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as there:
        there.setattr(platform, "node", lambda: "farm-7")
        with pytest.raises(KeyboardInterrupt):
            hundred.train("sprint", epochs=2, name="one", listeners=[Stop()], **call)
    run = hundred.train("sprint", epochs=2, name="one", resume=True, **call)
    assert [sitting.host for sitting in read_sittings(run.path)] == ["farm-7", platform.node()]
    assert run.history["epoch"].tolist() == [1, 2]


def test_of_many_processes_that_ask_for_a_name_at_once_each_has_its_own(tmp_path: Path) -> None:
    code = (
        "import sys; from hundred.runs.directory import create_run_directory as make; sys.stdin.read(); "
        "[print(make(sys.argv[1], prefix='run').name) for _ in range(20)]"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(command, **pipes) for _ in range(3)]  # type: ignore[call-overload]
    for each in both:
        each.stdin.close()
    names = [name for each in both for name in each.stdout.read().split()]
    for each in both:
        each.stdout.close()
        assert each.wait() == 0
    assert len(set(names)) == len(names) == 60
    assert {path.name for path in tmp_path.iterdir()} == set(names)


def test_a_stale_lock_file_of_a_machine_that_is_gone_blocks_nothing(
    tmp_path: Path, call: dict[str, Any]
) -> None:
    """The lock is held by the system for a process; the file alone means nothing."""
    with pytest.raises(KeyboardInterrupt):
        hundred.train("sprint", epochs=2, name="one", listeners=[Stop()], **call)
    (tmp_path / "one" / ".lock").write_text("farm-7 12345")
    sittings = json.loads((tmp_path / "one" / "sittings.json").read_text())
    sittings["sittings"][-1] |= {"host": "farm-7", "pid": 1}
    (tmp_path / "one" / "sittings.json").write_text(json.dumps(sittings))
    assert not is_written(tmp_path / "one")
    assert hundred.train("sprint", epochs=2, name="one", resume=True, **call).finished
