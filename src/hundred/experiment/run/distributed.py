"""One call of `train` in several processes of `torchrun`: process 0 does all that a single process does.

The others follow; see `hundred.training.strategies.distributed` for what they exchange. They build each run
from what process 0 sends, write nothing, and print only an error of their own, on which torchrun ends all.
"""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import HundredError, UsageError
from hundred.experiment.run.build import build_context
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.experiment.run.out_of_memory import out_of_memory_as_hundred_error
from hundred.recipe.callbacks import CallbacksSection
from hundred.recipe.load import load_recipe
from hundred.recipe.write import to_toml
from hundred.training.profiling import measure_step_time

if TYPE_CHECKING:
    from hundred.training.strategies.distributed import DistributedStrategy


def join_processes(device: str) -> "tuple[str, DistributedStrategy | None]":
    """The device of this process for `--device DEVICE`, and the strategy where torchrun started several.

    Raises UsageError where several processes cannot have that device.
    """
    from hundred.training.device import choose_device
    from hundred.training.strategies.distributed import DistributedStrategy, device_here, place

    rank, size, _ = place()
    if size == 1:
        return device, None
    device = device_here(device)
    return device, DistributedStrategy(rank, size, choose_device(device))


def start_followers(context: RunContext, *, resumed: bool) -> None:
    """In process 0: make the other processes, if any, build the run of `context` in its current state.

    Raises UsageError where the batch has fewer images than there are processes.
    """
    strategy = context.options.strategy
    if strategy is None:
        return
    size = context.recipe.training.batch_size
    if size < strategy.size:
        raise UsageError(
            f"a batch of {size} images cannot be shared by {strategy.size} processes: "
            f"try --set training.batch_size={strategy.size * 32}"
        )
    strategy.broadcast(
        {
            "recipe": to_toml(context.recipe),
            "digest": context.dataset.digest,
            "measure_step_time": measures_step_time(context.options, resumed=resumed),
            "state": context.trainer.state_dict() if resumed else None,
        }
    )
    strategy.running = True
    strategy.start(context.trainer.network)


def measures_step_time(options: RunOptions, *, resumed: bool) -> bool:
    """Whether a run of `options` measures its steps before it begins."""
    return options.deadline is not None and not resumed and not options.keep_plan


@contextmanager
def dismissing_followers(strategy: "DistributedStrategy | None") -> Iterator[list[Path]]:
    """Around the work of process 0, which puts the paths of its results into the yielded list.

    The other processes end afterwards. Where this process fails within a run they notice a lost connection.
    """
    outcome: list[Path] = []
    try:
        yield outcome
    finally:
        if strategy is not None and not strategy.running:
            strategy.broadcast({"end": [str(path) for path in outcome]})


def follow(strategy: "DistributedStrategy", options: RunOptions) -> Path:
    """In the other processes: train until process 0 has finished; return the path of its result.

    Raises HundredError where this process cannot go on, SystemExit where process 0 failed and has said why.
    """
    try:
        while "end" not in (order := strategy.broadcast()):
            _train_one(strategy, options, order)
    except RuntimeError as error:
        if "gloo" not in str(error) and type(error).__name__ not in ("DistBackendError", "DistNetworkError"):
            raise
        raise HundredError(f"process {strategy.rank} of {strategy.size} lost the others and ends") from error
    if not order["end"]:
        raise SystemExit(1)
    return Path(order["end"][0])


def _train_one(strategy: "DistributedStrategy", options: RunOptions, order: Mapping[str, Any]) -> None:
    recipe = load_recipe(tomllib.loads(order["recipe"])).recipe
    # The callbacks of process 0 act for all.
    recipe = recipe.model_copy(update={"callbacks": CallbacksSection()})
    context = build_context(options.runs, recipe, replace(options, strategy=strategy))
    if context.dataset.digest != order["digest"]:
        raise UsageError(
            f"process {strategy.rank} found other images than process 0: {context.dataset.source}"
        )
    trainer = context.trainer
    if order["state"] is not None:
        trainer.load_state_dict({**order["state"], "callbacks": []})
    strategy.start(trainer.network)
    with context.interrupt, out_of_memory_as_hundred_error(recipe):
        if order["measure_step_time"]:
            measure_step_time(trainer)
        trainer.sync_state()
        for _ in trainer.run():
            pass
