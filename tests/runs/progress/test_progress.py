"""Progress: plain lines without a terminal, a live display on one, nothing but warnings when quiet."""

import io
import re

import pytest
from rich.console import Console

from hundred.runs.progress.display import progress_listener
from hundred.runs.progress.plain import PlainProgress
from hundred.runs.progress.rich import LiveProgress
from hundred.training.events import (
    EVENTS,
    EpochEnded,
    Finding,
    StepsDone,
    Stopped,
    Warned,
    WeightsRestored,
    notify,
)
from tests.making.training_events import started, training


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_say_each_epoch_with_the_time_left() -> None:
    clock = iter(range(0, 10_000, 10))
    stream = io.StringIO()
    listener = PlainProgress(stream, clock=lambda: float(next(clock)))
    notify([listener], started(epochs=3))
    notify([listener], EpochEnded(1, 0.1, 4.6, 0.12, 4.5, 1e-3, 1.0, 12_345.6))
    heading, line = stream.getvalue().splitlines()
    assert heading == "school: 4,899,044 parameters, 45,000 training images, 3 epochs on cpu"
    assert line.startswith(
        "epoch 1/3  loss 4.6000  accuracy 10.00%  val_loss 4.5000  val_accuracy 12.00%  "
        "lr 0.001  12,346 images/s  "
    )
    assert line.endswith(" s left")


def test_time_left_counts_the_epochs_of_this_process_only() -> None:
    now = 0.0
    stream = io.StringIO()
    listener = PlainProgress(stream, clock=lambda: now)
    notify([listener], started(epochs=10, first_epoch=8))
    now = 60.0
    notify([listener], EpochEnded(8, 0.1, 4.6, None, None, 1e-3, 1.0, 1.0))
    assert stream.getvalue().endswith("2 min left\n")
    assert "going on at epoch 8" in stream.getvalue()
    assert "val_loss" not in stream.getvalue()


def test_time_left_after_an_epoch_knows_that_later_epochs_take_longer() -> None:
    now = 0.0
    stream = io.StringIO()
    listener = PlainProgress(stream, clock=lambda: now)
    notify([listener], started(epochs=2))
    now = 9.0
    notify([listener], StepsDone(1, 90, 100, None, None, 1e-3, 800.0, 121.0))
    now = 10.0
    notify([listener], EpochEnded(1, 0.1, 4.6, None, None, 1e-3, 1.0, 1.0))
    assert stream.getvalue().endswith("2 min left\n")


def test_a_plan_that_a_time_limit_changed_is_what_is_shown() -> None:
    stream = io.StringIO()
    listener = PlainProgress(stream)
    notify([listener], started(epochs=2))
    notify([listener], StepsDone(1, 90, 100, None, None, 1e-3, 800.0, 121.0, epochs=4.5))
    notify([listener], EpochEnded(1, 0.1, 4.6, None, None, 1e-3, 1.0, 1.0))
    assert "epoch 1/4.5  loss" in stream.getvalue()


def test_inside_a_long_epoch_a_line_comes_at_most_every_thirty_seconds() -> None:
    now = 0.0
    stream = io.StringIO()
    listener = PlainProgress(stream, clock=lambda: now)
    notify([listener], started())
    for second in range(100):
        now = float(second)
        notify([listener], StepsDone(1, second, 100, None, None, 1e-3, 800.0, 3700.0))
    lines = stream.getvalue().splitlines()[1:]
    assert [line.split("step ")[1].split("/")[0] for line in lines] == ["30", "60", "90"]
    assert lines[0].endswith("1 h 02 min left")


def test_cuts_findings_warnings_and_the_end_are_printed() -> None:
    stream = io.StringIO()
    listener = progress_listener(stream=stream)
    for event in training():
        notify([listener], event)
    notify([listener], Warned("the disk is nearly full"))
    notify([listener], Finding(3, "overfitting", 0.8, "0.9 against 0.5", ["more dropout", "x"]))
    notify([listener], WeightsRestored(2, "best val_loss"))
    notify([listener], Stopped(1, "early-stopping", "val_loss"))
    listener.close()
    text = stream.getvalue()
    for line in (
        "learning rate 0.001 -> 0.0002 after epoch 2: val_loss did not improve",
        "done after 3 epochs",
        "warning: the disk is nearly full",
        "doctor: overfitting (0.9 against 0.5); more dropout",
        "weights of epoch 2 restored: best val_loss",
        "stopped early after 1 epoch: val_loss",
    ):
        assert line + "\n" in text


def test_quiet_shows_warnings_only() -> None:
    stream = io.StringIO()
    listener = progress_listener(quiet=True, stream=stream)
    for event in training():
        notify([listener], event)
    notify([listener], Warned("look"))
    listener.close()
    assert stream.getvalue() == "warning: look\n"


def test_a_closed_terminal_does_not_end_a_training() -> None:
    stream = io.StringIO()
    listener = progress_listener(stream=stream)
    stream.close()
    for event in training():
        notify([listener], event)


def live(width: int = 80) -> tuple[LiveProgress, io.StringIO]:
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=width, highlight=False, color_system=None)
    return LiveProgress(stream, console), stream


def printed(stream: io.StringIO) -> list[str]:
    """The lines written to a terminal, without the codes that move its cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue()).replace("\r", "\n").splitlines()


def test_the_live_table_has_a_row_an_epoch_that_fits_eighty_columns() -> None:
    listener, stream = live()
    for event in training():
        notify([listener], event)
    rows = [line for line in printed(stream) if line.lstrip().startswith(("1/3", "2/3", "3/3"))]
    assert [row.split()[:3] for row in rows] == [
        ["1/3", "4.6000", "14.29%"],
        ["2/3", "2.3000", "28.57%"],
        ["3/3", "1.5333", "42.86%"],
    ]
    assert all(len(row) <= 80 and "…" not in row for row in rows)


def test_the_live_bar_shows_the_steps_and_is_gone_at_the_end() -> None:
    listener, stream = live()
    notify([listener], started())
    notify([listener], StepsDone(1, 1, 2, 4.61, 0.1, 1e-3, 812.0, 65.0))
    assert (
        "step 1/2  loss 4.6100  accuracy 10.00%  lr 0.001  812 images/s  1 min 05 s left" in stream.getvalue()
    )
    assert listener.live is not None
    listener.close()
    listener.close()
    assert listener.live is None


def test_a_narrow_terminal_cuts_rows_instead_of_breaking_them() -> None:
    listener, stream = live(width=40)
    for event in training():
        notify([listener], event)
    lines = printed(stream)
    assert sum("…" in line for line in lines) >= 3
    assert all(len(line) <= 40 for line in lines)


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_listener(stream=Terminal()), PlainProgress)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress_listener(stream=Terminal()), LiveProgress)


def test_all_methods_are_names_of_events() -> None:
    known = {"on_" + event.kind.replace("-", "_") for event in EVENTS}
    for listener in (PlainProgress, LiveProgress):
        assert {name for name in dir(listener) if name.startswith("on_")} <= known
