"""`train`: one run, or several seeds of it, from a recipe to finished run directories."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hundred.errors import UsageError
from hundred.experiment.job import Call
from hundred.experiment.once import train_once
from hundred.experiment.repeat import Repeats, train_repeats
from hundred.experiment.targets import overrides_for
from hundred.recipe import Resolved, load_recipe
from hundred.runs.run import Run
from hundred.training.device import choose_device


def train(
    recipe: str | Path | Mapping[str, Any] = "sprint",
    *,
    data: str | Path | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    target: float | None = None,
    seed: int | None = None,
    repeat: int = 1,
    device: str = "auto",
    protocol: str | None = None,
    set: Iterable[str] | Mapping[str, Any] = (),
    name: str | None = None,
    runs: str | Path = "runs",
    resume: bool = False,
    listeners: Sequence[object] = (),
    quiet: bool = False,
    started: float | None = None,
) -> Run | Repeats:
    """Train by `recipe` (a built-in name, a file, or a mapping) and return the finished Run.

    data: `sample`, a path to CIFAR-100 in any published form, or None to look for it.
    minutes: end the whole call within so many minutes; epochs are planned from measured step times.
    target: a test accuracy (fraction) for which the cheapest known setting is taken.
    repeat: train so many seeds, `seed`, `seed + 1` and so on, and return Repeats instead.
    set: overrides such as `["training.batch_size=256"]` or `{"training.batch_size": 256}`.
    resume: go on with the run `name`, or with the newest unfinished one of this recipe.
    listeners: objects with some of the methods of `hundred.training.events.METHODS`.
    quiet: no progress display on standard error, only warnings.
    started: `time.monotonic()` when the command began, for `minutes` and `total_seconds`; None is now.

    Raises UsageError for a wrong call, HundredError where the work fails, and KeyboardInterrupt after an
    interruption, with everything up to then kept.
    """
    if minutes is not None and not minutes > 0:
        raise UsageError(f"--minutes {minutes}: a run needs more than 0 minutes")
    if repeat < 1:
        raise UsageError(f"--repeat {repeat}: it takes 1 or more")
    call = Call(
        data=data,
        device=choose_device(device),
        name=name,
        runs=Path(runs),
        resume=resume,
        minutes=minutes,
        listeners=tuple(listeners),
        quiet=quiet,
        started=time.monotonic() if started is None else started,
    )
    resolved = resolve(recipe, epochs=epochs, target=target, seed=seed, protocol=protocol, overrides=set)
    if repeat > 1:
        return train_repeats(resolved, call, repeat)
    return train_once(resolved, call)


def resolve(
    recipe: str | Path | Mapping[str, Any],
    *,
    epochs: int | None = None,
    target: float | None = None,
    seed: int | None = None,
    protocol: str | None = None,
    overrides: Iterable[str] | Mapping[str, Any] = (),
) -> Resolved:
    """The recipe with the shorthands of the command line and `overrides` applied, in that order."""
    shorthands = {"training.epochs": epochs, "seed": seed, "data.protocol": protocol}
    given = {key: value for key, value in shorthands.items() if value is not None}
    if target is not None:
        given = {**overrides_for(recipe, target), **given}
    resolved = load_recipe(recipe, given)
    if not overrides:
        return resolved
    with_overrides = load_recipe(resolved.recipe.as_dict(), overrides)
    changed = {key for key, origin in with_overrides.origins.items() if origin == "--set"}
    origins = {
        key: "--set" if key in changed else resolved.origins.get(key, "default")
        for key in with_overrides.origins
    }
    return Resolved(with_overrides.recipe, origins, resolved.parents)
