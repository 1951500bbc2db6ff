"""What a sweep itself costs, without any training: `python -m benchmarks.sweeps [--ray]`.

Processor seconds, so that other work on the machine changes little: proposing a trial after many others,
writing its lines of the journal; and, with --ray, an empty task and an uploaded file on a local cluster.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hundred.recipe.load import load_recipe
from hundred.runs.trackers.mlflow.parent import ParentRun
from hundred.sweeps.context import SweepContext
from hundred.sweeps.executors.base import Resources
from hundred.sweeps.journal import JOURNAL, Trial
from hundred.sweeps.plan import SweepPlan, make_plan, write_plan
from hundred.sweeps.progress import SweepProgress
from hundred.sweeps.runner import Budget, SweepRunner
from hundred.sweeps.search.sampler import propose
from hundred.sweeps.trial import TrialResult, TrialSpec

VARY = {"training.learning_rate": "1e-3..1.0:log", "training.momentum": "0..0.99", "augment.cutout": "0,4,8"}


class _NoTraining:
    """An executor that trains nothing."""

    workers = 1

    def __init__(self) -> None:
        self.specs: list[TrialSpec] = []

    def submit(self, spec: TrialSpec) -> None:
        self.specs.append(spec)

    def wait(self, seconds: float) -> list[TrialResult]:
        curve = (0.1, 0.2, 0.3, 0.4)
        return [TrialResult(self.specs.pop().name, "complete", 0.4, 4, curve, 1.0)]


def running(trials: int, **settings: Any) -> dict[str, float]:
    """Processor seconds and bytes of the journal for each of so many trials."""
    plan = _plan(trials, **settings)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_plan(folder, plan)
        progress = SweepProgress(quiet=True)
        parent = ParentRun(folder, load_recipe(plan.recipe).recipe, plan.vary, progress.warn)
        executor: Any = _NoTraining()
        context = SweepContext(folder, Resources(), executor, progress, parent)
        begin = time.process_time()
        SweepRunner(plan, context, Budget(0.0, None)).run(figures=False)
        seconds = (time.process_time() - begin) / trials
        return {"seconds": round(seconds, 5), "bytes": (folder / JOURNAL).stat().st_size / trials}


def proposing(known: int) -> float:
    """Processor seconds of TPE's proposal after so many trials."""
    plan = _plan(known + 10)
    before = [
        Trial(
            n,
            propose(_plan(known + 10, search="random"), n, [], []) or {},
            state="complete",
            val_accuracy=n / known,
        )
        for n in range(known)
    ]
    return _seconds(lambda: propose(plan, known, before, []), 3)


def _nothing() -> int:
    return 0


def on_ray() -> dict[str, float]:
    """Wall seconds of an empty task, and of a megabyte sent to the store actor, on a cluster of this
    machine."""
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
        store_actor = ray.remote(RunStoreActor).options(num_cpus=0).remote(FolderStore(Path(folder)))
        attempt, _ = ray.get(store_actor.begin.remote("t", True))
        data = {"checkpoint.pt": bytes(1_000_000)}
        found = {
            "start": round(started, 2),
            "empty_task": _seconds(lambda: ray.get(empty.remote()), 50, time.perf_counter),
            "megabyte": _seconds(
                lambda: ray.get(store_actor.write.remote("t", attempt, data, [])), 20, time.perf_counter
            ),
        }
    ray.shutdown()
    return found


def _plan(trials: int, **settings: Any) -> SweepPlan:
    recipe = load_recipe("sprint", {"tracking.mlflow": False}).recipe.as_dict()
    return make_plan(recipe, VARY, {"trials": trials, "seeds": 0, **settings}, 1)


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
        "random, no pruning, 200 trials": running(200, search="random", prune="none"),
        "tpe, median pruning, 100 trials": running(100),
        "tpe after 100": proposing(100),
        "tpe after 1000": proposing(1000),
    }
    if parser.parse_args().ray:
        figures["ray"] = on_ray()
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
