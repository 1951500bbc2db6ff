"""The commands of "how to repeat it" work pasted into any folder."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from hundred.experiment.report.repeat_commands import repeat_commands
from hundred.runs.run import Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "my runs" / "a"
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text('name = "a"\n')
    monkeypatch.chdir(tmp_path)

    def made(**environment: Any) -> Run:
        (folder / "environment.json").write_text(json.dumps(environment))
        return Run(Path("my runs") / "a")

    return made


def test_paths_are_whole_and_quoted(run: Any, tmp_path: Path) -> None:
    train, test = repeat_commands(run(data="sample"))
    folder = tmp_path / "my runs" / "a"
    assert shlex.split(train) == ["hundred", "train", str(folder / "recipe.toml"), "--data", "sample"]
    assert shlex.split(test) == ["hundred", "test", str(folder), "--data", "sample"]


def test_the_data_is_named_unless_it_is_found_by_itself(run: Any, tmp_path: Path) -> None:
    pictures = tmp_path / "my pictures"
    pictures.mkdir()
    train, _ = repeat_commands(run(data="pictures", data_source=str(pictures)))
    assert shlex.split(train)[-2:] == ["--data", str(pictures)]
    train, _ = repeat_commands(run(data="cifar100"))
    assert "--data" not in train


def test_an_older_run_has_its_data_from_its_command(run: Any, tmp_path: Path) -> None:
    (tmp_path / "cifar").mkdir()
    for command in ("hundred train sprint --data cifar", "hundred train sprint --data=cifar"):
        train, _ = repeat_commands(run(data="cifar100", command=command))
        assert shlex.split(train)[-2:] == ["--data", str(tmp_path / "cifar")]
    for command in ("hundred train sprint --data gone", "hundred 'unclosed"):
        assert "--data" not in repeat_commands(run(data="cifar100", command=command))[0]


def test_data_from_python_cannot_be_repeated_by_a_command(run: Any) -> None:
    assert repeat_commands(run(data="mine", data_source="Python")) == []
