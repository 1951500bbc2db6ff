"""A call of `run_sweep`: it begins a new sweep with a directory and a plan, or resumes one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.build.data import open_data
from hundred.experiment.build.resolve import resolve
from hundred.files import expand_user
from hundred.recipe.load import load_recipe
from hundred.recipe.schema import Recipe
from hundred.runs.directory import check_name, create_run_directory
from hundred.runs.layout import LOCK
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.sweeps.executors.base import Resources
from hundred.sweeps.plan import (
    SweepPlan,
    is_sweep,
    make_plan,
    read_plan,
    resume_plan,
    unfinished_sweep,
)

Overrides = Iterable[str] | Mapping[str, Any]


@dataclass(frozen=True)
class SweepRequest:
    """The parameters of `run_sweep` that say which sweep; see there.

    settings: those of a `SweepPlan` that were given, by its names. timed: whether minutes were given.
    """

    recipe: str | Path | Mapping[str, Any] | None
    vary: dict[str, Any]
    overrides: Overrides = ()
    epochs: float | None = None
    data: str | Path | Dataset | None = None
    name: str | None = None
    runs: Path = Path("runs")
    resume: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    timed: bool = False

    def open(self) -> tuple[Path, SweepPlan, Dataset]:
        """Directory, plan and images of the sweep that this call resumes, or of a new one.

        Raises UsageError for a wrong call, or where the call describes another sweep than was begun.
        """
        if self.name is None and isinstance(self.recipe, str | Path) and is_sweep(Path(self.recipe)):
            path = Path(self.recipe).resolve()
            return replace(self, recipe=None, name=path.name, runs=path.parent, resume=True).open()
        if self.name is not None and is_sweep(self.runs / self.name):
            return self._resume(self.runs / self.name)
        if not self.resume:
            return self._begin()
        recipe = None if self.recipe is None else self._resolved(self.recipe).name
        return self._resume(unfinished_sweep(self.runs, self.name, recipe))

    def _begin(self) -> tuple[Path, SweepPlan, Dataset]:
        recipe = self._resolved(self.recipe)
        dataset = open_data(self.data, recipe.data)
        # On a cluster a trial takes one CPU by default; in this process, torch's own number of threads.
        cpus = int(self.resources.ray is not None)
        settings = {"cpus": cpus, **self.settings, **self._data_settings(dataset)}
        if self.timed:
            settings.setdefault("trials", 0)
        plan = make_plan(recipe.as_dict(), self.vary, settings, self.resources.workers or 1)
        return self._claim(recipe.name), plan, dataset

    def _resume(self, folder: Path) -> tuple[Path, SweepPlan, Dataset]:
        begun = read_plan(folder)
        where = (begun.data or None) if self.data is None else self.data
        dataset = open_data(where, load_recipe(begun.recipe).recipe.data)
        given = {**self.settings, "data_digest": dataset.digest}
        if self.recipe is not None or self.epochs or self.overrides or "seed" in self.settings:
            given["recipe"] = self._resolved(begun.recipe if self.recipe is None else self.recipe).as_dict()
        if self.vary:
            given["vary"] = self.vary
        return folder, resume_plan(begun, folder, given), dataset

    def _claim(self, recipe: str) -> Path:
        """A new directory. Raises UsageError where its name is taken by something else."""
        if self.name is None:
            return create_run_directory(self.runs, prefix=f"{recipe}-sweep")
        check_name(self.name)
        path = self.runs / self.name
        # A folder with no more than a lock is of a sweep that was killed before its plan was written.
        if path.is_dir() and any(child.name != LOCK for child in path.iterdir()):
            raise UsageError(f"{path} is there already, and no sweep: choose another name with --name")
        with os_errors_as_hundred_errors(path, "cannot make the sweep's directory"):
            path.mkdir(parents=True, exist_ok=True)
        return path

    def _resolved(self, recipe: str | Path | Mapping[str, Any] | None) -> Recipe:
        seed = self.settings.get("seed")
        return resolve(recipe, epochs=self.epochs, seed=seed, overrides=self.overrides).recipe

    def _data_settings(self, dataset: Dataset) -> dict[str, Any]:
        path = str(self.data) if isinstance(self.data, str | Path) else ""
        if path and expand_user(path).exists():  # otherwise it is the name of a set
            path = str(expand_user(path).resolve())
        return {"data": path, "data_name": dataset.name, "data_digest": dataset.digest}
