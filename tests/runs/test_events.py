"""events.jsonl holds every event but the steps, as strict JSON, and is cut back to an epoch."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hundred.errors import HundredError
from hundred.runs.events import EventLog, cut_events, read_events
from hundred.training.events import EVENTS, EpochEnded, StepsDone, Stopped, Warned, notify
from tests.making.training_events import started, training


def test_every_kind_of_event_but_steps_is_written() -> None:
    for event in EVENTS:
        method = "on_" + event.kind.replace("-", "_")
        assert hasattr(EventLog, method) == (event is not StepsDone)


def test_events_read_back_with_their_fields_and_the_time_in_utc(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    events = [event for event in training() if not isinstance(event, StepsDone)]
    before = datetime.now(UTC)
    for event in events:
        notify([log], event)
    read = read_events(log.path)
    times = [datetime.fromisoformat(event.pop("time")) for event in read]
    assert read == [event.as_dict() for event in events]
    assert all(abs((time - before).total_seconds()) < 60 for time in times)


def test_figures_that_are_not_finite_are_null(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.write(EpochEnded(1, 0.1, math.nan, None, math.inf, 1e-3, 1.0, 1.0))

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    event = json.loads(log.path.read_text(), parse_constant=refuse)
    assert event["loss"] is None
    assert event["val_loss"] is None


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    for event in training():
        notify([log], event)
    whole = log.path.read_bytes()
    count = len(read_events(log.path))
    log.path.write_bytes(whole[:-7])
    assert len(read_events(log.path)) == count - 1


def test_cutting_drops_what_came_after_the_epoch_and_keeps_the_rest_as_it_was(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    notify([log], Warned("before"))
    for event in training(3):
        notify([log], event)
    notify([log], Warned("after"))
    before = read_events(log.path)
    cut_events(log.path, 2)
    kept = read_events(log.path)
    assert kept == before[: len(kept)]
    assert [event["epoch"] for event in kept if event["kind"] == "epoch-ended"] == [1, 2]
    assert kept[0]["message"] == "before"
    assert kept[-1]["kind"] == "checkpoint-written"


def test_an_interruption_after_the_epoch_stays_in_the_story(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    for event in (started(), Stopped(0, "interrupted")):
        notify([log], event)
    cut_events(log.path, 0)
    assert [event["kind"] for event in read_events(log.path)] == ["run-started", "stopped"]


@given(data=st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_can_be_read_and_cut(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "events.jsonl"
    path.write_bytes(b'{"kind": "warned", "message": "x"}\n' + data)
    assert read_events(path)[0]["message"] == "x"
    cut_events(path, 0)
    assert read_events(path)[0]["message"] == "x"


def test_deeply_nested_json_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text("[" * 100_000 + "\n")
    assert read_events(tmp_path / "events.jsonl") == []


def test_no_file_means_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.jsonl") == []
    cut_events(tmp_path / "events.jsonl", 3)


def test_a_full_disk_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").symlink_to("/dev/full")
    with pytest.raises(HundredError, match="the disk is full"):
        EventLog(tmp_path / "events.jsonl").write(Warned("x"))
