"""`hundred report` on a study or a sweep."""

from pathlib import Path

from click.testing import CliRunner

from hundred.cli.commands.report import report
from hundred.errors import UsageError
from tests.making.study_runs import write_run, write_study


def test_a_study_is_reported_by_its_own_page(tmp_path: Path) -> None:
    write_run(tmp_path / "study-a", "school", 0, 0.5)
    folder = write_study(tmp_path / "study-a").path
    done = CliRunner().invoke(report, [str(folder), "--out", str(tmp_path / "mine.html")])
    assert done.exit_code == 0, done.output
    assert "These runs cannot say" in (tmp_path / "mine.html").read_text(encoding="utf-8")
    both = CliRunner().invoke(report, [str(folder), str(folder / "school" / "seed-0")])
    assert isinstance(both.exception, UsageError)
    assert "report it alone" in str(both.exception)
