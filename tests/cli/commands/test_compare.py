"""`hundred compare`: a table, the verdict, and one JSON object."""

import json
from pathlib import Path

import pytest

import hundred
from hundred.cli.main import main
from tests.making.finished import Finished


def test_the_table_and_the_verdict_are_printed(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["compare", str(finished.a), str(finished.pair)])
    found = hundred.compare(finished.a, finished.pair)
    lines = capsys.readouterr().out.splitlines()
    assert stop.value.code == 0
    assert lines[0].split()[:3] == ["name", "runs", "test"]
    assert lines[1].split()[0] == found.leader
    assert f"{found.table['accuracy'].iloc[0]:.2%}" in lines[1]
    assert found.verdict in lines
    assert "* no other of these is both quicker to train and more accurate" in lines


def test_json_is_the_whole_comparison(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "p.svg"
    with pytest.raises(SystemExit) as stop:
        main(["compare", str(finished.a), str(finished.b), "--json", "--figure", str(picture)])
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert stop.value.code == 0
    assert found["verdict"] == hundred.compare(finished.a, finished.b).verdict
    assert [each["name"] for each in found["contenders"]] == ["a", "b"] or found["leader"] == "b"
    assert picture.read_text().lstrip().startswith("<?xml")
    assert captured.err == f"picture: {picture}\n"


def test_a_picture_that_cannot_be_drawn_costs_no_figures(
    finished: Finished, tmp_path: Path, sample_at_once: None, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(run / "model.h5") for run in (finished.a, finished.b)]
    with pytest.raises(SystemExit) as stop:
        main(["compare", *files, "--data", "sample", "--figure", str(tmp_path / "p.png")])
    captured = capsys.readouterr()
    assert stop.value.code == 1
    assert "b/model.h5" in captured.out
    assert captured.err.endswith("fewer than two of these have a known training time\n")


def test_a_single_run_is_a_wrong_call(finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["compare", str(finished.a)])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("hundred: compare needs at least two runs or files")
