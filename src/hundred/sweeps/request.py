"""How a sweep begins: with a new directory and plan, or with one that is there already and goes on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError, nearest
from hundred.experiment.build.data import open_data
from hundred.experiment.train import resolve
from hundred.recipe.schema import Recipe
from hundred.runs.directory import check_name, create_run_directory, newest_unfinished
from hundred.runs.layout import LOCK
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.sweeps.plan import PLAN, SweepPlan, continued, made_plan, read_plan

SUMMARY = "sweep.json"

Overrides = Iterable[str] | Mapping[str, Any]


@dataclass(frozen=True)
class SweepRequest:
    """What a call says of the sweep itself. settings: by the names of Plan, those that were given.

    data: as of `hundred.train`. workers: trials at once. on_ray: they are trained on a cluster.
    timed: minutes were given.
    """

    recipe: str | Path | Mapping[str, Any] | None
    vary: dict[str, Any]
    overrides: Overrides
    epochs: int | None
    settings: dict[str, Any]
    data: str | Path | Dataset | None
    workers: int
    on_ray: bool
    timed: bool

    def begin(self, runs: Path, name: str | None) -> tuple[Path, SweepPlan, Dataset]:
        """A directory, plan and images for a new sweep. Raises UsageError for a wrong call."""
        dataset = open_data(self.data)
        recipe = self._resolved(self.recipe)
        # On a cluster a trial takes one CPU where nobody says; alone, all that torch takes by itself.
        settings = {"cpus": int(self.on_ray), **self.settings, **self._of_data(dataset)}
        if self.timed:
            settings.setdefault("trials", 0)
        plan = made_plan(recipe.as_dict(), self.vary, settings, self.workers)
        return claim(runs, name, recipe.name), plan, dataset

    def go_on(self, folder: Path) -> tuple[Path, SweepPlan, Dataset]:
        """Those of the sweep in `folder`. Raises UsageError where the call asks for another one."""
        begun = read_plan(folder)
        dataset = open_data((begun.data or None) if self.data is None else self.data)
        asked = {**self.settings, "data_digest": dataset.digest}
        if self.recipe is not None or self.epochs or self.overrides or "seed" in self.settings:
            asked["recipe"] = self._resolved(begun.recipe if self.recipe is None else self.recipe).as_dict()
        if self.vary:
            asked["vary"] = self.vary
        return folder, continued(begun, folder, asked), dataset

    def label(self) -> str | None:
        """The name of the recipe, where the call says one."""
        return None if self.recipe is None else self._resolved(self.recipe).name

    def _resolved(self, recipe: str | Path | Mapping[str, Any] | None) -> Recipe:
        seed = self.settings.get("seed")
        return resolve(recipe, epochs=self.epochs, seed=seed, overrides=self.overrides).recipe

    def _of_data(self, dataset: Dataset) -> dict[str, Any]:
        where = "" if self.data is None or isinstance(self.data, Dataset) else str(self.data)
        if where and where != "sample":
            where = str(Path(where).expanduser().resolve())
        return {"data": where, "data_name": dataset.name, "data_digest": dataset.digest}


def is_sweep(path: Path) -> bool:
    """Whether `path` is a sweep's directory."""
    return (path / PLAN).is_file()


def claim(runs: Path, name: str | None, recipe: str) -> Path:
    """A directory for a new sweep: `runs`/`name`, or one of an automatic name.

    Raises UsageError where the name is taken by something else, HundredError where it cannot be made.
    """
    if name is None:
        return create_run_directory(runs, prefix=f"{recipe}-sweep")
    check_name(name)
    path = runs / name
    # One that holds no more than a lock is of a sweep that was killed before its plan was written.
    if path.is_dir() and any(child.name != LOCK for child in path.iterdir()):
        raise UsageError(f"{path} is there already, and no sweep: choose another name with --name")
    with os_errors_as_hundred_errors(path, "cannot make the sweep's directory"):
        path.mkdir(parents=True, exist_ok=True)
    return path


def unfinished(runs: Path, name: str | None, recipe: str | None) -> Path:
    """The sweep to go on with: the one called `name`, or the newest of `recipe` (None: of any) that has not
    ended and that nobody conducts.

    Raises UsageError where there is none.
    """
    with os_errors_as_hundred_errors(runs, "cannot read"):
        known = [path for path in sorted(runs.iterdir()) if is_sweep(path)] if runs.is_dir() else []
    if name is not None:
        if not is_sweep(runs / name):
            hint = nearest(name, [path.name for path in known])
            raise UsageError(f"there is no sweep {name!r} in {runs} to resume{hint}")
        return runs / name
    path = newest_unfinished(known, prefix=f"{recipe}-sweep" if recipe else "", end=SUMMARY)
    if path is None:
        raise UsageError(f"there is no unfinished sweep in {runs} to resume: name one with --name")
    return path


def sweep_folder(path: Path) -> Path:
    """`path`, where it is a sweep's directory. Raises HundredError where it is none."""
    if not is_sweep(path):
        raise HundredError(f"{path} is not a sweep: it has no {PLAN}")
    return path
