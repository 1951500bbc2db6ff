"""Milestones of a history against what was put into it."""

import numpy as np
import pandas as pd

from hundred.reports.milestones import milestones


def test_cuts_and_best_epoch_are_read_off_a_history(history: pd.DataFrame) -> None:
    found = milestones(history, stopped="early-stopping")
    assert found.cuts == (8, 15)
    assert found.best_epoch == 17
    assert (found.stop_epoch, found.stop_reason) == (20, "early-stopping")


def test_a_schedule_that_always_moves_has_no_cuts(history: pd.DataFrame) -> None:
    cosine = history.assign(learning_rate=np.cos(np.linspace(0, 1.5, len(history))))
    assert milestones(cosine).cuts == ()


def test_what_the_events_say_goes_before_what_the_history_shows(history: pd.DataFrame) -> None:
    found = milestones(history, cuts=[3], best_epoch=12)
    assert found.cuts == (3,)
    assert found.best_epoch == 12
    assert found.stop_epoch is None


def test_a_history_without_validation_has_no_best_epoch(history: pd.DataFrame) -> None:
    assert milestones(history.drop(columns=["val_accuracy", "val_loss"])).best_epoch is None
    assert milestones(history.assign(val_accuracy=None)).best_epoch is None


def test_one_epoch_and_none_at_all_are_histories_too(history: pd.DataFrame) -> None:
    assert milestones(history[:1], stopped="epochs").best_epoch == 1
    assert milestones(history[:0], stopped="epochs").stop_epoch is None
