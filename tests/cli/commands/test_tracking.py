"""`hundred sync` sends runs and what holds runs, and passes over the rest."""

import json
from pathlib import Path
from typing import Any

import pytest

from hundred.cli.main import main
from hundred.runs.trackers.mlflow.sync import SyncReport
from tests.runs.leaderboard.made import folder


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    paths: list[Path] = []

    def sync_run(path: Path, **_: Any) -> SyncReport:
        paths.append(path)
        return SyncReport("sqlite:///x", "id", 1, 2, True)

    monkeypatch.setattr("hundred.runs.trackers.mlflow.sync.sync_run", sync_run)
    return paths


def sync(*paths: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["sync", *map(str, paths), "--json"])
    return int(stop.value.code or 0)


def test_everything_in_the_folder_of_runs_can_be_named(
    tmp_path: Path, sent: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    runs = folder(tmp_path)
    (runs / "mlflow.db").touch()
    assert sync(*sorted(runs.iterdir())) == 0
    captured = capsys.readouterr()
    assert sent == [
        *(runs / "a", runs / "b", runs / "cut", runs / "sweep" / "trial-0000"),
        *(runs / "sweep" / "winner-trial-0000" / "seed-1", runs / "x2" / "seed-0", runs / "x2" / "seed-1"),
    ]
    assert len(json.loads(captured.out)["sent"]) == 7
    assert captured.err == f"note: no run: {runs / 'mlartifacts'} {runs / 'mlflow.db'} {runs / 'notes'}\n"


def test_one_path_that_is_no_run_is_an_error(
    tmp_path: Path, sent: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    runs = folder(tmp_path)
    for path in (runs / "notes", runs / "nothing"):
        assert sync(path) == 2
        assert "no run" in capsys.readouterr().err
    assert sent == []
