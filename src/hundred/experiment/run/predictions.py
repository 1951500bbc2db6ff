"""The logits of a trained network on test and validation images, and the file that keeps them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hundred.data.dataset import Dataset, Split
from hundred.errors import HundredError, UsageError
from hundred.evaluation.predict import predict_logits
from hundred.evaluation.tta import mean_prediction
from hundred.experiment.run.context import RunContext
from hundred.files import write_with
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
from hundred.recipe.schema import Recipe
from hundred.runs.layout import MODEL, PREDICTIONS
from hundred.runs.os_errors import os_errors_as_hundred_errors

Predict = Callable[[Split], Tensor]


def without_test(dataset: Dataset, recipe: Recipe) -> Dataset:
    """`dataset` with no test images in it, so that nothing can read them by mistake; its digest stays.

    Raises UsageError where the recipe's protocol validates on them.
    """
    if recipe.data.protocol == "test-as-validation":
        raise UsageError(
            "data.protocol = 'test-as-validation' reads the test set after each epoch: use holdout"
        )
    return replace(dataset, test=dataset.test.take(torch.arange(0)))


def predict(context: RunContext, *, saved: bool, warn: Callable[[str], None]) -> dict[str, Tensor]:
    """Float32 logits [n, classes] on the CPU: `test`, where the run is tested, `test_tta`, where the recipe
    has test-time augmentation, and `val`, where the validation images are others.

    saved: the model file was written; predictions then come from it, so that `hundred test` on it gives the
    same figures to the last digit.
    """
    predict_split = _from_file(context, warn) if saved else None
    if predict_split is None:
        predict_split = _from_network(context)
    logits = {"test": predict_split(context.splits.test)} if context.options.test else {}
    if "test" in logits and context.recipe.evaluation.tta != "none":
        test = context.splits.test
        logits["test_tta"] = mean_prediction(
            lambda images: predict_split(replace(test, images=images)),
            test.images,
            context.recipe.evaluation.tta,
        )
    if context.splits.validation_indices is not None and context.splits.validation is not None:
        logits["val"] = predict_split(context.splits.validation)
    return logits


def save_predictions(context: RunContext, logits: dict[str, Tensor]) -> None:
    """Write predictions.npz: test_logits, test_labels, and val_logits, val_labels, val_indices."""
    splits, path = context.splits, context.path / PREDICTIONS
    arrays: dict[str, Any] = {}
    if "test" in logits:
        arrays["test_logits"] = logits["test"].numpy()
        arrays["test_labels"] = splits.test.fine.cpu().numpy()
    if "val" in logits and splits.validation is not None and splits.validation_indices is not None:
        arrays["val_logits"] = logits["val"].numpy()
        arrays["val_labels"] = splits.validation.fine.cpu().numpy()
        arrays["val_indices"] = splits.validation_indices.cpu().numpy()
    with os_errors_as_hundred_errors(path):
        write_with(path, lambda temporary: np.savez(temporary, **arrays))


def _from_file(context: RunContext, warn: Callable[[str], None]) -> Predict | None:
    try:
        model = load(context.path / MODEL)
    except HundredError as error:  # our own fault, which must not fail the run
        warn(f"the saved model could not be read back: {error}")
        return None
    if not isinstance(model, Model):
        return None
    model.to(context.options.device)
    return lambda split: torch.from_numpy(model.logits_of_images(split.images))


def _from_network(context: RunContext) -> Predict:
    scaling = context.splits.scaling
    return lambda split: predict_logits(
        context.trainer.network,
        split.images,
        mean=scaling.mean,
        std=scaling.std,
        device=context.options.device,
        precision="float32",
    )
