"""What a run leaves behind when training has ended: predictions, figures, the model file and its result."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor

from hundred.errors import HundredError
from hundred.evaluation.metrics import evaluate
from hundred.experiment.report.figures import draw_figures
from hundred.experiment.report.page import write_run_report
from hundred.experiment.run.context import RunContext
from hundred.experiment.run.model_file import save_model
from hundred.experiment.run.predictions import predict, save_predictions
from hundred.runs.layout import CHECKPOINT, MODEL, RESULT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.result import Result
from hundred.runs.run import Run
from hundred.training.events import Stopped


def finish(job: RunContext, stopped: Stopped, warn: Callable[[str], None]) -> Run:
    """Write everything that a finished run holds; of an interrupted one, only the model as it stands.

    All of it can be done again from the last epoch's checkpoint, which goes last.
    `warn` is told what a person should know of trouble that does not cost the run.
    """
    run = Run(job.path)
    saved = save_model(job, warn)
    if stopped.reason == "interrupted":
        return run
    logits = predict(job, saved=saved, warn=warn)
    save_predictions(job, logits)
    result = _result(job, stopped, logits)
    _write_result(job, result)
    if job.call.figures:
        network = job.trainer.network
        for fault in draw_figures(run, job.recipe, job.dataset, network, logits.get("test")):
            warn(f"a picture could not be drawn: {fault}")
        # Before the page, so that the page and result.json have the very same figures.
        _write_result(job, result)
        _write_report(run, job, warn)
    if not job.call.keep_checkpoint:
        with os_errors_as_hundred_errors(job.path / CHECKPOINT, "cannot remove"):
            (job.path / CHECKPOINT).unlink(missing_ok=True)
    return run


def _write_report(run: Run, job: RunContext, warn: Callable[[str], None]) -> None:
    try:
        write_run_report(run, job.dataset)
    except Exception as error:  # a run is not lost over its page, unless the disk refuses
        if isinstance(error, HundredError) and isinstance(error.__cause__, OSError):
            raise
        warn(f"the report could not be written: {error}")


def _write_result(job: RunContext, result: dict[str, Any]) -> None:
    result["total_seconds"] = time.monotonic() - job.call.started
    Result.from_dict(result).write(job.path / RESULT)


def _result(job: RunContext, stopped: Stopped, logits: dict[str, Tensor]) -> dict[str, Any]:
    recipe, trainer = job.recipe, job.trainer
    return {
        "name": job.path.name,
        "recipe": recipe.name,
        "model": recipe.model.name,
        "parameters": trainer.parameters,
        "epochs": stopped.epoch,
        "seed": recipe.seed,
        "device": str(job.call.device),
        "data": job.dataset.name,
        "data_digest": job.dataset.digest,
        "protocol": recipe.data.protocol,
        **_accuracies(job, logits),
        "train_seconds": trainer.train_seconds,
        "images_per_second": _images_per_second(trainer.history),
        "stopped": stopped.reason,
        "stopped_detail": stopped.detail,
        "model_bytes": _size(job.path / MODEL),
    }


def _accuracies(job: RunContext, logits: dict[str, Tensor]) -> dict[str, Any]:
    """`val_accuracy`, and the test figures of a run that is tested."""
    splits, to_coarse = job.splits, job.dataset.fine_to_coarse
    figures: dict[str, Any] = {"val_accuracy": None}
    if "val" in logits and splits.validation is not None:
        figures["val_accuracy"] = evaluate(logits["val"], splits.validation.fine.cpu(), to_coarse).accuracy
    if "test" not in logits:
        return figures
    test = evaluate(logits["test"], splits.test.fine.cpu(), to_coarse)
    if splits.validation is not None and "val" not in logits:
        figures["val_accuracy"] = test.accuracy
    figures |= test.as_dict("test_")
    figures["calibration_error"] = figures.pop("test_calibration_error")
    return figures


def _images_per_second(history: list[dict[str, Any]]) -> float | None:
    seconds = sum(row["seconds"] for row in history)
    return sum(row["images_per_second"] * row["seconds"] for row in history) / seconds if seconds else None


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
