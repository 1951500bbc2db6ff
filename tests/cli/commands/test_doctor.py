"""`hundred doctor`: the verdict for people, one JSON object for programs, and `hundred train --doctor`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hundred
from hundred.cli.main import main
from tests.making.finished import Finished

OVERFITTED = "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate\n" + "\n".join(
    f"{epoch},{0.05 * epoch:.3f},{4.2 - 0.25 * epoch:.3f},{min(0.06 * epoch, 0.3):.3f},"
    f"{max(4.1 - 0.3 * epoch, 2.4 + 0.12 * epoch):.3f},0.001"
    for epoch in range(1, 16)
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "training.log"
    path.write_text(OVERFITTED)
    return path


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(stop.value.code or 0)


def test_the_verdict_the_evidence_and_what_to_try_are_printed(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("doctor", str(log)) == 0
    text = capsys.readouterr().out
    found = hundred.doctor(log)
    assert text.splitlines()[0] == found.verdict
    assert "1. overfitting, since epoch" in text
    assert found.findings[0].sentence in text
    assert "keras.callbacks.EarlyStopping(" in text


def test_explain_says_first_what_was_understood(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("doctor", str(log), "--explain") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{log}: a table with columns separated by commas, written by keras\n")
    assert text.index("val_loss       validation loss: the name says so") < text.index("The network overfits")
    assert call("doctor", str(log), "--explain", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["understood"]["framework"] == "keras"
    assert set(answer) == {"understood", "findings", "verdict"}


def test_json_answers_in_json_where_a_file_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "words.csv").write_text("name,colour\nada,red\n")
    for what, code in ((tmp_path / "words.csv", 1), (tmp_path / "nowhere.csv", 2)):
        assert call("doctor", str(what), "--json") == code
        assert set(json.loads(capsys.readouterr().out)) == {"error"}


def test_the_curves_are_drawn_with_the_findings(log: Path, tmp_path: Path) -> None:
    assert call("doctor", str(log), "--figure", str(tmp_path / "curves.svg")) == 0
    assert "<svg" in (tmp_path / "curves.svg").read_text(encoding="utf-8")


def test_two_histories_are_compared_by_their_validation_figures(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.csv").write_text(OVERFITTED.replace(",0.300,", ",0.400,"))
    assert call("compare", str(log), str(tmp_path / "other.csv"), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["better"] == "other.csv"
    assert call("compare", str(log), str(tmp_path / "other.csv")) == 0
    assert "Test figures are missing" in capsys.readouterr().out


def test_json_is_the_whole_answer(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("doctor", str(log), "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(hundred.doctor(log).as_dict()))


def test_a_short_run_is_read_and_not_judged(finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("doctor", str(finished.a)) == 0
    assert capsys.readouterr().out.startswith("Too short for a verdict")


@pytest.mark.parametrize(
    ("what", "code", "says"),
    [("nowhere", 2, "there is no run"), ("words.csv", 1, "no column that is a training figure")],
)
def test_wrong_calls_are_told_in_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, code: int, says: str
) -> None:
    (tmp_path / "words.csv").write_text("name,colour\nada,red\n")
    assert call("doctor", str(tmp_path / what)) == code
    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) <= 2


def test_neither_torch_nor_mlflow_nor_pandas_is_imported(log: Path) -> None:
    code = (
        "import sys; from hundred.cli.main import main\n"
        "try: main(['doctor', sys.argv[1]])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'mlflow', 'pandas', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(log)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"
