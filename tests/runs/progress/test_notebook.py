"""Progress in a notebook: one output, updated in place."""

import sys
from types import SimpleNamespace

import pytest

from hundred.runs.progress.display import progress_listener
from hundred.runs.progress.notebook import NotebookProgress, in_notebook
from hundred.runs.progress.plain import PlainProgress
from hundred.training.events import EpochEnded, StepsDone, Stopped, Warned, notify
from tests.making.training_events import started


def test_the_bar_moves_and_the_epochs_are_listed() -> None:
    outputs: list[str] = []
    now = 0.0
    listener = NotebookProgress(outputs.append, clock=lambda: now)
    notify([listener], started(epochs=2))
    assert "school: 4,899,044 parameters" in outputs[-1]
    assert "width:0.0%" in outputs[-1]
    now = 10.0
    steps = listener.steps_per_epoch
    notify([listener], StepsDone(1, steps // 2, steps, 4.5, 0.02, 1e-3, 800.0, 121.0))
    assert "width:25." in outputs[-1] or "width:24." in outputs[-1]
    assert "2 min 01 s left" in outputs[-1]
    notify([listener], EpochEnded(1, 0.1, 4.6, 0.12, 4.5, 1e-3, 1.0, 12_345.6))
    assert "width:50.0%" in outputs[-1]
    assert "<td style='text-align:right'>12.00%</td>" in outputs[-1]
    notify([listener], Warned("a <b> is escaped"))
    assert "warning: a &lt;b&gt; is escaped" in outputs[-1]
    notify([listener], Stopped(epoch=2, reason="epochs"))
    assert "done after 2 epochs" in outputs[-1]


def test_steps_update_the_output_at_most_twice_a_second() -> None:
    outputs: list[str] = []
    now = 0.0
    listener = NotebookProgress(outputs.append, clock=lambda: now)
    notify([listener], started())
    for step in range(100):
        now = step / 50
        notify([listener], StepsDone(1, step, 100, 4.5, 0.02, 1e-3, 800.0, 121.0))
    assert len(outputs) <= 1 + 4


def test_a_kernel_has_the_bar_and_other_programs_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr("hundred.runs.progress.notebook._ipython_output", lambda: lambda _html: None)
    assert in_notebook()
    assert isinstance(progress_listener(), NotebookProgress)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not in_notebook()
    assert isinstance(progress_listener(), PlainProgress)
