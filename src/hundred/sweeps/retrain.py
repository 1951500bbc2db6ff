"""One recipe with several seeds on a sweep's executor: the best trial again, or repeats on a Ray cluster.

Only the best trial trained with seeds that chose nothing is the winner, and reads the test images.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import HundredError
from hundred.experiment.build.data import open_data
from hundred.experiment.build.resolve import resolve
from hundred.experiment.repeats import write_summary
from hundred.experiment.run.resume import is_whole
from hundred.recipe.load import load_recipe
from hundred.runs.directory import lock_run, repeats_folder
from hundred.runs.labels import add_labels, labels_of
from hundred.runs.layout import REPEATS
from hundred.runs.repeats import Repeats
from hundred.runs.run import Run
from hundred.sweeps.context import SweepContext, open_context
from hundred.sweeps.executors.base import Resources
from hundred.sweeps.journal import Trial
from hundred.sweeps.plan import SweepPlan
from hundred.sweeps.progress import SweepProgress


def retrain(context: SweepContext, plan: SweepPlan, best: Trial, *, figures: bool) -> None:
    """Train the setting of `best` with the plan's number of seeds, from the one after the recipe's on.

    The trial itself is not among them: it was chosen for its luck as well. What is trained already is kept.

    Raises HundredError where none of them completes.
    """
    if not plan.seeds:
        return
    recipe = load_recipe(plan.recipe, best.parameters).recipe.as_dict()
    seeds = [int(recipe["seed"]) + 1 + number for number in range(plan.seeds)]
    if not all(is_whole(context.folder / best.winner_folder / f"seed-{seed}") for seed in seeds):
        context.progress.line(f"{best.name} is the best: trained again with {plan.seeds} other seeds")
    # Drawing takes longer than a short training, and the figures of one seed show what those of all do.
    drawn = seeds[:1] if figures else []
    train_seeds(context, best.winner_folder, recipe, seeds, test=True, drawn=drawn)


def repeat_on_ray(
    recipe: str | Path | Mapping[str, Any] | None,
    repeat: int,
    ray: str,
    *,
    data: str | Path | Dataset | None = None,
    epochs: float | None = None,
    target: float | None = None,
    seed: int | None = None,
    device: str = "auto",
    protocol: str | None = None,
    set: Iterable[str] | Mapping[str, Any] = (),
    name: str | None = None,
    runs: str | Path = "runs",
    resume: bool = False,
    test: bool = True,
    figures: bool = True,
    quiet: bool = False,
    workers: int | None = None,
    cpus: int | None = None,
    gpus: float | None = None,
    tags: Sequence[str] = (),
    note: str = "",
) -> Repeats:
    """Train `repeat` seeds of `recipe` on the Ray cluster at `ray`; the rest as for `hundred.train`.

    With `resume`, runs that have finished are kept. workers, cpus, gpus: as for a sweep.
    """
    resources = Resources(device, ray, workers, cpus or 1, gpus)
    base = resolve(recipe, epochs=epochs, target=target, seed=seed, protocol=protocol, overrides=set).recipe
    dataset = open_data(data, base.data)
    folder = repeats_folder(Path(runs), name, base.name, repeat, resume=resume)
    add_labels(folder, labels_of(tags, note))
    seeds = [base.seed + number for number in range(repeat)]
    progress, vary = SweepProgress(quiet), {"seed": seeds}
    with (
        lock_run(folder),
        open_context(folder, resources, dataset, recipe=base, vary=vary, progress=progress) as context,
    ):
        drawn = seeds if figures else []
        repeats = train_seeds(context, "", base.as_dict(), seeds, test=test, drawn=drawn)
        context.parent.finish(repeats.metrics(), [folder / REPEATS])
    return repeats


def train_seeds(
    context: SweepContext,
    folder: str,
    recipe: dict[str, Any],
    seeds: Sequence[int],
    *,
    test: bool,
    drawn: Sequence[int],
) -> Repeats:
    """Train `recipe` with `seeds` in the folder of this name in the context's; write their summary.

    test: read the test set at the end. drawn: the seeds whose figures are drawn.

    Raises HundredError where no seed completes, with why the last of them did not.
    """
    path = context.folder / folder
    specs = [
        context.spec(
            f"{folder}/seed-{seed}".lstrip("/"), {**recipe, "seed": seed}, test=test, figures=seed in drawn
        )
        for seed in seeds
        if not is_whole(path / f"seed-{seed}")
    ]
    failed = context.train(specs)
    finished = [seed for seed in seeds if is_whole(path / f"seed-{seed}")]
    if not finished:
        why = f": {failed[-1].why}" if failed else ""
        raise HundredError(f"no seed in {path} came to its end{why}")
    return write_summary(path, finished, [Run(path / f"seed-{seed}") for seed in finished])
