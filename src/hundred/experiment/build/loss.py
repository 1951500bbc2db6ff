"""The loss of a recipe: cross-entropy and its variants, a user's own, with or without a teacher."""

from collections.abc import Callable

import torch
from torch import Tensor

from hundred.data.dataset import Dataset
from hundred.data.normalize import Normalize
from hundred.errors import UsageError
from hundred.files import expand_user
from hundred.recipe.training import TrainingSection
from hundred.runs.layout import MODEL, is_run
from hundred.training.class_weights import class_weights
from hundred.training.importing import import_object
from hundred.training.loss import CrossEntropy, CustomLoss, Distillation, Loss, SuperclassLoss
from hundred.training.precision import mixed_precision


def build_loss(
    training: TrainingSection, dataset: Dataset, labels: Tensor, scaling: Normalize, precision: torch.dtype
) -> Loss:
    """The loss for images with `labels` (int64 [n], those trained on), normalized by `scaling`.

    Raises UsageError for values that do not fit each other, a class or a file that does not exist.
    """
    loss = _hard_loss(training, dataset, labels)
    if training.teacher:
        teacher = _teacher(training.teacher, dataset.classes, scaling, precision)
        loss = Distillation(loss, teacher, training.temperature, training.teacher_weight)
    if not training.superclass_weight:
        return loss
    if not dataset.has_superclasses:
        raise UsageError(f"training.superclass_weight needs superclasses, and {dataset.name} has none")
    coarse = CrossEntropy(training.label_smoothing)
    return SuperclassLoss(loss, coarse, dataset.fine_to_coarse.to(labels.device), training.superclass_weight)


def _hard_loss(training: TrainingSection, dataset: Dataset, labels: Tensor) -> Loss:
    weights = class_weights(training.class_weights, labels, dataset.fine_names)
    if ":" in training.loss:
        if weights is not None or training.label_smoothing:
            key = "class_weights" if weights is not None else "label_smoothing"
            raise UsageError(
                f"training.{key} has no effect on a loss of your own ({training.loss}): leave it out"
            )
        return CustomLoss(import_object(training.loss, "loss"), training.loss)
    if training.loss not in ("cross-entropy", "focal"):
        raise UsageError(
            f"training.loss = {training.loss!r}: it is 'cross-entropy', 'focal', or 'package:function'"
        )
    if weights is not None:
        weights = weights.to(labels.device)
    return CrossEntropy(
        training.label_smoothing, weights, training.focal_gamma if training.loss == "focal" else 0.0
    )


def _teacher(
    where: str, classes: int, scaling: Normalize, precision: torch.dtype
) -> Callable[[Tensor], Tensor]:
    """A function of images normalized by `scaling` to the logits of the run or file `where`."""
    from hundred.interchange.read.load import load
    from hundred.interchange.read.model import Model

    path = expand_user(where)
    loaded = load(path / MODEL if is_run(path) else path)
    if not isinstance(loaded, Model):
        raise UsageError(
            f"training.teacher = {where!r} cannot be evaluated natively: {'; '.join(loaded.notes)}"
        )
    device = scaling.mean.device
    network = loaded.network.to(device).to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    mean, std = torch.from_numpy(loaded.mean).to(device), torch.from_numpy(loaded.std).to(device)
    # From the scale of the student's input to the teacher's: x * factor + offset, by channel.
    factor = (scaling.std / std).view(1, -1, 1, 1)
    offset = ((scaling.mean - mean) / std).view(1, -1, 1, 1)

    def logits(images: Tensor) -> Tensor:
        with mixed_precision(precision, device):
            found: Tensor = network(images * factor.to(images.dtype) + offset.to(images.dtype))
        return found

    side = loaded.input_shape[0]
    with torch.no_grad():
        outputs = logits(torch.zeros(1, 3, side, side, device=device))
    if outputs.shape[1] != classes:
        raise UsageError(
            f"training.teacher = {where!r} knows {outputs.shape[1]} classes, and the data has {classes}"
        )
    return logits
