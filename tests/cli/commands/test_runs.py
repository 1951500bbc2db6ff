"""`hundred runs`: the table, JSON and CSV, and the subcommands."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hundred.cli.main import main
from tests.runs.leaderboard.made import folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return folder(tmp_path / "runs")


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["runs", *map(str, arguments)])
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


def test_the_table_has_a_row_for_each_run_best_first(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "--runs", runs)
    lines = [line.split("  ") for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [line[0] for line in lines] == ["name", "sweep (2 runs)", "x2 (2 runs)", "a", "b", "cut"]
    assert "unfinished, 2 of 8 epochs" in out
    assert "60.00%" in out


def test_json_and_csv_have_raw_values(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        "--runs",
        runs,
        "--columns",
        "name,test_accuracy,training.batch_size",
        "--where",
        "recipe=sprint",
    )
    assert json.loads(call(capsys, *options, "--json")[1]) == {
        "runs": [{"name": "a", "test_accuracy": 0.6, "training.batch_size": 128}]
    }
    rows = list(csv.reader(io.StringIO(call(capsys, *options, "--csv")[1])))
    assert rows == [["name", "test_accuracy", "training.batch_size"], ["a", "0.6", "128"]]


def test_plus_adds_a_column(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = call(capsys, "--runs", runs, "--columns", "+training.batch_size,+size")[1]
    assert {"recipe", "training.batch_size", "size"} <= set(out.splitlines()[0].split())


def test_tags_notes_and_archiving(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--runs", runs, "tag", "a", "best", "paper")[1] == f"{runs / 'a'}: best paper\n"
    assert call(capsys, "--runs", runs, "tag", runs / "a", "paper", "--remove")[1].endswith(": best\n")
    assert call(capsys, "--runs", runs, "note", "x2", "two seeds")[0] == 0
    out = call(capsys, "--runs", runs)[1]
    assert "best" in out
    assert "two seeds" in out
    assert call(capsys, "--runs", runs, "archive", "a", "b")[0] == 0
    assert "\na " not in call(capsys, "--runs", runs)[1]
    assert call(capsys, "--runs", runs, "archive", "--undo", "a")[0] == 0
    assert "\na " in call(capsys, "--runs", runs)[1]


def test_rm_asks_and_takes_no_answer_as_no(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, out, err = call(capsys, "--runs", runs, "rm", "a")
    assert (code, out) == (130, "")
    assert "1 run, test accuracy 60.00%" in err
    assert (runs / "a").is_dir()
    assert call(capsys, "--runs", runs, "rm", "--yes", "a", "x2")[0] == 0
    assert not (runs / "a").exists()
    assert not (runs / "x2").exists()


def test_nothing_is_removed_where_one_name_is_wrong(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "--runs", runs, "rm", "--yes", "a", "nothing")
    assert (code, (runs / "a").is_dir()) == (2, True)
    assert "there is no run 'nothing'" in err


def test_an_empty_folder_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--runs", tmp_path)[:2] == (0, f"no runs in {tmp_path}\n")


def test_listing_imports_nothing_heavy(runs: Path) -> None:
    code = (
        "import sys\nfrom hundred.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "print(sorted(set(sys.modules) & {'torch', 'pandas', 'numpy', 'mlflow'}), file=sys.stderr)"
    )
    arguments = ["runs", "--runs", str(runs), "--where", "test_accuracy>0"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert (done.stdout.splitlines()[0].split()[0], done.stderr.strip()) == ("name", "[]")
