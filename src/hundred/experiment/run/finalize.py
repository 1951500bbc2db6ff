"""After training: write the model file, predictions and the result of a run; then draw it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hundred.errors import HundredError
from hundred.evaluation.metrics import evaluate
from hundred.evaluation.own_metrics import load_metrics, measure
from hundred.experiment.run.context import RunContext
from hundred.experiment.run.model_file import save_model
from hundred.experiment.run.predictions import predict, save_predictions
from hundred.runs.directory import check_in_place
from hundred.runs.layout import CHECKPOINT, FINISHED, MODEL, RESULT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.progress.announce import announce
from hundred.runs.result import Result
from hundred.runs.run import Run
from hundred.runs.sittings import SittingLog
from hundred.training.events import Stopped


def finalize(context: RunContext, stopped: Stopped, warn: Callable[[str], None], sittings: SittingLog) -> Run:
    """Write what a finished run holds before it is drawn; of an interrupted one, only the current model.

    All of it can be repeated from the last epoch's checkpoint, which is removed last.
    warn: called with a message for each problem that does not fail the run. sittings: the run's time and
    energy.
    """
    run = Run(context.path)
    check_in_place(context.path)
    saved = save_model(context, warn)
    if stopped.reason == "interrupted":
        return run
    if context.options.test:
        announce(f"testing on {len(context.splits.test):,} images", quiet=context.options.quiet)
    logits = predict(context, saved=saved, warn=warn)
    check_in_place(context.path)
    save_predictions(context, logits)
    _write_result(context.path, _result(context, stopped, logits, warn), sittings)
    if not context.options.keep_checkpoint:
        with os_errors_as_hundred_errors(context.path / CHECKPOINT, "cannot remove"):
            _retire_checkpoint(context)
    return run


def draw(context: RunContext, run: Run, warn: Callable[[str], None]) -> None:
    """Tables, figures and the page of the finished `run`; see `draw_run`."""
    # Imported here: what draws is not waited for before the first step.
    from hundred.experiment.report.draw import draw_run

    announce("drawing pictures", quiet=context.options.quiet)
    draw_run(run, context.recipe, context.dataset, context.trainer.network, warn)


def _retire_checkpoint(context: RunContext) -> None:
    """Keep the checkpoint under the name of a finished run's, from which it can be given more epochs."""
    checkpoint = context.path / CHECKPOINT
    if context.options.keep_state and checkpoint.exists():
        checkpoint.replace(context.path / FINISHED)
    else:
        checkpoint.unlink(missing_ok=True)


def _write_result(path: Path, result: dict[str, Any], sittings: SittingLog) -> None:
    Result.from_dict({**result, **sittings.figures()}).write(path / RESULT)
    sittings.write()


def _result(
    context: RunContext, stopped: Stopped, logits: dict[str, Tensor], warn: Callable[[str], None]
) -> dict[str, Any]:
    recipe, trainer = context.recipe, context.trainer
    return {
        "name": context.path.name,
        "recipe": recipe.name,
        "model": recipe.model.name,
        "parameters": trainer.parameters,
        "epochs": stopped.epoch,
        "seed": recipe.seed,
        "device": str(context.options.device),
        "data": context.dataset.name,
        "data_digest": context.dataset.digest,
        "protocol": recipe.data.protocol,
        **_accuracies(context, logits),
        **_own_metrics(context, logits, warn),
        "train_seconds": trainer.train_seconds,
        "images_per_second": _images_per_second(trainer.history),
        "stopped": stopped.reason,
        "stopped_detail": stopped.detail,
        "model_bytes": _size(context.path / MODEL),
    }


def _accuracies(context: RunContext, logits: dict[str, Tensor]) -> dict[str, Any]:
    """`val_accuracy`, and the test figures of a run that is tested."""
    splits, to_coarse = context.splits, context.dataset.fine_to_coarse
    figures: dict[str, Any] = {"val_accuracy": None}
    if "val" in logits and splits.validation is not None:
        figures["val_accuracy"] = evaluate(logits["val"], splits.validation.fine.cpu(), to_coarse).accuracy
    if "test" not in logits:
        return figures
    trained_on = splits.train.fine[splits.train_indices].cpu()
    counts = torch.bincount(trained_on, minlength=len(context.dataset.fine_names))
    test = evaluate(logits["test"], splits.test.fine.cpu(), to_coarse, train_counts=counts)
    if splits.validation is not None and "val" not in logits:
        figures["val_accuracy"] = test.accuracy
    figures |= test.as_dict("test_")
    figures["calibration_error"] = figures.pop("test_calibration_error")
    if "test_tta" in logits:
        averaged = evaluate(logits["test_tta"], splits.test.fine.cpu(), to_coarse)
        figures |= {
            "tta": context.recipe.evaluation.tta,
            "test_tta_accuracy": averaged.accuracy,
            "test_tta_loss": averaged.loss,
        }
    return figures


def _own_metrics(
    context: RunContext, logits: dict[str, Tensor], warn: Callable[[str], None]
) -> dict[str, Any]:
    """The user's metrics of the test images; one that fails costs a warning, not the run."""
    metrics = load_metrics(context.recipe.evaluation.metrics) if "test" in logits else {}
    found: dict[str, float] = {}
    for name, metric in metrics.items():
        try:
            found |= measure({name: metric}, logits["test"].numpy(), context.splits.test.fine.cpu().numpy())
        except HundredError as error:
            warn(str(error))
    named = {"metrics": list(found)} if found else {}
    return {**{f"test_{name}": value for name, value in found.items()}, **named}


def _images_per_second(history: list[dict[str, Any]]) -> float | None:
    seconds = sum(row["seconds"] for row in history)
    return sum(row["images_per_second"] * row["seconds"] for row in history) / seconds if seconds else None


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
