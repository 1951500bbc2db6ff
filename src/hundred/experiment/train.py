"""`train`: one run, or several seeds of it, from a recipe to finished run directories."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.experiment.build.data import data_for, open_for
from hundred.experiment.build.model import table_of_file, table_of_network
from hundred.experiment.build.resolve import check_call, resolve, with_model
from hundred.experiment.repeats import train_repeats
from hundred.experiment.run.context import Network, RunOptions
from hundred.experiment.run.distributed import dismissing_followers, follow, join_processes
from hundred.experiment.run.lifecycle import train_run
from hundred.runs.labels import labels_of
from hundred.runs.layout import is_run
from hundred.runs.progress.announce import announce
from hundred.runs.repeats import Repeats, is_repeats
from hundred.runs.run import Run
from hundred.training.device import choose_device


def train(
    recipe: str | Path | Mapping[str, Any] | None = None,
    *,
    data: str | Path | Dataset | None = None,
    model: Network | None = None,
    start_from: str | Path | None = None,
    scale: str | None = None,
    epochs: float | None = None,
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
    doctor: bool = False,
    listeners: Sequence[object] = (),
    quiet: bool = False,
    figures: bool = True,
    keep_checkpoint: bool = False,
    started: float | None = None,
    test: bool = True,
    rewarm: bool = False,
    tags: Sequence[str] = (),
    note: str = "",
    on_result: Callable[[Run], None] | None = None,
) -> Run | Repeats:
    """Train by `recipe` (a built-in name, a file or a mapping; None is `sprint`); return the finished Run.

    data: `sample`, a path to CIFAR-100 in any published form, an opened dataset, or None to look for it: in
        the data of the run where `recipe` is a run directory.
    model: your own network instead of the recipe's: a function of the number of classes that builds it, or an
        nn.Module, which is trained itself. It takes float [n, 3, 32, 32], normalized, to logits [n, classes].
    start_from: a saved model, ours or anyone's Keras file, whose network is trained further instead of the
        recipe's, with its input scale; `scale` (`0-1`, `0-255`, `standard`) gives that of a foreign file.
    epochs: instead of the recipe's; with `minutes`, at most so many.
    minutes: end the whole call within this time; epochs are planned from measured step times.
    target: a test accuracy (fraction): takes the cheapest setting known to reach it.
    repeat: train this many seeds, `seed`, `seed + 1` and so on; returns Repeats.
    set: overrides such as `["training.batch_size=256"]` or `{"training.batch_size": 256}`.
    resume: go on with the run `name`, with the run whose directory is given as `recipe`, or with the newest
        unfinished one (of this recipe, where one is given). More `epochs`, and other values of batch size,
        rates, schedule, augmentation and patience, go on with a finished run as well, which is returned as it
        is without them. rewarm: its learning-rate schedule runs once more over the new epochs.
    doctor: report the doctor's findings during the run (`doctor.live`; with `doctor.act` it acts on them).
    listeners: objects with any of the methods of `hundred.training.events.METHODS`.
    quiet: no progress display on standard error, only warnings. figures: draw them at the end.
    keep_checkpoint: leave checkpoint.pt when the run has finished.
    test: False leaves the test images unread, for runs among which you will choose; test figures are null.
    tags, note: what `hundred runs` and trackers show of the run; of repeats, of their folder and of each.
    on_result: called with each finished Run when its result is written, before its pictures are drawn.
    started: `time.monotonic()` when the command began, for `minutes` and `total_seconds`; None is now.

    Under PyTorch's `torchrun`, call this in each process; they train one network together.

    Raises UsageError for a wrong call, HundredError where the work fails, and KeyboardInterrupt after an
    interruption, with everything so far kept.
    """
    check_call(minutes=minutes, repeat=repeat, scale=scale, start_from=start_from, name=name)
    _check_network(model, start_from, repeat)
    began = time.monotonic() if started is None else started
    device, strategy = join_processes(device)
    data = data if resume else data_for(recipe, data)
    options = RunOptions(
        data=data,
        device=choose_device(device),
        network=model,
        name=name,
        runs=Path(runs),
        resume=resume,
        deadline=None if minutes is None else began + minutes * 60,
        listeners=tuple(listeners),
        quiet=quiet,
        figures=figures,
        keep_checkpoint=keep_checkpoint,
        started=began,
        test=test,
        rewarm=rewarm,
        labels=labels_of(tags, note),
        on_result=on_result,
        strategy=strategy,
    )
    if strategy is not None and strategy.rank > 0:
        path = follow(strategy, replace(options, deadline=None))
        return Repeats(path) if is_repeats(path) else Run(path)
    if epochs is not None:
        options = replace(options, most_epochs=epochs)
    if resume and name is None and isinstance(recipe, str | Path) and is_run(Path(recipe)):
        path = Path(recipe).resolve()
        options = replace(options, name=path.name, runs=path.parent)
    with dismissing_followers(strategy) as outcome:
        resolved = resolve(
            recipe,
            epochs=epochs,
            target=target,
            seed=seed,
            protocol=protocol,
            doctor=doctor,
            overrides=set,
            device=options.device.type,
        )
        if start_from is not None:
            section = resolved.recipe.data
            table = table_of_file(start_from, scale, lambda: open_for(data, section))
            resolved = with_model(resolved, table)
        elif model is not None:
            resolved = with_model(resolved, table_of_network(model))
        if not isinstance(data, Dataset):
            announce("loading images", quiet=quiet)
        trained: Run | Repeats
        if repeat > 1:
            trained = train_repeats(resolved, options, repeat)
        else:
            trained = train_run(resolved, options, any_recipe=recipe is None)
        outcome.append(trained.path)
    return trained


def _check_network(model: Network | None, start_from: str | Path | None, repeat: int) -> None:
    if model is not None and start_from is not None:
        raise UsageError("model and start_from are two networks: give one of them")
    if isinstance(model, nn.Module) and repeat > 1:
        raise UsageError("one network cannot be trained by several seeds: give a function that builds it")
