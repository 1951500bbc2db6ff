"""Orders to the mirror's child: nothing blocks or raises, and trouble is tried again after a pause."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from hundred.errors import HundredError
from hundred.runs.trackers.mlflow import process, sync
from hundred.runs.trackers.mlflow.listener import MlflowProcess


class Sender:
    """Stands in for `send`: fails as often as told, and remembers what it was asked."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or HundredError("MLflow does not answer")
        self.calls: list[tuple[str, bool | None]] = []

    def __call__(self, run: Path, *, ended: bool | None, **order: Any) -> None:
        self.calls.append((run.name, ended))
        if len(self.calls) <= self.failures:
            raise self.error


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> process.Mirror:
    monkeypatch.setattr(process.time, "sleep", lambda seconds: None)
    return process.Mirror()


def say(mirror: process.Mirror, word: str, run: str = "/a") -> None:
    mirror.hear(json.dumps({"say": word, "run": run}))


def test_a_run_is_sent_when_it_changed_and_again_when_it_ended(
    mirror: process.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender()
    monkeypatch.setattr(sync, "send", sender)
    say(mirror, "follow")
    mirror.work()
    mirror.work()
    say(mirror, "look")
    say(mirror, "look")
    mirror.work()
    say(mirror, "ended")
    mirror.work()
    mirror.work()
    assert sender.calls == [("a", False), ("a", False), ("a", True)]
    assert mirror.finish()
    assert len(sender.calls) == 3


def test_a_run_whose_end_nobody_told_is_sent_with_its_end_left_open(
    mirror: process.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender()
    monkeypatch.setattr(sync, "send", sender)
    say(mirror, "follow")
    assert mirror.finish()
    assert sender.calls == [("a", None)]


def test_trouble_is_told_and_tried_again_only_after_a_pause(
    mirror: process.Mirror, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(process.time, "monotonic", lambda: now)
    sender = Sender(failures=100)
    monkeypatch.setattr(sync, "send", sender)
    say(mirror, "follow")
    tried = []
    for second in range(200):
        now = float(second)
        say(mirror, "look")
        before = len(sender.calls)
        mirror.work()
        if len(sender.calls) > before:
            tried.append(second)
    assert tried == [0, 2, 6, 14, 30, 62, 122, 182]
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first == {"run": "/a", "trouble": "MLflow does not answer"}


@pytest.mark.parametrize(("failures", "sent", "calls"), [(0, True, 1), (2, True, 3), (9, False, 3)])
def test_at_the_end_a_busy_store_is_tried_some_times(
    mirror: process.Mirror,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    sent: bool,
    calls: int,
) -> None:
    sender = Sender(failures)
    monkeypatch.setattr(sync, "send", sender)
    say(mirror, "follow")
    assert mirror.finish() is sent
    assert len(sender.calls) == calls


def test_at_the_end_a_store_that_gave_trouble_before_is_tried_once(
    mirror: process.Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender(failures=9)
    monkeypatch.setattr(sync, "send", sender)
    say(mirror, "follow")
    mirror.work()
    assert not mirror.finish()
    assert len(sender.calls) == 2


def test_a_fault_of_the_mirror_itself_is_told_too(
    mirror: process.Mirror, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sync, "send", Sender(1, KeyError("x")))
    say(mirror, "follow")
    mirror.work()
    assert json.loads(capsys.readouterr().out)["trouble"] == "the MLflow mirror failed: KeyError: 'x'"


@pytest.mark.parametrize("line", ["", "x", "[]", "{}", '{"say": "look", "run": "/unknown"}', '{"say": 1}'])
def test_orders_that_make_no_sense_are_left(mirror: process.Mirror, line: str) -> None:
    mirror.hear(line)
    assert mirror.finish()


def test_telling_a_child_that_does_not_listen_never_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipe fills up; orders that did not fit wait for room, looks are not piled up."""
    monkeypatch.setattr("hundred.runs.trackers.mlflow.listener._start_child", sleeper)
    process = MlflowProcess()
    child = process._child
    assert child is not None
    for _ in range(3000):
        process.tell("follow", tmp_path)
    waiting = len(process._unsent)
    for _ in range(3000):
        process.tell("look", tmp_path)
    assert 0 < len(process._unsent) <= waiting
    assert process.close(wait_seconds=0.1) is False
    assert child.returncode is not None


def test_telling_a_child_that_is_gone_never_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hundred.runs.trackers.mlflow.listener._start_child", sleeper)
    process = MlflowProcess()
    assert process.pid is not None
    os.kill(process.pid, 9)
    assert process._child is not None
    process._child.wait()
    process.tell("look", tmp_path)
    assert process.troubles(tmp_path) == []
    assert process.close() is False


def sleeper() -> Any:
    import subprocess

    return subprocess.Popen(["sleep", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
