"""What a training would do: builds it and measures a few steps; nothing is written."""

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from hundred.experiment.build.data import data_for, describe_data
from hundred.experiment.build.model import table_of_file
from hundred.experiment.build.resolve import check_call, resolve, with_model
from hundred.experiment.run.build import build_context
from hundred.experiment.run.context import RunContext, RunOptions
from hundred.experiment.run.scale_up import scale_up
from hundred.experiment.run.time_budget import (
    only_last_layer,
    plan_time,
    seconds_to_finish,
    seconds_to_predict,
)
from hundred.training.device import choose_device
from hundred.training.profiling import measure_head_step, measure_prediction, measure_step_time

MEASURING_SECONDS = 20.0


@dataclass(frozen=True)
class DryRun:
    """One training as it would be.

    images: counts by `training`, `validation` and `test`. step_seconds: of a step, by image side (0 is as
    stored). train_seconds, seconds: estimates of training with validation, and of the whole command.
    memory_bytes: most memory while measuring, of this process on a CPU, of PyTorch on a GPU; None where the
    system does not tell. notes: what would be warned of.
    """

    recipe: str
    model: str
    parameters: int
    device: str
    data: str
    data_source: str
    images: dict[str, int]
    classes: int
    epochs: float
    steps_per_epoch: int
    batch_size: int
    step_seconds: dict[int, float]
    train_seconds: float
    seconds: float
    memory_bytes: int | None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON's types."""
        return {**asdict(self), "step_seconds": {str(k): v for k, v in self.step_seconds.items()}}


def dry_run(
    recipe: str | Path | Mapping[str, Any] | None = None,
    *,
    data: Any = None,
    start_from: str | Path | None = None,
    scale: str | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    target: float | None = None,
    seed: int | None = None,
    device: str = "auto",
    protocol: str | None = None,
    set: Iterable[str] | Mapping[str, Any] = (),
    figures: bool = True,
    quiet: bool = False,
    started: float | None = None,
) -> DryRun:
    """What `hundred.train` with the same arguments would do.

    Raises UsageError and HundredError as that does.
    """
    check_call(minutes=minutes, scale=scale, start_from=start_from)
    began = time.monotonic() if started is None else started
    options = RunOptions(
        device=choose_device(device),
        started=began,
        data=data_for(recipe, data),
        deadline=None if minutes is None else began + minutes * 60,
        quiet=quiet,
        figures=figures,
    )
    values = {"epochs": epochs, "target": target, "seed": seed, "protocol": protocol}
    resolved = resolve(recipe, overrides=set, device=options.device.type, **values)  # type: ignore[arg-type]
    if start_from is not None:
        resolved = with_model(resolved, table_of_file(start_from, scale))
    context = scale_up(resolved, options, build_context(options.runs, resolved.recipe, options))
    notes: list[str] = []
    context = plan_time(context, notes.append, resumed=False)
    return _described(context, tuple(notes))


def _described(context: RunContext, notes: tuple[str, ...]) -> DryRun:
    trainer, plan, splits, recipe = context.trainer, context.trainer.plan, context.splits, context.recipe
    loading = time.monotonic() - context.options.started
    validating = 0 if splits.validation is None else len(splits.validation)
    validations = sum(plan.validates(epoch) for epoch in range(1, plan.last_epoch + 1))
    if only_last_layer(context):
        step_seconds, image_seconds = {0: measure_head_step(trainer)}, measure_prediction(trainer)
        beside = (len(trainer.batches.indices) + validating) * image_seconds  # their features
    else:
        step_seconds, image_seconds = measure_step_time(trainer, MEASURING_SECONDS)
        beside = validations * validating * image_seconds
    plan.costs = step_seconds
    training = plan.cost(0, plan.total_steps) + beside
    predicting = seconds_to_predict(context, image_seconds)
    source = describe_data(context.dataset)
    return DryRun(
        recipe=recipe.name,
        model=recipe.model.name,
        parameters=trainer.parameters,
        device=str(context.options.device),
        data=context.dataset.name,
        data_source=str(source["data_source"]),
        images={
            "training": len(trainer.batches.indices),
            "validation": validating,
            "test": len(splits.test),
        },
        classes=context.dataset.classes,
        epochs=plan.epochs,
        steps_per_epoch=plan.steps_per_epoch,
        batch_size=recipe.training.batch_size,
        step_seconds=step_seconds,
        train_seconds=training,
        seconds=loading + training + predicting + seconds_to_finish(context.options),
        memory_bytes=_most_memory(context.options.device),
        notes=notes,
    )


def _most_memory(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
