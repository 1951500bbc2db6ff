"""Values that no option is made for end in a line or two and status 2, before any work."""

from pathlib import Path

import pytest

from hundred.cli.main import main
from tests.making.finished import Finished

HUGE = "99999999999999999999999"
RECIPE = ["sprint", "--data", "sample"]


@pytest.fixture
def folder(tmp_path: Path, sample_at_once: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, where the sample set is at hand."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["runs", "--where", "(" * 5000], "more than 100"),
        (["runs", "--where", "not " * 5000 + "recipe=sprint"], "more than 100"),
        (["compare", "A", "B", "--confidence", "nan"], "confidence"),
        (["study", *RECIPE[1:], "--only", "simple", "--minutes", "nan"], "--minutes nan"),
        (["study", *RECIPE[1:], "--only", "simple", "--minutes=-inf"], "--minutes -inf"),
        (["sweep", *RECIPE, "--vary", "training.momentum=0.8,0.9", "--cpus", HUGE], "--cpus 9999"),
        (["train", *RECIPE, "--set", f"model.width1={HUGE}"], "cannot be built with width1=9999"),
        (["train", *RECIPE, "--set", f"model.width1={2**63 - 1}"], "cannot be built with width1="),
    ],
)
def test_it_is_refused_in_a_line(
    arguments: list[str],
    says: str,
    finished: Finished,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = {"A": str(finished.a), "B": str(finished.b)}
    with pytest.raises(SystemExit) as stop:
        main([runs.get(word, word) for word in arguments])
    error = capsys.readouterr().err
    assert stop.value.code == 2
    assert says in error
    assert "unexpected" not in error
    assert max(map(len, error.splitlines())) < 300
    assert not list(folder.glob("runs/*/history.csv"))
