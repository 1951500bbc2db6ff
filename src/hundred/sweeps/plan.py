"""The settings of a sweep, in a file beside its runs, so that resuming it continues the same search."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import tomli_w

from hundred.errors import HundredError, UsageError, nearest
from hundred.files import write_text
from hundred.formatting import command, shortened
from hundred.reading import MOST_TOML_BYTES, parse_toml, read_bytes
from hundred.recipe.load import leaves, load_recipe
from hundred.runs.directory import newest_unfinished
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.sweeps.search.space import Space, count_points, grid_values, parse_space

PLAN = "sweep.toml"
SUMMARY = "sweep.json"
SEARCHES = ("tpe", "random", "grid")
PRUNERS = ("median", "halving", "none")
TRIALS = 20
SEEDS = 3
# A trial is proposed, and pruned, from the results of trials at least this far before it. So up to four can
# be under way at once and give the results of one after another, and TPE still learns from most of them.
AHEAD = 4
STARTUP = 10  # random trials before TPE begins: Optuna's own number (TPESampler), fewer in a short sweep

_HEAD = "The settings of this sweep. Resume it: {resume}"
# A resumed sweep may have more trials or seeds, and find its images elsewhere.
_MAY_CHANGE = ("trials", "seeds", "data")


def unfinished_sweep(runs: Path, name: str | None, recipe: str | None) -> Path:
    """The newest sweep in `runs`, of the recipe of that name where one is given, that has not ended and that
    no process writes. name: of the sweep that was asked for, which is not there.

    Raises UsageError where there is none.
    """
    with os_errors_as_hundred_errors(runs, "cannot read"):
        folders = sorted(runs.iterdir()) if runs.is_dir() else []
        sweeps = [path for path in folders if is_sweep(path)]
    if name is not None:
        hint = nearest(name, [path.name for path in sweeps])
        raise UsageError(f"there is no sweep {name!r} in {runs} to resume{hint}")
    prefix = "" if recipe is None else f"{recipe}-sweep"
    path = newest_unfinished(sweeps, prefix=prefix, end=SUMMARY)
    if path is None:
        raise UsageError(f"there is no unfinished sweep in {runs} to resume: name one with --name")
    return path


@dataclass(frozen=True)
class SweepPlan:
    """The settings that all trials of a sweep share.

    recipe: plain values of the recipe that is varied. vary: by key, as in `--vary`. trials: 0 where only time
    ends the sweep. prune: one of PRUNERS. seeds: of the winner. ahead: see AHEAD; at least the number of
    trials at once. startup: random trials before TPE. cpus: threads of a trial, 0 for torch's own number.
    data: the path given for it, or "" to look for it. store: a URL that keeps the runs, or "".
    """

    recipe: dict[str, Any]
    vary: dict[str, Any]
    search: str = "tpe"
    seed: int = 0
    trials: int = TRIALS
    prune: str = "median"
    seeds: int = SEEDS
    ahead: int = AHEAD
    startup: int = STARTUP
    cpus: int = 0
    data: str = ""
    data_name: str = ""
    data_digest: str = ""
    store: str = ""

    @cached_property
    def space(self) -> Space:
        """What is varied, checked against the recipe."""
        return parse_space(self.vary, self.recipe)

    @property
    def waits(self) -> bool:
        """Whether a trial depends on the results of earlier ones."""
        return self.search == "tpe" or self.prune != "none"


def make_plan(
    recipe: dict[str, Any], vary: dict[str, Any], given: Mapping[str, Any], workers: int
) -> SweepPlan:
    """A new plan; `given` are its other settings, by name, where they are not the defaults.

    Raises UsageError for a wrong call.
    """
    plan = SweepPlan(recipe, vary, **given)
    if plan.search not in SEARCHES:
        raise UsageError(f"--search {plan.search}: it is one of {', '.join(SEARCHES)}")
    if plan.prune not in PRUNERS:
        raise UsageError(f"--pruner {plan.prune}: it is one of {', '.join(PRUNERS)}")
    for name, least in (("trials", 0), ("seeds", 0), ("cpus", 0), ("seed", 0)):
        if getattr(plan, name) < least:
            raise UsageError(f"--{name} {getattr(plan, name)}: it takes {least} or more")
    protocol = load_recipe(recipe).recipe.data.protocol
    if protocol != "holdout":
        raise UsageError(
            f"the recipe's protocol {protocol!r} leaves no validation images to choose by: "
            "add --set data.protocol=holdout"
        )
    space = plan.space
    if plan.search == "grid":
        size = math.prod(len(grid_values(parameter)) for parameter in space)
        plan = replace(plan, trials=min(plan.trials if "trials" in given else size, size))
    size = count_points(space) or 0
    if size:
        plan = replace(plan, trials=min(plan.trials or size, size))
    if "training.epochs" in vary and plan.prune != "none":
        # An epoch is another share of each trial's schedule, so curves cannot be compared.
        plan = replace(plan, prune="none")
    startup = min(STARTUP, max(AHEAD, plan.trials // 4)) if plan.trials else STARTUP
    return replace(plan, ahead=max(AHEAD, workers), startup=startup)


def is_sweep(path: Path) -> bool:
    """Whether `path` is a sweep's directory."""
    return (path / PLAN).is_file()


