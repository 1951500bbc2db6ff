"""A clock that jumps by years, forward and back, between any two readings: nothing depends on it but what is
shown as a date."""

import itertools
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class
from hundred.runs.directory import create_run_directory
from hundred.runs.run import Run
from hundred.runs.sittings import read_sittings
from hundred.runs.trackers import content
from tests.making.recipes import SMALL

JUMPS = (0, 3650, -3650, 20_000, -20_000)  # days


@pytest.fixture(scope="module")
def few() -> Dataset:
    return subset_per_class(draw_sample(), 4, 2)


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reading of the date is years from the one before it."""
    days, real = itertools.cycle(JUMPS), time.time

    class Jumping(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2026, 1, 1, 12, tzinfo=UTC if tz else None) + timedelta(days=next(days))

    for module in ("runs.events", "runs.directory", "runs.sittings"):
        monkeypatch.setattr(f"hundred.{module}.datetime", Jumping)
    monkeypatch.setattr(time, "time", lambda: real() + 86400 * next(days))


class Stop:
    def on_epoch_ended(self, event: Any) -> None:
        raise KeyboardInterrupt


def figures(run: Run) -> Any:
    return run.history.drop(columns=["seconds", "images_per_second"])


@pytest.mark.usefixtures("jumping")
def test_a_run_and_its_resume_are_as_by_a_steady_clock(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call: dict[str, Any] = {"data": few, "runs": tmp_path, "figures": False, "quiet": True, "set": SMALL}
    with pytest.raises(KeyboardInterrupt):
        hundred.train("sprint", epochs=3, name="cut", listeners=[Stop()], **call)
    cut = hundred.train("sprint", epochs=3, name="cut", resume=True, **call)
    assert [sitting.seconds > 0 for sitting in read_sittings(cut.path)] == [True, True]
    assert 0 < cut.result["train_seconds"] < cut.result["total_seconds"] < 600
    rows = content.epochs(cut.path, ended=True)
    assert [row.epoch for row in rows] == [1, 2, 3]
    assert len({row.time for row in rows}) == 3
    board = hundred.leaderboard(runs=tmp_path)
    assert "cut" in str(board)
    monkeypatch.undo()
    steady = hundred.train("sprint", epochs=3, name="steady", **call)
    assert figures(cut).equals(figures(steady))


@pytest.mark.usefixtures("jumping")
def test_a_sweep_tries_the_trials_that_it_would_by_a_steady_clock(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vary = {"training.learning_rate": "0.01..0.5:log"}
    call: dict[str, Any] = {"data": few, "trials": 3, "epochs": 1, "seeds": 0, "figures": False}
    call |= {"quiet": True, "set": {**SMALL, "data.validation_per_class": 2}}
    jumped = hundred.sweep("sprint", vary, runs=tmp_path / "a", name="s", minutes=30, **call)
    monkeypatch.undo()
    steady = hundred.sweep("sprint", vary, runs=tmp_path / "b", name="s", minutes=30, **call)
    drop = ["train_seconds"]
    assert jumped.table.drop(columns=drop).equals(steady.table.drop(columns=drop))
    assert (jumped.table["train_seconds"] > 0).all()


@pytest.mark.usefixtures("jumping")
def test_names_made_of_the_date_are_free_whatever_it_says(tmp_path: Path) -> None:
    names = [create_run_directory(tmp_path, prefix="run").name for _ in range(12)]
    assert len(set(names)) == 12
    assert {name.split("-")[1] for name in names} == {"1971", "2016", "2026", "2035", "2080"}


def test_a_run_of_an_earlier_version_with_a_clock_set_back_lasted_no_less_than_nothing(
    tmp_path: Path,
) -> None:
    events = [("run-started", "2026-11-23T10:00:00Z"), ("epoch-ended", "2026-11-22T10:00:00Z")]
    events += [("run-started", "2026-11-22T11:00:00Z"), ("epoch-ended", "2026-11-22T11:00:30Z")]
    lines = [json.dumps({"kind": kind, "time": when}) for kind, when in events]
    (tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    assert [sitting.seconds for sitting in read_sittings(tmp_path)] == [30.0]
