"""`hundred report`: one page for a run or several, and where it is."""

from pathlib import Path

import pytest

from hundred.cli.main import main
from tests.making.finished import Finished


def test_the_path_of_the_page_is_printed(
    finished: Finished, tmp_path: Path, sample_at_once: None, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "both.html"
    with pytest.raises(SystemExit) as stop:
        main(["report", str(finished.a), str(finished.pair), "--out", str(page)])
    captured = capsys.readouterr()
    assert stop.value.code == 0
    assert captured.out == f"page  {page}\nopen  {page.as_uri()}\n"
    assert captured.err == ""
    text = page.read_text()
    assert "3 runs side by side" in text
    assert "data:image/png;base64," in text


def test_no_run_of_that_name_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["report", "nothing-of-that-name"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == "hundred: there is no run and no file 'nothing-of-that-name'\n"