def write_plan(folder: Path, plan: SweepPlan) -> None:
    """Write the plan into the sweep directory."""
    settings = asdict(plan)
    recipe, vary = settings.pop("recipe"), settings.pop("vary")
    text = f"# {_HEAD.format(resume=command('sweep', folder.resolve(), '--resume'))}\n" + tomli_w.dumps(
        {**settings, "vary": vary, "recipe": recipe}
    )
    with os_errors_as_hundred_errors(folder / PLAN):
        write_text(folder / PLAN, text)


def read_plan(folder: Path) -> SweepPlan:
    """The plan of a sweep directory. Raises HundredError where it is missing or damaged."""
    path = folder / PLAN
    with os_errors_as_hundred_errors(path, "cannot read"):
        data = read_bytes(path, MOST_TOML_BYTES)
    try:
        values = parse_toml(data.decode())
        types = {"recipe": dict, "vary": dict}
        defaults = {each.name: each.default for each in fields(SweepPlan)}
        for name, value in values.items():
            kind = types.get(name) or type(defaults[name])
            if type(value) is not kind:
                raise ValueError(f"{name} is {value!r}")
        return SweepPlan(**values)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise HundredError(f"{path} is damaged ({str(error)[:80]}): begin another sweep") from None


def resume_plan(begun: SweepPlan, folder: Path, given: Mapping[str, Any]) -> SweepPlan:
    """The plan `begun`, with the number of trials and seeds in `given`.

    given: settings of the call, by the names of `SweepPlan`; others stay as they were.

    Raises UsageError where the call describes another sweep than was begun.
    """
    changed: dict[str, Any] = {}
    for name, value in given.items():
        before = getattr(begun, name)
        if name in _MAY_CHANGE:
            changed[name] = value
        elif name == "recipe":
            _check_recipe(folder, before, value)
        elif before != value:
            raise _other_sweep(folder, name, before, value)
    size = count_points(begun.space)
    if size and "trials" in changed:
        changed["trials"] = min(changed["trials"] or size, size)
    return replace(begun, **changed)


def _check_recipe(folder: Path, begun: dict[str, Any], given: dict[str, Any]) -> None:
    before, now = leaves(load_recipe(begun).recipe), leaves(load_recipe(given).recipe)
    for key in {**before, **now}:
        if before.get(key) != now.get(key):
            raise _other_sweep(folder, key, before.get(key), now.get(key))


def _other_sweep(folder: Path, name: str, before: Any, now: Any) -> UsageError:
    return UsageError(
        f"{folder} was begun with {name.replace('_', ' ')} {shortened(before)}, not {shortened(now)}\n"
        "resume it with the same settings, or start another sweep with --name"
    )
