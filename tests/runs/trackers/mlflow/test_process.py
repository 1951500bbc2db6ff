"""The child process that sends runs: feeding it never blocks or raises, and failures are retried after a
pause."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hundred.errors import HundredError
from hundred.runs.trackers.mlflow import process, sync
from hundred.runs.trackers.mlflow.listener import MlflowProcess


class FakeSync:
    """In place of `sync_run`: fails the first `failures` times and records its calls."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or HundredError("MLflow does not answer")
        self.calls: list[tuple[str, bool | None]] = []

    def __call__(self, run: Path, *, ended: bool | None, **options: Any) -> None:
        self.calls.append((run.name, ended))
        if len(self.calls) <= self.failures:
            raise self.error


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> process.SyncQueue:
    monkeypatch.setattr(process.time, "sleep", lambda seconds: None)
    return process.SyncQueue()


def replace_sync(
    monkeypatch: pytest.MonkeyPatch, failures: int = 0, error: Exception | None = None
) -> FakeSync:
    fake = FakeSync(failures, error)
    monkeypatch.setattr(sync, "sync_run", fake)
    return fake


def request(runs: process.SyncQueue, *, ended: bool = False) -> None:
    runs.receive(json.dumps({"run": "/a", "ended": ended}))


def test_a_run_is_sent_when_it_changed_and_again_when_it_ended(
    runs: process.SyncQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = replace_sync(monkeypatch)
    request(runs)
    runs.send()
    runs.send()
    request(runs)
    request(runs)
    runs.send()
    request(runs, ended=True)
    runs.send()
    runs.send()
    assert fake.calls == [("a", False), ("a", False), ("a", True)]
    assert runs.finish()
    assert len(fake.calls) == 3


def test_a_run_without_a_message_of_its_end_is_sent_with_its_end_left_open(
    runs: process.SyncQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = replace_sync(monkeypatch)
    request(runs)
    assert runs.finish()
    assert fake.calls == [("a", None)]


def test_a_failure_is_reported_and_retried_only_after_a_pause(
    runs: process.SyncQueue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(process.time, "monotonic", lambda: now)
    fake = replace_sync(monkeypatch, failures=100)
    tried = []
    for second in range(70):
        now = float(second)
        request(runs)
        before = len(fake.calls)
        runs.send()
        if len(fake.calls) > before:
            tried.append(second)
    assert tried == [0, 20, 40, 60]
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first == {"run": "/a", "trouble": "MLflow does not answer"}


@pytest.mark.parametrize(("failures", "sent", "calls"), [(0, True, 1), (2, True, 3), (9, False, 3)])
def test_at_the_end_a_busy_store_is_tried_some_times(
    runs: process.SyncQueue, monkeypatch: pytest.MonkeyPatch, failures: int, sent: bool, calls: int
) -> None:
    fake = replace_sync(monkeypatch, failures)
    request(runs)
    assert runs.finish() is sent
    assert len(fake.calls) == calls


def test_at_the_end_a_store_that_failed_before_is_tried_once(
    runs: process.SyncQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = replace_sync(monkeypatch, failures=9)
    request(runs)
    runs.send()
    assert not runs.finish()
    assert len(fake.calls) == 2


def test_an_unexpected_error_is_reported_too(
    runs: process.SyncQueue, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_sync(monkeypatch, 1, KeyError("x"))
    request(runs)
    runs.send()
    assert json.loads(capsys.readouterr().out)["trouble"] == "sending to MLflow failed: KeyError('x')"


@pytest.mark.parametrize("line", ["", "x", "[]", "{}", '{"run": "/a"}', '{"ended": true}', "3", "null"])
def test_lines_that_make_no_sense_are_left_out(runs: process.SyncQueue, line: str) -> None:
    runs.receive(line)
    assert runs.finish()


def test_feeding_a_child_that_does_not_read_never_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipe fills up after some hundred lines."""
    monkeypatch.setattr("hundred.runs.trackers.mlflow.listener._start_child", sleeper)
    child = MlflowProcess()
    assert child.pid is not None
    for _ in range(3000):
        child.sync(tmp_path)
    pid = child.pid
    assert child.close(wait_seconds=0.1) is False
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_feeding_a_child_that_is_gone_never_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.runs.trackers.mlflow.listener._start_child", sleeper)
    child = MlflowProcess()
    assert child.pid is not None
    os.kill(child.pid, 9)
    child.sync(tmp_path)
    assert child.trouble(tmp_path) == ""
    assert child.close() is False


def sleeper() -> Any:
    return subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
