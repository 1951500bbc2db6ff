"""The epochs of a run that its curves mark: learning-rate cuts, the best epoch, the stop."""

import pandas as pd

from hundred.errors import HundredError
from hundred.recipe.schema import Recipe
from hundred.reports.milestones import Milestones, milestones
from hundred.runs.run import Run


def run_milestones(run: Run, history: pd.DataFrame, recipe: Recipe | None) -> Milestones:
    """The milestones from the events of `run`; the cuts of a step schedule, which emit none, from `history`.

    A schedule that falls all the time (linear, cosine) has no cuts, however few its epochs.
    """
    try:
        events = run.events
    except HundredError:  # a damaged log costs no more than these marks
        events = []
    in_steps = recipe is None or recipe.training.schedule.name == "step"
    cuts = sorted({event["epoch"] for event in events if event.get("kind") == "learning-rate-cut"})
    restored = [event["epoch"] for event in events if event.get("kind") == "weights-restored"]
    stopped = [event.get("reason") for event in events if event.get("kind") == "stopped"]
    return milestones(
        history,
        cuts=cuts or (None if in_steps else ()),
        best_epoch=restored[-1] if restored else None,
        stopped=stopped[-1] if stopped else run.result.get("stopped"),
    )
