"""Pruning: the accuracy that a trial must have reached after an epoch to be trained on.

The limits are computed before the trial begins, from trials that have ended. So a trial communicates with
nothing while it trains, and is pruned the same on every executor.
"""

import math
from collections.abc import Sequence

import numpy as np

from hundred.sweeps.journal import Trial
from hundred.training.events import EpochEnded

STARTUP = 5  # complete trials before the median counts for anything (Optuna's MedianPruner has the same)
REDUCTION = 3  # of halving: one in so many goes on (Li et al. 2020, arXiv 1810.05934, section 3)
PRUNED = "pruned"


def pruning_limits(kind: str, epochs: int, trials: Sequence[Trial]) -> dict[int, float]:
    """By epoch, the validation accuracy that a trial of `epochs` epochs must have reached; {} prunes nothing.

    `median`: the median of what complete trials had after that epoch (the rule of Golovin et al. 2017,
    section 3.2.2, as in Optuna's MedianPruner). `halving`: asynchronous successive halving (Li et al.):
    after each rung, at epochs / 3, epochs / 9 and so on, what the best third of all trials had there.
    The last epoch has no limit: stopping there saves nothing.
    """
    if kind == "median":
        complete = [trial for trial in trials if trial.state == "complete"]
        if len(complete) < STARTUP:
            return {}
        found = {epoch: _quantile(complete, epoch, 0.5, least=1) for epoch in range(1, epochs)}
    elif kind == "halving":
        tried = [trial for trial in trials if trial.state in ("complete", "pruned")]
        share = 1 - 1 / REDUCTION
        found = {epoch: _quantile(tried, epoch, share, least=REDUCTION) for epoch in rungs(epochs)}
    else:
        found = {}
    return {epoch: limit for epoch, limit in found.items() if not math.isnan(limit)}


def rungs(epochs: int) -> list[int]:
    """The epochs after which halving prunes: `epochs` divided by 3 again and again, ascending."""
    found, rung = list[int](), epochs // REDUCTION
    while rung >= 1:
        found.append(rung)
        rung //= REDUCTION
    return found[::-1]


class PruningCallback:
    """For `RunOptions.stop_when`: returns a reason once the best accuracy so far is below the epoch's
    limit."""

    def __init__(self, limits: dict[int, float], best: float = -math.inf) -> None:
        """`best` is the accuracy that the trial had reached before it was interrupted."""
        self.limits, self.best = limits, best

    def __call__(self, row: EpochEnded) -> str:
        """Why the trial ends here, or "" to go on."""
        if row.val_accuracy is None:
            return ""
        self.best = max(self.best, row.val_accuracy)
        limit = self.limits.get(row.epoch)
        if limit is None or self.best >= limit:
            return ""
        return (
            f"{PRUNED}: val_accuracy {self.best:.4f} after epoch {row.epoch} is below {limit:.4f}, "
            "the limit set by earlier trials"
        )


def _quantile(trials: Sequence[Trial], epoch: int, share: float, least: int) -> float:
    """The quantile of the accuracies after `epoch`, NaN where fewer than `least` trials have one."""
    reached = [trial.curve[epoch - 1] for trial in trials if len(trial.curve) >= epoch]
    known = [value for value in reached if value is not None]
    return float(np.quantile(known, share)) if len(known) >= least else math.nan
