"""Files are written whole or not at all, and what a killed writer leaves behind is recognized."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hundred.files import atomic_write, leftovers, make_folder, write_json, write_text, write_with


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "größer")
    make_folder(tmp_path / "very" / "deep" / "b.json")
    write_json(tmp_path / "very" / "deep" / "b.json", {"a": [1, None]})
    assert (tmp_path / "a.txt").read_bytes() == "größer".encode()
    assert json.loads((tmp_path / "very" / "deep" / "b.json").read_text()) == {"a": [1, None]}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.txt"]


def test_a_folder_that_was_deleted_does_not_come_back_with_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "gone" / "a.txt", "x")
    assert not (tmp_path / "gone").exists()


def test_an_error_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_with(path, fail)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_nan_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": 1}


def test_the_temporary_file_has_the_suffix_that_writers_look_at(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "model.h5") as temporary:
        assert temporary.suffix == ".h5"
        assert temporary.parent == tmp_path


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


KILLED = """
import os, signal, sys
from hundred.files import atomic_write
with atomic_write(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("name", ["history.csv", "checkpoint.pt", "LICENSE", "a.b.json"])
def test_a_killed_writer_leaves_the_old_file_and_one_that_can_be_recognised(
    name: str, tmp_path: Path
) -> None:
    write_text(tmp_path / name, "old")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / name)], check=False)
    assert (tmp_path / name).read_text() == "old"
    found = leftovers(tmp_path)
    assert [meant for _, meant in found] == [name]
    assert found[0][0].read_text() == "half"


@pytest.mark.parametrize(
    "name", [".lock", ".mlflow.json.lock", "result.json", ".hidden", ".bashrc.txt", ".a.12345678.csv"]
)
def test_other_files_are_no_leftovers(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    assert leftovers(tmp_path) == []


def test_a_folder_that_is_not_there_has_no_leftovers(tmp_path: Path) -> None:
    assert leftovers(tmp_path / "nowhere") == []
