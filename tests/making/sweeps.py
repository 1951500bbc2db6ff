"""Small parts of sweeps for tests: a plan, ended trials, and an executor that trains nothing."""

import math
import random
from pathlib import Path
from typing import Any

from hundred.recipe.load import load_recipe
from hundred.runs.trackers.mlflow.parent import ParentRun
from hundred.sweeps.context import SweepContext
from hundred.sweeps.executors.base import Resources
from hundred.sweeps.journal import Journal, Trial
from hundred.sweeps.plan import SweepPlan, make_plan, write_plan
from hundred.sweeps.progress import SweepProgress
from hundred.sweeps.runner import Budget, SweepRunner
from hundred.sweeps.trial import TrialResult, TrialSpec
from tests.making import recipes

VARY = {"training.learning_rate": "1e-3..1.0:log", "training.momentum": "0..0.99", "augment.cutout": "0,4,8"}
# On 4 training and 2 validation images of each class.
SMALL = {**recipes.SMALL, "data.validation_per_class": 2}


def tiny_plan(vary: dict[str, Any] | None = None, *, workers: int = 1, **settings: Any) -> SweepPlan:
    recipe = load_recipe("sprint", SMALL).recipe.as_dict()
    return make_plan(recipe, VARY if vary is None else vary, {"seeds": 0, **settings}, workers)


def ended(number: int, accuracy: float = 0.5, state: str = "complete", **more: Any) -> Trial:
    parameters = more.pop(
        "parameters", {"training.learning_rate": 0.1, "training.momentum": 0.5, "augment.cutout": 4}
    )
    return Trial(number, parameters, state=state, val_accuracy=accuracy, **more)


def score(parameters: dict[str, Any]) -> float:
    """A made-up accuracy with its top at a learning rate of 0.1, a momentum of 0.9 and cutout 4."""
    rate = -abs(math.log10(parameters["training.learning_rate"]) + 1) / 4
    momentum = -abs(parameters["training.momentum"] - 0.9) / 3
    return 0.8 + rate + momentum - 0.02 * abs(parameters["augment.cutout"] - 4)


class MadeUpExecutor:
    """Returns what `score` says, in a random order where there are several workers; forgets all when it
    stops.

    stop_after: that many results, then KeyboardInterrupt, as in a process that is stopped.
    """

    def __init__(self, workers: int = 1, seed: int = 0, stop_after: int = 10**9) -> None:
        self.workers, self.left = workers, stop_after
        self.draws = random.Random(seed)
        self.running: list[TrialSpec] = []
        self.trained: list[str] = []

    def submit(self, spec: TrialSpec) -> None:
        self.running.append(spec)
        assert len(self.running) <= self.workers

    def wait(self, seconds: float) -> list[TrialResult]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        spec = self.running.pop(self.draws.randrange(len(self.running)))
        self.trained.append(spec.name)
        recipe = load_recipe(spec.recipe).recipe
        reached = score(
            {
                "training.learning_rate": recipe.training.learning_rate,
                "training.momentum": recipe.training.momentum,
                "augment.cutout": recipe.augment.cutout,
            }
        )
        curve, state = [], "complete"
        for epoch in range(1, recipe.training.epochs + 1):
            curve.append(reached * epoch / recipe.training.epochs)
            if max(curve) < spec.limits.get(epoch, -1.0):
                state = "pruned"
                break
        return [TrialResult(spec.name, state, curve[-1], len(curve), tuple(curve), 1.0, state)]


def run_made_up(folder: Path, plan: SweepPlan, executor: MadeUpExecutor) -> list[Trial]:
    """The trials of a sweep by `plan` with the results of `executor`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_plan(folder, plan)
    progress = SweepProgress(quiet=True)
    parent = ParentRun(folder, load_recipe(plan.recipe).recipe, plan.vary, progress.warn)
    context = SweepContext(folder, Resources(), executor, progress, parent)  # type: ignore[arg-type]
    SweepRunner(plan, context, Budget(0.0, None)).run(figures=False)
    return Journal(folder).ended
