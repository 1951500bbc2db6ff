"""`run_sweep`: a search over a recipe's values, from the call to a directory with its results."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.recipe.load import load_recipe
from hundred.runs.directory import lock_run
from hundred.sweeps.context import open_context
from hundred.sweeps.executors.base import Resources
from hundred.sweeps.plan import write_plan
from hundred.sweeps.progress import SweepProgress
from hundred.sweeps.request import SweepRequest
from hundred.sweeps.result import Sweep
from hundred.sweeps.runner import Budget, SweepRunner
from hundred.sweeps.search.space import Vary, parse_vary


def run_sweep(
    recipe: str | Path | Mapping[str, Any] | None = None,
    vary: Vary = (),
    *,
    trials: int | None = None,
    minutes: float | None = None,
    search: str | None = None,
    prune: bool | str | None = None,
    seeds: int | None = None,
    data: str | Path | Dataset | None = None,
    epochs: float | None = None,
    device: str = "auto",
    seed: int | None = None,
    set: Iterable[str] | Mapping[str, Any] = (),
    name: str | None = None,
    runs: str | Path = "runs",
    resume: bool = False,
    ray: str | None = None,
    workers: int | None = None,
    cpus: int | None = None,
    gpus: float | None = None,
    store: str | None = None,
    figures: bool = True,
    quiet: bool = False,
    started: float | None = None,
) -> Sweep:
    """Try values of `recipe` for what is in `vary`, choose by validation accuracy, and retrain the best.

    vary: texts as `--vary` takes, or a mapping such as `{"training.learning_rate": "1e-4..1e-1:log",
        "augment.rotation": [0, 10, 20]}`.
    trials: how many; 20, or all of a grid, by default. minutes: no trial begins that would not end in time,
    with
        time left to retrain the best; without `trials`, as many as there is time for.
    search: `tpe` (default), `random` or `grid`. prune: False, or `median` (default) or `halving`.
    seeds: with how many new seeds the best is trained again, and tested, before it is called the winner (3).
    seed: decides the search and all training. set, data, epochs, device: as for `hundred.train`.
    name: of the sweep's directory in `runs`. The same call with it again goes on where the last one stopped.
    resume: go on with the sweep `name`, or the newest; `recipe` may also be a sweep's directory.
    ray: a Ray cluster's address, `auto`, or `local`; None trains in this process, one after another.
    workers: trials at once, at most. cpus, gpus: of each trial. store: a URL that keeps run directories.
    figures: draw the sweep's pictures. quiet: only warnings. started: `time.monotonic()` of the command's
    start.

    Trials read no test image. Raises UsageError for a wrong call, HundredError where the work fails, and
    KeyboardInterrupt after an interruption; the same call then goes on.
    """
    began = time.monotonic() if started is None else started
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UsageError(f"--minutes {minutes:g}: a sweep needs a number of minutes above 0")
    pruner = {True: "median", False: "none"}[prune] if isinstance(prune, bool) else prune
    settings = {
        "trials": trials,
        "search": search,
        "prune": pruner,
        "seeds": seeds,
        "seed": seed,
        "cpus": cpus,
        "store": store,
    }
    request = SweepRequest(
        recipe,
        parse_vary(vary),
        set,
        epochs,
        data,
        name,
        Path(runs),
        resume,
        {key: value for key, value in settings.items() if value is not None},
        Resources(device, ray, workers, cpus, gpus, store or ""),
        timed=minutes is not None,
    )
    return _run(request, Budget(began, minutes), figures=figures, quiet=quiet)


def _run(request: SweepRequest, budget: Budget, *, figures: bool, quiet: bool) -> Sweep:
    folder, plan, dataset = request.open()
    resources = request.resources
    # Trials further ahead than the plan allows would only wait.
    workers = min(resources.workers or plan.ahead, plan.ahead) if plan.waits else resources.workers
    cpus = plan.cpus or int(resources.ray is not None)
    resources = replace(resources, workers=workers, cpus=cpus, store=plan.store)
    with lock_run(folder):
        write_plan(folder, plan)
        recipe, progress = load_recipe(plan.recipe).recipe, SweepProgress(quiet, plan.trials)
        with open_context(
            folder, resources, dataset, recipe=recipe, vary=plan.vary, progress=progress
        ) as context:
            return SweepRunner(plan, context, budget).run(figures=figures)
