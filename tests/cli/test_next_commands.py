"""Every command that is printed for going on works as pasted, in a folder whose name needs quotes."""

import shlex
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from hundred.cli.main import main
from tests.making.recipes import SMALL


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out


def next_lines(out: str) -> list[str]:
    lines = out.splitlines()
    return [line.strip() for line in lines[lines.index("Next:") + 1 :]]


@pytest.mark.parametrize("options", [[], ["--repeat", "2"], ["--no-test"]])
def test_what_is_printed_after_a_training_works(
    options: list[str],
    sample_at_once: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    values = {**SMALL, "data.train_per_class": 4, "data.test_per_class": 2, "training.epochs": 1}
    settings = [word for key, value in values.items() for word in ("--set", f"{key}={value}".lower())]
    name = ["--data", "sample", "--runs", "it's mine", "--name", "the first", "--no-figures", "--quiet"]
    code, out = call(capsys, "train", *settings, *name, *options)
    assert code == 0
    lines = next_lines(out)
    assert any(line.startswith("hundred runs") for line in lines)
    assert not any(line.startswith("hundred ui") for line in lines), "nothing was sent to MLflow"
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "hundred"
        assert call(capsys, *words[1:])[0] == 0, line


def test_a_link_leads_to_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from hundred.cli.next_commands import print_next
    from hundred.formatting import command

    page = tmp_path / "a b" / "report.html"
    print_next([command("test", "a b")], page)
    assert capsys.readouterr().out == "\nNext:\n  hundred test 'a b'\n"
    page.parent.mkdir()
    page.write_text("x")
    print_next([], page)
    [link] = next_lines(capsys.readouterr().out)
    assert Path(unquote(urlparse(link).path)).read_text() == "x"


def test_mlflow_is_named_where_it_has_the_runs(tmp_path: Path) -> None:
    from hundred.cli.next_commands import listing

    (tmp_path / "a").mkdir()
    assert listing(tmp_path) == [f"hundred runs --runs {tmp_path}"]
    (tmp_path / "a" / "mlflow.json").write_text("{}")
    assert listing(tmp_path)[1] == f"hundred ui --runs {tmp_path}"


def test_a_command_that_is_not_on_the_path_is_named_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hundred.cli.next_commands import print_next

    program = tmp_path / "bin" / "hundred"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("PATH", str(tmp_path))
    print_next(["hundred runs"])
    assert next_lines(capsys.readouterr().out) == [f"{program} runs"]
    monkeypatch.setenv("PATH", str(program.parent))
    print_next(["hundred runs"])
    assert next_lines(capsys.readouterr().out) == ["hundred runs"]
