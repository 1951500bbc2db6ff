"""The best trial, trained again with seeds that chose nothing: only then is it the winner, and tested."""

from pathlib import Path
from typing import TYPE_CHECKING

from hundred.errors import HundredError
from hundred.experiment.repeats import write_summary
from hundred.experiment.run.resume import is_whole
from hundred.recipe.load import load_recipe
from hundred.runs.run import Run
from hundred.sweeps.journal import Trial
from hundred.sweeps.plan import SweepPlan
from hundred.sweeps.trial import TrialResult

if TYPE_CHECKING:
    from hundred.sweeps.context import SweepContext


def folder_of(best: Trial) -> str:
    """The name of the folder with the winner's runs: a sweep that goes on may find another winner."""
    return f"winner-{best.name}"


def retrain(crew: "SweepContext", plan: SweepPlan, best: Trial, *, figures: bool) -> None:
    """Train the setting of `best` with the plan's number of seeds, from the one after the recipe's on.

    The trial itself is not among them: it was chosen for its luck as well. What is trained already is kept.

    Raises HundredError where none of them comes to its end.
    """
    if not plan.seeds:
        return
    recipe = load_recipe(plan.recipe, best.parameters).recipe.as_dict()
    seeds = [int(recipe["seed"]) + 1 + number for number in range(plan.seeds)]
    folder = folder_of(best)
    # Pictures take longer than a short training, and those of one seed show what those of all do.
    drawn = seeds[0] if figures else None
    tasks = [
        crew.task(f"{folder}/seed-{seed}", {**recipe, "seed": seed}, test=True, figures=seed == drawn)
        for seed in seeds
        if not is_whole(crew.folder / folder / f"seed-{seed}")
    ]
    if tasks:
        crew.teller.line(f"{best.name} is the best: trained again with {plan.seeds} other seeds")
    write_repeats(crew.folder / folder, seeds, crew.train(tasks))


def write_repeats(home: Path, seeds: list[int], failed: list[TrialResult]) -> None:
    """Write repeats.json into `home` for the runs that came to their end.

    Raises HundredError where none did, with why the last of those that `failed` did not.
    """
    finished = [seed for seed in seeds if is_whole(home / f"seed-{seed}")]
    if not finished:
        why = f": {failed[-1].why}" if failed else ""
        raise HundredError(f"no seed in {home} came to its end{why}")
    write_summary(home, finished, [Run(home / f"seed-{seed}") for seed in finished])
