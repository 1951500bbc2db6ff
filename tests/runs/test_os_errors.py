"""Refusals of the operating system become one line, and no half line stays behind."""

import errno
import os
from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.runs.os_errors import append_line, os_errors_as_hundred_errors


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no permission"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_refusal_names_the_path_and_the_reason(number: int, words: str) -> None:
    with (
        pytest.raises(HundredError, match=f"cannot write runs/a: .*{words}"),
        os_errors_as_hundred_errors("runs/a"),
    ):
        raise OSError(number, os.strerror(number))


def test_a_disk_that_fills_up_within_a_line_keeps_the_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    append_line(path, "first", sync=True)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(HundredError, match="the disk is full"):
        append_line(path, "second", sync=True)
    assert path.read_text() == "first\n"


def test_a_file_system_without_fsync_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("os.fsync", absent)
    append_line(tmp_path / "log", "line", sync=True)
    assert (tmp_path / "log").read_text() == "line\n"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((1000, 0, 1000), "no room for more files"),
        ((0, 0, 1000), "disk is full"),
        ((1000, 5, 0), "disk is full"),
    ],
)
def test_a_disk_without_room_for_files_is_not_called_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, counts: tuple[int, int, int], expected: str
) -> None:
    files, left, space = counts
    status = os.statvfs_result((4096, 4096, 9999, space, space, files, left, left, 0, 255))
    monkeypatch.setattr("os.statvfs", lambda path: status)
    with (
        pytest.raises(HundredError, match=expected),
        os_errors_as_hundred_errors(tmp_path / "new" / "file"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
