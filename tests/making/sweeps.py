"""Small parts of sweeps for tests: a plan, trials with outcomes, and a crew that trains nothing."""

import random
from pathlib import Path
from typing import Any

from hundred.recipe.load import load_recipe
from hundred.sweeps.context import Resources, SweepContext
from hundred.sweeps.journal import Journal, Trial
from hundred.sweeps.mlflow import Tracker
from hundred.sweeps.plan import SweepPlan, made_plan, write_plan
from hundred.sweeps.progress import SweepProgress
from hundred.sweeps.runner import Budget, SweepRunner
from hundred.sweeps.trial import TrialResult, TrialSpec
from tests.making import recipes

VARY = {"training.learning_rate": "1e-3..1.0:log", "training.momentum": "0..0.99", "augment.cutout": "0,4,8"}
# On 4 training and 2 validation images of each class.
SMALL = {**recipes.SMALL, "data.validation_per_class": 2}


def a_plan(vary: dict[str, Any] | None = None, *, workers: int = 1, **settings: Any) -> SweepPlan:
    recipe = load_recipe("sprint", SMALL).recipe.as_dict()
    return made_plan(recipe, VARY if vary is None else vary, {"seeds": 0, **settings}, workers)


def ended(number: int, accuracy: float = 0.5, state: str = "complete", **more: Any) -> Trial:
    parameters = more.pop(
        "parameters", {"training.learning_rate": 0.1, "training.momentum": 0.5, "augment.cutout": 4}
    )
    return Trial(number, parameters, state=state, val_accuracy=accuracy, **more)


def score(parameters: dict[str, Any]) -> float:
    """A made-up accuracy with its top at a learning rate of 0.1, a momentum of 0.9 and cutout 4."""
    import math

    rate = -abs(math.log10(parameters["training.learning_rate"]) + 1) / 4
    momentum = -abs(parameters["training.momentum"] - 0.9) / 3
    return 0.8 + rate + momentum - 0.02 * abs(parameters["augment.cutout"] - 4)


class MadeUpPool:
    """Says what `score` says, in a random order where there are several workers; forgets all when it stops.

    stop_after: that many outcomes, then KeyboardInterrupt, as of a process that is stopped.
    """

    def __init__(self, workers: int = 1, seed: int = 0, stop_after: int = 10**9) -> None:
        self.workers, self.left = workers, stop_after
        self.draws = random.Random(seed)
        self.under_way: list[TrialSpec] = []
        self.trained: list[str] = []

    def submit(self, task: TrialSpec) -> None:
        self.under_way.append(task)
        assert len(self.under_way) <= self.workers

    def wait(self, seconds: float) -> list[TrialResult]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        task = self.under_way.pop(self.draws.randrange(len(self.under_way)))
        self.trained.append(task.name)
        flat = load_recipe(task.recipe).recipe
        reached = score(
            {
                "training.learning_rate": flat.training.learning_rate,
                "training.momentum": flat.training.momentum,
                "augment.cutout": flat.augment.cutout,
            }
        )
        curve, state = [], "complete"
        for epoch in range(1, flat.training.epochs + 1):
            curve.append(reached * epoch / flat.training.epochs)
            if max(curve) < task.limits.get(epoch, -1.0):
                state = "pruned"
                break
        return [TrialResult(task.name, state, curve[-1], len(curve), tuple(curve), 1.0, state)]


def conducted(folder: Path, plan: SweepPlan, pool: MadeUpPool) -> list[Trial]:
    """The trials of a sweep by `plan` that `pool` makes up."""
    folder.mkdir(parents=True, exist_ok=True)
    write_plan(folder, plan)
    teller = SweepProgress(quiet=True)
    tracker = Tracker(folder, load_recipe(plan.recipe).recipe, plan.vary, teller)
    crew = SweepContext(folder, Resources(), pool, teller, tracker)  # type: ignore[arg-type]
    SweepRunner(plan, crew, Budget(0.0, None)).conduct(figures=False)
    return Journal(folder).ended
