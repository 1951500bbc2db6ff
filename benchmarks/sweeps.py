"""What a sweep itself costs, without any training: `python -m benchmarks.sweeps [--ray]`.

Processor seconds, so that other work on the machine changes little: proposing a trial after many others,
noting it, and its lines on the disk; and, with --ray, an empty task and a file handed over on a cluster here.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hundred.recipe.load import load_recipe
from hundred.sweeps.context import Resources, SweepContext
from hundred.sweeps.journal import JOURNAL, Trial
from hundred.sweeps.mlflow import Tracker
from hundred.sweeps.plan import SweepPlan, made_plan, write_plan
from hundred.sweeps.progress import SweepProgress
from hundred.sweeps.runner import Budget, SweepRunner
from hundred.sweeps.search.sampler import propose
from hundred.sweeps.trial import TrialResult, TrialSpec

VARY = {"training.learning_rate": "1e-3..1.0:log", "training.momentum": "0..0.99", "augment.cutout": "0,4,8"}


class _Nothing:
    """A pool that trains nothing."""

    workers = 1

    def __init__(self) -> None:
        self.tasks: list[TrialSpec] = []

    def submit(self, task: TrialSpec) -> None:
        self.tasks.append(task)

    def wait(self, seconds: float) -> list[TrialResult]:
        curve = (0.1, 0.2, 0.3, 0.4)
        return [TrialResult(self.tasks.pop().name, "complete", 0.4, 4, curve, 1.0)]


def conducting(trials: int, **settings: Any) -> dict[str, float]:
    """Processor seconds and bytes of the journal for each of so many trials."""
    plan = _plan(trials, **settings)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_plan(folder, plan)
        teller = SweepProgress(quiet=True)
        recipe = load_recipe(plan.recipe).recipe
        crew = SweepContext(
            folder,
            Resources(),
            _Nothing(),  # type: ignore[arg-type]
            teller,
            Tracker(folder, recipe, plan.vary, teller),
        )
        begin = time.process_time()
        SweepRunner(plan, crew, Budget(0.0, None)).conduct(figures=False)
        seconds = (time.process_time() - begin) / trials
        return {"seconds": round(seconds, 5), "bytes": (folder / JOURNAL).stat().st_size / trials}


def proposing(told: int) -> float:
    """Processor seconds of TPE's proposal after so many trials."""
    plan = _plan(told + 10)
    before = [
        Trial(
            n,
            propose(_plan(told + 10, search="random"), n, [], []) or {},
            state="complete",
            val_accuracy=n / told,
        )
        for n in range(told)
    ]
    return _seconds(lambda: propose(plan, told, before, []), 3)


def _nothing() -> int:
    return 0


def on_ray() -> dict[str, float]:
    """Wall seconds of an empty task, and of a megabyte handed to the keeper, on a cluster of this machine."""
    import ray

    from hundred.sweeps.executors.ray import connect
    from hundred.sweeps.executors.ray_worker import RunStoreActor
    from hundred.sweeps.executors.sync import FolderStore

    begin = time.perf_counter()
    connect(ray, "local")
    started = time.perf_counter() - begin
    empty = ray.remote(num_cpus=1)(_nothing)
    ray.get(empty.remote())
    with tempfile.TemporaryDirectory() as folder:
        keeper = ray.remote(RunStoreActor).options(num_cpus=0).remote(FolderStore(Path(folder)))
        attempt, _ = ray.get(keeper.begin.remote("t", True))
        data = {"checkpoint.pt": bytes(1_000_000)}
        found = {
            "start": round(started, 2),
            "empty_task": _seconds(lambda: ray.get(empty.remote()), 50, time.perf_counter),
            "megabyte": _seconds(
                lambda: ray.get(keeper.write.remote("t", attempt, data, [])), 20, time.perf_counter
            ),
        }
    ray.shutdown()
    return found


def _plan(trials: int, **settings: Any) -> SweepPlan:
    recipe = load_recipe("sprint", {"tracking.mlflow": False}).recipe.as_dict()
    return made_plan(recipe, VARY, {"trials": trials, "seeds": 0, **settings}, 1)


def _seconds(work: Callable[[], object], times: int, clock: Callable[[], float] = time.process_time) -> float:
    begin = clock()
    for _ in range(times):
        work()
    return round((clock() - begin) / times, 5)


def main() -> None:
    """Print all figures as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ray", action="store_true", help="measure a local Ray cluster as well")
    figures: dict[str, Any] = {
        "random, no pruning, 200 trials": conducting(200, search="random", prune="none"),
        "tpe, median pruning, 100 trials": conducting(100),
        "tpe after 100": proposing(100),
        "tpe after 1000": proposing(1000),
    }
    if parser.parse_args().ray:
        figures["ray"] = on_ray()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
