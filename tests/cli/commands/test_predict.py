"""`hundred predict`: lines, CSV and JSON; a picture that fails costs only itself and the exit code."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import hundred
from hundred.cli.main import main
from tests.making.finished import Finished


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two pictures in a folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.effect_mandelbrot((60, 40), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(folder / "a.png")
    Image.new("RGB", (40, 60), (200, 30, 30)).save(folder / "b.jpg")
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of `hundred predict`."""
    with pytest.raises(SystemExit) as stop:
        main(["predict", *map(str, arguments)])
    out = capsys.readouterr()
    return int(stop.value.code or 0), out.out, out.err


def test_a_picture_is_told_in_lines(
    finished: Finished, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, finished.a, photos / "a.png")
    [expected] = hundred.predict(finished.a, photos / "a.png")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].endswith("a.png")
    assert [line.split()[:-1] for line in lines[1:6]] == [each.name.split() for each in expected.classes]
    assert lines[6].startswith(f"  superclass: {expected.superclasses[0].name}, ")


def test_json_is_one_object_with_what_failed_beside_what_was_seen(
    finished: Finished, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "a.png").write_bytes(b"none")
    code, out, err = run(capsys, finished.a, photos / "a.png", photos / "b.jpg", "--json")
    found = json.loads(out)
    assert code == 1
    assert [Path(each["image"]).name for each in found["predictions"]] == ["b.jpg"]
    assert len(found["predictions"][0]["top5"]) == 5
    assert found["failed"][0]["error"] == "not a picture that can be read here"
    assert err.splitlines() == [f"hundred: {photos / 'a.png'}: not a picture that can be read here"]


def test_a_folder_is_told_as_csv_on_standard_output_or_in_a_file(
    finished: Finished, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, finished.a, photos)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [Path(row["image"]).name for row in rows] == ["a.png", "b.jpg"]
    expected = hundred.predict(finished.a, photos)
    assert [float(row["probability_5"]) for row in rows] == [e.classes[4].probability for e in expected]
    assert [row["superclass"] for row in rows] == [e.superclasses[0].name for e in expected]
    code, nothing, _ = run(capsys, finished.a, photos, "--out", tmp_path / "p.csv")
    assert (code, nothing) == (0, "")
    assert (tmp_path / "p.csv").read_text() == out


def test_json_and_a_csv_file_may_be_asked_for_at_once(
    finished: Finished, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, finished.a, photos, "--json", "--out", tmp_path / "p.csv")
    assert len(json.loads(out)["predictions"]) == 2
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 3


def test_a_missing_model_is_a_wrong_call_in_one_line(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "nothing.h5", photos)
    assert (code, out) == (2, "")
    assert err == "hundred: there is no run and no file 'nothing.h5'\n"
