"""What a run leaves behind when training has ended: predictions, figures, the model file and its result."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from hundred.data.dataset import Split
from hundred.evaluation.metrics import evaluate
from hundred.evaluation.predict import predict_logits
from hundred.experiment.figures import draw_figures
from hundred.experiment.job import Job
from hundred.files import write_with
from hundred.interchange import save_h5
from hundred.runs.faults import told_in_one_line
from hundred.runs.layout import CHECKPOINT, MODEL, PREDICTIONS, RESULT
from hundred.runs.result import Result
from hundred.runs.run import Run
from hundred.training.events import Stopped


def finish(job: Job, stopped: Stopped, warn: Callable[[str], None]) -> Run:
    """Write everything that a finished run holds; of an interrupted one, only the model as it stands.

    `warn` is told what a person should know of trouble that does not cost the run.
    """
    _save_model(job)
    run = Run(job.path)
    if stopped.reason == "interrupted":
        return run
    logits = _predict(job)
    _save_predictions(job, logits)
    result = _result(job, stopped, logits)
    _write_result(job, result)
    # Drawn only now: whatever happens to a picture, the figures are safe.
    for fault in draw_figures(run, job.recipe, job.dataset, job.trainer.network, logits["test"]):
        warn(f"a picture could not be drawn: {fault}")
    _write_result(job, result)
    if stopped.reason != "not-finite":
        (job.path / CHECKPOINT).unlink(missing_ok=True)
    return run


def _save_model(job: Job) -> None:
    path, scaling = job.path / MODEL, job.splits.scaling
    metadata = {"recipe": job.recipe.name, "model": job.recipe.model.name, "data": job.dataset.name}
    with told_in_one_line(path):
        save_h5(
            path,
            job.trainer.network,
            mean=scaling.mean.tolist(),
            std=scaling.std.tolist(),
            class_names=job.dataset.fine_names,
            metadata=metadata,
        )


def _predict(job: Job) -> dict[str, Tensor]:
    """Logits on the test images, and on the validation images where they are others."""
    logits = {"test": _logits(job, job.splits.test)}
    if job.splits.validation_indices is not None and job.splits.validation is not None:
        logits["val"] = _logits(job, job.splits.validation)
    return logits


def _logits(job: Job, split: Split) -> Tensor:
    # In float32, whatever training used: a test of the saved file then gives the same figures.
    return predict_logits(
        job.trainer.network,
        split.images,
        mean=job.splits.scaling.mean,
        std=job.splits.scaling.std,
        device=job.call.device,
        precision="float32",
    )


def _save_predictions(job: Job, logits: dict[str, Tensor]) -> None:
    splits, path = job.splits, job.path / PREDICTIONS
    arrays: dict[str, Any] = {
        "test_logits": logits["test"].numpy(),
        "test_labels": splits.test.fine.cpu().numpy(),
    }
    if "val" in logits and splits.validation is not None and splits.validation_indices is not None:
        arrays["val_logits"] = logits["val"].numpy()
        arrays["val_labels"] = splits.validation.fine.cpu().numpy()
        arrays["val_indices"] = splits.validation_indices.cpu().numpy()
    with told_in_one_line(path):
        write_with(path, lambda temporary: np.savez(temporary, **arrays))


def _write_result(job: Job, result: dict[str, Any]) -> None:
    result["total_seconds"] = time.monotonic() - job.call.started
    Result.from_dict(result).write(job.path / RESULT)


def _result(job: Job, stopped: Stopped, logits: dict[str, Tensor]) -> dict[str, Any]:
    recipe, splits, trainer = job.recipe, job.splits, job.trainer
    test = evaluate(logits["test"], splits.test.fine.cpu(), job.dataset.fine_to_coarse)
    val_accuracy = None
    if "val" in logits and splits.validation is not None:
        val_accuracy = evaluate(
            logits["val"], splits.validation.fine.cpu(), job.dataset.fine_to_coarse
        ).accuracy
    elif splits.validation is not None:
        val_accuracy = test.accuracy
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
        "val_accuracy": val_accuracy,
        **{
            key: value
            for key, value in test.as_dict("test_").items()
            if key not in ("test_calibration_error",)
        },
        "calibration_error": test.calibration_error,
        "train_seconds": trainer.train_seconds,
        "images_per_second": _images_per_second(trainer.history),
        "stopped": stopped.reason,
        "stopped_detail": stopped.detail,
        "model_bytes": _size(job.path / MODEL),
    }


def _images_per_second(history: list[dict[str, Any]]) -> float | None:
    seconds = sum(row["seconds"] for row in history)
    return sum(row["images_per_second"] * row["seconds"] for row in history) / seconds if seconds else None


def _size(path: Path) -> int:
    return path.stat().st_size
