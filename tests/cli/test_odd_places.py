"""Places that are no places, and a strange environment: a line or two, and nothing that waits for ever."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LONG = "a" * 5000
HUNDRED = [sys.executable, "-m", "hundred"]


def run(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*HUNDRED, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with a link to itself, a pipe and a file."""
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "~nosuch/x.toml"], "neither a built-in recipe nor a file"),
        (["show", "loop"], "neither a built-in recipe nor a file"),
        (["show", LONG], "File name too long"),
        (["stop", LONG], "File name too long"),
        (["runs", "--runs", LONG], "File name too long"),
        (["report", "~nosuch/x"], "there is no run and no file"),
        (["doctor", "~nosuch/x"], "there is no run '~nosuch/x'"),
        (["train", "sprint", "--data", "sample", "--runs", "file"], "what is there is not a folder"),
        (["train", "sprint", "--data", "sample", "--runs", "loop"], "cannot make the runs folder loop"),
    ],
)
def test_a_place_that_is_none_is_a_line(odd: Path, arguments: list[str], says: str) -> None:
    done = run(odd, *arguments)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "unexpected error" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_whose_name_begins_with_a_tilde_is_read(tmp_path: Path) -> None:
    (tmp_path / "~draft.toml").write_text('extends = "sprint"\n[training]\nepochs = 17\n')
    done = run(tmp_path, "show", "~draft.toml")
    assert done.returncode == 0, done.stderr
    assert "17" in done.stdout


@pytest.mark.parametrize("where", ["pipe", "loop", "file", "~nosuch/x", LONG])
def test_hundred_data_that_names_nothing_is_said(odd: Path, where: str) -> None:
    done = run(odd, "data", HUNDRED_DATA=where, HOME=str(odd))
    text = done.stdout + done.stderr
    assert "HUNDRED_DATA is " in text or "File name too long" in text
    assert "unexpected error" not in text


def test_in_a_folder_that_was_deleted_every_command_says_so(tmp_path: Path) -> None:
    code = (
        "import os, shutil, sys; from hundred.cli.main import main; "
        "shutil.rmtree(os.getcwd()); main(sys.argv[1:])"
    )
    for number, command in enumerate((["show", "sprint"], ["runs"], ["train", "sprint"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", code, *command], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr == "hundred: the folder that you are in was deleted: go to another one (cd)\n"


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "0"},
        {"COLUMNS": "-5", "OMP_NUM_THREADS": "abc", "TMPDIR": "/nonexistent"},
        {"PYTHONWARNINGS": "error", "HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache"},
    ],
)
def test_an_odd_environment_changes_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run(tmp_path, "runs", **environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "no runs in runs\n", "")
