"""The journal keeps every whole line, whatever was killed while it wrote the next."""

from dataclasses import replace
from pathlib import Path

import pytest

from hundred.errors import HundredError
from hundred.sweeps.journal import JOURNAL, Journal, Trial

FIRST = Trial(0, {"training.learning_rate": 0.1, "augment.brightness": [0.8, 1.2]}, {1: 0.25, 2: 0.5})
ENDED = replace(
    FIRST, state="pruned", val_accuracy=0.125, epochs=2, curve=(None, 0.125), train_seconds=1.5, why="behind"
)
SECOND = Trial(1, {"training.learning_rate": 0.2, "augment.brightness": []})


def write(folder: Path) -> bytes:
    journal = Journal(folder)
    journal.propose(FIRST)
    journal.propose(SECOND)
    journal.end(ENDED)
    return (folder / JOURNAL).read_bytes()


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    write(tmp_path)
    journal = Journal(tmp_path)
    assert journal.trials == {0: ENDED, 1: SECOND}
    assert (journal.ended, journal.under_way, journal.next_number) == ([ENDED], [SECOND], 2)


def test_cut_anywhere_it_has_all_lines_before_and_goes_on(tmp_path: Path) -> None:
    whole = write(tmp_path)
    for length in range(0, len(whole) + 1, 7):
        (tmp_path / JOURNAL).write_bytes(whole[:length])
        journal = Journal(tmp_path)
        lines = whole[:length].count(b"\n")
        assert len(journal.trials) == min(lines, 2)
        assert len(journal.ended) == max(0, lines - 2)
        journal.cut_torn_line()
        journal.propose(Trial(7, {}))
        assert Journal(tmp_path).trials == {**journal.trials}


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"trial": "0"}',
        b'{"trial": 3, "state": "complete", "curve": []}',
        b'{"trial": 0, "state": "won", "curve": []}',
        b'{"trial": 0, "state": "complete", "curve": [], "more": 1}',
        b'{"trial": 2, "parameters": 3, "limits": []}',
        b"\xff",
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    whole = write(tmp_path)
    (tmp_path / JOURNAL).write_bytes(whole + line + b"\n")
    with pytest.raises(HundredError, match="damaged in line 4"):
        Journal(tmp_path)
