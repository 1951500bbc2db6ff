"""Time and energy of a run over all processes that trained it."""

import json
from pathlib import Path

import pytest

from hundred.runs.energy import EnergyMeter
from hundred.runs.sittings import SittingLog, read_sittings
from hundred.training.events import RunStarted

STARTED = RunStarted("net", 10, 3, 4, 100, "cpu")


def log(run: Path, monkeypatch: pytest.MonkeyPatch, seconds: float) -> SittingLog:
    """The log of a sitting that has lasted so long."""
    monkeypatch.setattr("time.monotonic", lambda: 1000.0 + seconds)
    found = SittingLog(run, started=1000.0)
    found.on_run_started(STARTED)
    return found


def test_seconds_of_all_sittings_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert log(tmp_path, monkeypatch, 30.0).figures()["total_seconds"] == 30.0
    second = log(tmp_path, monkeypatch, 12.5)
    assert second.figures() == {"total_seconds": 42.5, "sittings": 2, "energy_joules": None}
    assert [sitting.seconds for sitting in read_sittings(tmp_path)] == [30.0, 12.5]


def test_a_run_of_an_earlier_version_counts_from_its_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [
        ("run-started", "2026-11-23T10:00:00.000Z"),
        ("epoch-ended", "2026-11-23T10:01:00.000Z"),
        ("run-started", "2026-11-24T09:00:00.000Z"),
        ("epoch-ended", "2026-11-24T09:00:30.000Z"),
    ]
    lines = [json.dumps({"kind": kind, "time": time}) for kind, time in events]
    (tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    assert log(tmp_path, monkeypatch, 10.0).figures()["total_seconds"] == 60 + 30 + 10
    # Once written, the events are not counted a second time.
    assert log(tmp_path, monkeypatch, 5.0).figures()["total_seconds"] == 60 + 30 + 10 + 5


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    for text in ("{", '{"sittings": 3}', '{"sittings": [{"pid": 1}]}'):
        (tmp_path / "sittings.json").write_text(text)
        assert read_sittings(tmp_path) == []


def test_energy_is_the_sum_over_packages_and_counters_wrap_around(tmp_path: Path) -> None:
    for name, now in (("intel-rapl:0", 900_000), ("intel-rapl:1", 5_000_000), ("intel-rapl:0:0", 7)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(f"{now}\n")
        (tmp_path / name / "max_energy_range_uj").write_text("1000000\n")
    meter = EnergyMeter(tmp_path)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("400000\n")  # past its range of 1 J
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("7000000\n")
    meter.update()
    assert meter.joules == pytest.approx(0.5 + 2.0)
    assert EnergyMeter(tmp_path / "nowhere").joules is None
