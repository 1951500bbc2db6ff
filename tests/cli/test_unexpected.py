"""Whatever goes wrong, the command line ends in one line or two, and no traceback leaves it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hundred.cli.main import main

HUNDRED = [sys.executable, "-m", "hundred"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            RecursionError("maximum recursion depth exceeded"),
            "unexpected error: RecursionError: maximum recursion",
        ),
        (AttributeError("x\ny"), "unexpected error: AttributeError: x\n"),
        (KeyError(), "unexpected error: KeyError\n"),
        (MemoryError(), "not enough memory"),
    ],
)
def test_an_unexpected_error_names_a_file_with_its_traceback(
    error: Exception,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("hundred.recipe.load.builtin_names", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["recipes"])
    assert ended.value.code == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f"hundred: {expected}")
    assert "Traceback" not in printed
    assert len(printed.splitlines()) <= 2
    for file in tmp_path.iterdir():
        assert printed.endswith(f"please report it with {file}\n")
        assert "Traceback" in file.read_text()
        assert "test_unexpected.py" in file.read_text()
    assert bool(list(tmp_path.iterdir())) is not isinstance(error, MemoryError)


def test_a_ctrl_c_inside_a_library_counts_as_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("hundred.recipe.load.builtin_names", fail)
    try:
        with pytest.raises(SystemExit) as ended:
            main(["recipes"])
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "hundred: interrupted\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", [["recipes"], ["recipes", "--json"], ["--help"]])
def test_standard_output_that_is_full_is_one_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(HUNDRED + command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "hundred: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "closed", ["1>&-", "2>&-", "0<&- 1>&- 2>&-", "2>/dev/full", "1>/dev/full 2>/dev/full"]
)
def test_closed_or_full_standard_streams_leave_the_exit_status(closed: str) -> None:
    for command, status in (("recipes", {0, 1}), ("nosuch", {2, 1})):
        shell = f'"$0" -m hundred {command} {closed}'
        done = subprocess.run(["sh", "-c", shell, sys.executable], capture_output=True, check=False)
        assert done.returncode in status
        assert b"Traceback" not in done.stderr + done.stdout
        assert b"Exception ignored" not in done.stderr + done.stdout


def test_names_that_are_not_utf_8_are_printed_and_written(tmp_path: Path) -> None:
    name = os.fsdecode(b"r\xff\xe9n")
    done = subprocess.run(
        [*HUNDRED, "show", str(tmp_path / name)],
        capture_output=True,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    assert done.returncode == 2
    assert b"r\\udcff" in done.stderr
    assert b"Traceback" not in done.stderr


CTRL_C_AT_AN_IMPORT = """
import os, signal, sys


class Finder:
    def find_spec(self, name, *_):
        if name == module:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)


module, sys.argv = sys.argv[1], ["hundred", "show", "sprint"]
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)
from hundred.__main__ import run
run()
"""


@pytest.mark.parametrize("module", ["hundred.cli.main", "click", "hundred.cli.commands.recipes", "torch"])
def test_ctrl_c_while_something_is_imported_leaves_no_traceback(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C_AT_AN_IMPORT, module], capture_output=True, check=False
    )
    assert done.returncode in (130, -signal.SIGINT)
    assert b"Traceback" not in done.stderr
