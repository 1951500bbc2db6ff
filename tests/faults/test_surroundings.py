"""Clocks that go back, folders that cannot be written, files that may not grow: runs end well or say why."""

import itertools
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import hundred
from hundred.data.dataset import Dataset
from hundred.data.sample.draw import draw_sample
from hundred.data.subset import subset_per_class

SMALL = {
    "model.width1": 8,
    "model.width2": 8,
    "model.width3": 8,
    "training.batch_size": 100,
    "training.precision": "float32",
    "tracking.mlflow": False,
    "data.validation_per_class": 1,
    "data.train_per_class": 4,
    "data.test_per_class": 2,
}


@pytest.fixture(scope="module")
def few() -> Dataset:
    return subset_per_class(draw_sample(), 4, 2)


def test_a_clock_that_goes_backwards_spoils_no_duration_and_no_order(
    few: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = itertools.count()

    class Backwards(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2026, 1, 1, 12, tzinfo=UTC if tz else None) - timedelta(hours=next(hours))

    real = time.time
    monkeypatch.setattr("hundred.runs.events.datetime", Backwards)
    monkeypatch.setattr("hundred.runs.directory.datetime", Backwards)
    monkeypatch.setattr(time, "time", lambda: real() - 3600 * next(hours))
    call = {"data": few, "runs": tmp_path, "figures": False, "quiet": True, "set": SMALL}
    runs = [hundred.train("sprint", epochs=2, **call) for _ in range(2)]
    assert runs[0].path != runs[1].path
    for run in runs:
        assert next(e["kind"] for e in run.events if e["kind"] != "warned") == "run-started"
        assert run.history["epoch"].tolist() == [1, 2]
        assert (run.history["seconds"] > 0).all()
        assert 0 < run.result["train_seconds"] < run.result["total_seconds"]
    times = [event["time"] for event in runs[0].events]
    assert times == sorted(times, reverse=True)  # the clock did go backwards


def hundred_process(arguments: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, where files may grow to `LIMIT` bytes if that is set."""
    code = (
        "import os, resource\n"
        "limit = int(os.environ.get('LIMIT', '0'))\n"
        "if limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        "from hundred.cli.main import main\nmain()\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **more}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )


TRAIN = ["train", "sprint", "--data", "sample", "--epochs", "1", "--quiet", "--name", "one"]
TRAIN += [
    argument
    for key, value in SMALL.items()
    for argument in ("--set", f"{key}={value}".replace("False", "false"))
]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [100, 3_000, 30_000, 100_000])
def test_files_that_may_not_grow_give_one_line_and_the_run_goes_on_later(tmp_path: Path, limit: int) -> None:
    done = hundred_process([*TRAIN, "--no-figures"], tmp_path, LIMIT=str(limit))
    assert done.returncode == 1, done.stderr
    assert "File too large" in done.stderr
    # Matplotlib warns too where it cannot keep its list of fonts.
    ours = [line for line in done.stderr.strip().splitlines() if "font" not in line]
    assert len(ours) == 1
    # The same command: at 100 bytes not even the recipe could be kept, which a resume of the folder needs.
    again = hundred_process([*TRAIN, "--no-figures", "--resume"], tmp_path)
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
def test_a_home_that_cannot_be_written_costs_no_run(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    home = str(tmp_path / "home")
    nowhere = {"HOME": home, "XDG_CACHE_HOME": f"{home}/cache", "XDG_DATA_HOME": f"{home}/data"}
    nowhere |= {"XDG_CONFIG_HOME": f"{home}/config", "MPLCONFIGDIR": ""}
    done = hundred_process(TRAIN, tmp_path, **nowhere)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "runs" / "one" / "report.html").is_file()


@pytest.mark.slow
def test_of_two_commands_with_one_name_one_trains_and_the_other_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hundred", *TRAIN, "--no-figures"]
    both = [
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = [each.communicate()[1] for each in both]
    assert sorted(each.returncode for each in both) == [0, 2], printed
    assert sum("there is a run 'one'" in each for each in printed) == 1
    assert len(list((tmp_path / "runs").iterdir())) == 1
