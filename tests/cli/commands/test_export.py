"""`hundred export`: says what it wrote and how far it is from the original."""

import json
from pathlib import Path

import pytest

from hundred.cli.main import main
from tests.making.finished import Finished


def test_what_was_written_is_printed(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["export", str(finished.a), "--to", "keras", "--out", str(tmp_path / "m.keras")])
    out = capsys.readouterr().out
    assert stop.value.code == 0
    assert out.startswith(f"written  {tmp_path / 'm.keras'}, ")
    assert "raw pixels 0-255, float32 [n, 32, 32, 3]" in out
    assert "output   probabilities of 100 classes" in out
    assert "from the original on 16 pictures" in out


def test_json_is_one_object_and_a_second_time_needs_force(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["export", str(finished.a), "--to", "onnx", "--logits", "--out", str(tmp_path), "--json"]
    for extra, code in (([], 0), ([], 2), (["--force"], 0)):
        with pytest.raises(SystemExit) as stop:
            main([*call, *extra])
        assert stop.value.code == code
        captured = capsys.readouterr()
        if code:
            assert "is there already" in captured.err
        else:
            found = json.loads(captured.out)
            assert (found["path"], found["output"]) == (str(tmp_path / "a.onnx"), "logits")
            assert found["difference"] < 1e-4
