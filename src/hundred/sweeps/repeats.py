"""Repeats of one recipe on a Ray cluster: the folder that `hundred train --repeat` makes, trained there."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.experiment.build.data import open_data
from hundred.experiment.run.resume import is_whole
from hundred.experiment.train import resolve
from hundred.runs.directory import check_name, create_run_directory, lock_run
from hundred.runs.repeats import REPEATS, Repeats
from hundred.sweeps.context import Resources, gathered
from hundred.sweeps.progress import SweepProgress
from hundred.sweeps.retrain import write_repeats


def repeat_on_ray(
    recipe: str | Path | Mapping[str, Any] | None,
    repeat: int,
    ray: str,
    *,
    data: str | Path | Dataset | None = None,
    epochs: int | None = None,
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
) -> Repeats:
    """Train `repeat` seeds of `recipe` on the Ray cluster at `ray`; the rest as for `hundred.train`.

    With `resume` and the name that they have, what is trained already is kept. workers, cpus, gpus: as for
    a sweep.
    """
    where = Resources(device, ray, workers, cpus or 1, gpus)
    base = resolve(recipe, epochs=epochs, target=target, seed=seed, protocol=protocol, overrides=set).recipe
    dataset = open_data(data)
    if resume and name is not None:
        check_name(name)
        folder = Path(runs) / name
    else:
        folder = create_run_directory(runs, name, prefix=f"{base.name}-x{repeat}")
    seeds = [base.seed + number for number in range(repeat)]
    with (
        lock_run(folder),
        gathered(
            folder, where, dataset, recipe=base, varied={"seed": seeds}, teller=SweepProgress(quiet)
        ) as crew,
    ):
        tasks = [
            crew.task(f"seed-{each}", {**base.as_dict(), "seed": each}, test=test, figures=figures)
            for each in seeds
            if not is_whole(folder / f"seed-{each}")
        ]
        write_repeats(folder, seeds, crew.train(tasks))
        crew.tracker.finish({}, [folder / REPEATS])
    return Repeats(folder)
