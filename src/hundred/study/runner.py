"""`run_study`: train what is not trained yet, one run after another, then write page and table."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.experiment.build.data import open_data
from hundred.experiment.build.pretrained import IMAGENET, published_weights
from hundred.experiment.build.resolve import check_call
from hundred.experiment.run.resume import is_whole
from hundred.experiment.train import train
from hundred.files import expand_user
from hundred.formatting import eta
from hundred.runs.directory import check_still_there
from hundred.runs.layout import LOCK, is_run
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.study.plan import StudyPlan, load_plan, make_plan, save_plan
from hundred.study.quick_data import NAME, quick_dataset
from hundred.study.result import Study, open_study
from hundred.study.systems import SYSTEMS, System, chosen, study_folder


def run_study(
    only: Sequence[str] = (),
    *,
    data: str | Path | Dataset | None = None,
    repeat: int = 1,
    epochs: int | None = None,
    minutes: float | None = None,
    protocol: str | None = None,
    set: Mapping[str, Any] | Sequence[str] = (),
    quick: bool = False,
    device: str = "auto",
    name: str | None = None,
    runs: str | Path = "runs",
    resume: bool = False,
    quiet: bool = False,
) -> Study:
    """Train the study's systems (all, or those named in `only`); return the Study with its page and table.

    Runs are in `runs`/study-`name`/<recipe>/seed-N, each as `hundred.train` makes it. The same call again
    resumes the study: finished runs are kept, an interrupted one goes on from its last checkpoint. With
    `resume` and its name alone, it goes on with all systems and seeds that were asked for so far, by its own
    settings.

    repeat: seeds of each system, from 0 on. epochs: at most so many, instead of each recipe's.
    minutes: each run ends within so many. protocol: `holdout` or `test-as-validation`.
    set: overrides for every recipe. quick: eight epochs on 1,000 easy drawn images, without the figures and
    page of each run. A system whose run fails is left out, with the reason on the page.

    Raises UsageError for a wrong call or other settings than the study of that name began with, and
    KeyboardInterrupt after an interruption; the same call then goes on.
    """
    check_call(minutes=minutes, repeat=repeat)
    folder = study_folder(runs, name, quick=quick)
    if resume:
        plan, dataset = _begun(folder, data)
        systems, minutes = chosen(list(plan.requested)), minutes or plan.minutes
    else:
        systems = chosen(only)
        dataset = quick_dataset() if quick and data is None else open_data(data)
        settings: dict[str, Any] = {
            "epochs": epochs,
            "minutes": minutes,
            "protocol": protocol,
            "overrides": set,
        }
        plan = make_plan(dataset, quick=quick, data_path=_absolute(data), **settings)
        plan = load_plan(folder, plan) or plan
        plan = plan.requesting([system.recipe for system in systems], repeat)
    systems, skipped = _ready(systems, plan, explicit=bool(only))
    if not resume:
        with os_errors_as_hundred_errors(folder, "cannot make the study's folder"):
            folder.mkdir(parents=True, exist_ok=True)
    save_plan(folder, plan, skipped)
    runner = _StudyRunner(folder, plan, dataset, minutes, device, quiet)
    seeds = plan.requested if resume else dict.fromkeys(plan.requested, repeat)
    todo = [(system, seed) for system in systems for seed in range(seeds[system.recipe])]
    for number, (system, seed) in enumerate(todo):
        runner.run(system, seed, number, len(todo))
    save_plan(folder, plan, {**skipped, **runner.failed})
    study = open_study(folder)
    study.write()
    return study


def _begun(folder: Path, data: str | Path | Dataset | None) -> tuple[StudyPlan, Dataset]:
    """Plan and images of the study in `folder`. Raises UsageError where there is none, or for other
    images."""
    plan = open_study(folder).plan
    if not plan.requested:  # of an earlier version: what it has runs of
        for system in SYSTEMS:
            seeds = len(list((folder / system.recipe).glob("seed-*")))
            plan = plan.requesting([system.recipe], seeds) if seeds else plan
    if data is None and plan.data == NAME:
        dataset = quick_dataset()
    else:
        begun_with = plan.data_path or ("sample" if plan.data == "sample" else None)
        dataset = open_data(begun_with if data is None else data)
    if dataset.digest != plan.data_digest:
        raise UsageError(f"{folder} was begun with other images than {dataset.source}: name them by --data")
    return plan, dataset


def _absolute(data: Any) -> str:
    """`data` as text that means the same in another folder; "" for what is no text."""
    if not isinstance(data, str | Path):
        return ""
    path = expand_user(data)
    return str(path.resolve()) if path.exists() else str(data)


@dataclass
class _StudyRunner:
    """Trains one run after another and prints progress."""

    folder: Path
    plan: StudyPlan
    dataset: Dataset
    minutes: float | None
    device: str
    quiet: bool
    failed: dict[str, str] = field(default_factory=dict)
    spent: list[float] = field(default_factory=list)

    def run(self, system: System, seed: int, number: int, count: int) -> None:
        """Train one system with one seed, unless that is done; record a failure and go on."""
        runs, name = self.folder / system.recipe, f"seed-{seed}"
        if is_whole(runs / name):
            self._print(f"study: run {number + 1} of {count} is there already: {system.recipe}, seed {seed}")
            return
        check_still_there(self.folder)
        left = self._left(count - number)
        self._print(f"study: run {number + 1} of {count}: {system.recipe}, seed {seed}{left}")
        begin = time.monotonic()
        try:
            self._train(system.recipe, seed, runs, name)
        except UsageError:
            raise
        except HundredError as error:
            self.failed[f"{system.recipe}, seed {seed}"] = str(error)
            print(f"study: {system.recipe}, seed {seed}: {error}", file=sys.stderr, flush=True)  # noqa: T201
        self.spent.append(time.monotonic() - begin)

    def _train(self, recipe: str, seed: int, runs: Path, name: str) -> None:
        _clear_claim(runs / name)
        options: dict[str, Any] = {
            "data": self.dataset,
            "minutes": self.minutes,
            "device": self.device,
            "quiet": self.quiet,
            "figures": not self.plan.quick,  # they take longer than such a training
        }
        if is_run(runs / name):
            train(runs / name, resume=True, **options)  # its own recipe.toml has all else
            return
        train(
            recipe,
            epochs=self.plan.epochs,
            seed=seed,
            protocol=self.plan.protocol,
            set=self.plan.overrides_for(recipe),
            name=name,
            runs=runs,
            **options,
        )

    def _left(self, runs: int) -> str:
        """The time left, from the mean of the runs so far."""
        if not self.spent:
            return ""
        return f" (about {eta(runs * sum(self.spent) / len(self.spent))} left)"

    def _print(self, line: str) -> None:
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)  # noqa: T201


def _clear_claim(path: Path) -> None:
    """Remove a run directory that was claimed by a process killed before it wrote anything into it."""
    if path.is_dir() and not is_run(path):
        with os_errors_as_hundred_errors(path, "cannot begin this run anew"):
            (path / LOCK).unlink(missing_ok=True)
            path.rmdir()


def _ready(systems: list[System], plan: StudyPlan, *, explicit: bool) -> tuple[list[System], dict[str, str]]:
    """The systems that can be trained, and why others cannot; UsageError for one asked for by name."""
    ready, skipped = [], {}
    for system in systems:
        try:
            _check_weights(system, plan)
            ready.append(system)
        except UsageError as error:
            if explicit:
                raise
            skipped[system.recipe] = str(error).splitlines()[0]
    return ready, skipped


def _check_weights(system: System, plan: StudyPlan) -> None:
    recipe = plan.recipe_of(system.recipe)
    if recipe.model.weights == IMAGENET:
        published_weights(recipe.model.name)
