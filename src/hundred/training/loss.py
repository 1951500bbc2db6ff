"""Losses on logits: cross-entropy with smoothing, class weights and focusing, distillation, and the hits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from hundred.errors import UsageError

# Weight of the losses of outputs that a network has only in training (Szegedy et al. 2015, section 5).
AUXILIARY_WEIGHT = 0.3


class Loss(Protocol):
    """The mean loss [] of a batch."""

    def __call__(self, logits: Tensor, targets: Tensor, images: Tensor) -> Tensor:
        """logits: float [n, classes]. targets: as of `cross_entropy`. images: the normalized input."""
        ...


@dataclass(frozen=True)
class CrossEntropy:
    """Cross-entropy, the mean over images.

    label_smoothing: share e of the target spread evenly: (1 - e) target + e / classes (Szegedy et al. 2016).
    class_weights: float [classes], of each class's term, or None. The mean is over images, not over weights:
        so the gradients of parts of a batch add up, and weights with mean 1 leave the loss's scale.
    focal_gamma: each class's term is multiplied by (1 - p) ** gamma (Lin et al. 2017); 0 is plain.
    """

    label_smoothing: float = 0.0
    class_weights: Tensor | None = None
    focal_gamma: float = 0.0

    def __call__(self, logits: Tensor, targets: Tensor, images: Tensor | None = None) -> Tensor:
        """See `Loss`."""
        if self.class_weights is None and not self.focal_gamma:
            return cross_entropy(logits, targets, self.label_smoothing)[0]
        log_p = F.log_softmax(logits.float(), dim=1)  # [n, classes]
        classes = logits.shape[1]
        target = targets.float() if targets.is_floating_point() else F.one_hot(targets, classes).float()
        target = target * (1.0 - self.label_smoothing) + self.label_smoothing / classes
        terms = -target * log_p
        if self.focal_gamma:
            terms = terms * (1.0 - log_p.exp()) ** self.focal_gamma
        if self.class_weights is not None:
            terms = terms * self.class_weights.to(terms.device)
        return terms.sum() / len(logits)


@dataclass(frozen=True)
class Distillation:
    """(1 - weight) loss + weight T^2 KL(teacher || student), both softened by T (Hinton et al. 2015).

    teacher: normalized images to logits. temperature: T.
    """

    loss: Loss
    teacher: Callable[[Tensor], Tensor]
    temperature: float = 4.0
    weight: float = 0.5

    def __call__(self, logits: Tensor, targets: Tensor, images: Tensor) -> Tensor:
        """See `Loss`."""
        with torch.no_grad():
            soft = F.log_softmax(self.teacher(images).float() / self.temperature, dim=1)
        ours = F.log_softmax(logits.float() / self.temperature, dim=1)
        divergence = F.kl_div(ours, soft, reduction="batchmean", log_target=True)
        hard = self.loss(logits, targets, images)
        return (1.0 - self.weight) * hard + self.weight * self.temperature**2 * divergence


@dataclass(frozen=True)
class CustomLoss:
    """A user's function (logits [n, classes], targets) -> mean loss []."""

    function: Callable[[Tensor, Tensor], Tensor]
    name: str

    def __call__(self, logits: Tensor, targets: Tensor, images: Tensor) -> Tensor:
        """See `Loss`. Raises UsageError where the function returns something else."""
        loss = self.function(logits, targets)
        if not isinstance(loss, Tensor) or loss.dim() or not loss.is_floating_point():
            shape = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise UsageError(f"the loss {self.name} returned {shape}: it returns the mean loss, a tensor []")
        return loss


@dataclass(frozen=True)
class SuperclassLoss:
    """`loss` of the classes plus `weight` times `coarse_loss` of the superclasses, a network's second output.

    fine_to_coarse: int64 [classes], the superclass of each class. Targets of superclasses come from those of
    classes; mixed ones (float [n, classes]) are added up within each superclass.
    """

    loss: Loss
    coarse_loss: Loss
    fine_to_coarse: Tensor
    weight: float

    def __call__(self, logits: Tensor, targets: Tensor, images: Tensor) -> Tensor:
        """Of the classes alone."""
        return self.loss(logits, targets, images)

    def of_superclasses(self, logits: Tensor, targets: Tensor, images: Tensor) -> Tensor:
        """The weighted loss of logits [n, superclasses]; targets: of the classes."""
        superclass = self.fine_to_coarse.to(targets.device)
        if targets.is_floating_point():
            coarse = targets.new_zeros(len(targets), logits.shape[1]).index_add_(1, superclass, targets)
        else:
            coarse = superclass[targets]
        return self.weight * self.coarse_loss(logits, coarse, images)


def loss_of_outputs(
    loss: Loss, outputs: Tensor | tuple[Tensor, ...], targets: Tensor, images: Tensor
) -> tuple[Tensor, Tensor]:
    """(loss [], logits) of a network's outputs: logits, or a tuple whose first entry they are.

    Further entries are auxiliary logits, as GoogLeNet has them in training; each adds 0.3 of its loss. With a
    `SuperclassLoss` the second entry is logits of the superclasses.
    """
    if isinstance(outputs, Tensor):
        return loss(outputs, targets, images), outputs
    logits, *others = outputs
    total = loss(logits, targets, images)
    if isinstance(loss, SuperclassLoss):
        return total + loss.of_superclasses(others[0], targets, images), logits
    for other in others:
        total = total + AUXILIARY_WEIGHT * loss(other, targets, images)
    return total, logits


def cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, reduction: str = "mean"
) -> tuple[Tensor, Tensor]:
    """The loss of a batch and how many of its images were classified right.

    logits: float [n, classes], of any floating type; the arithmetic is float32, since exponentials of half
        precision lose digits that the gradient needs.
    targets: int64 [n], the fine class of each image; or float [n, classes], a distribution for each (mixup,
        CutMix), where an image counts as right if its heaviest class was predicted.
    label_smoothing: see `CrossEntropy`. reduction: "mean" over the batch, or "sum".

    Returns (loss float32 [], correct int64 []), both on the device of `logits`, without waiting for it.
    Raises UsageError for a smoothing outside 0 to 1.
    """
    if not 0.0 <= label_smoothing <= 1.0:
        raise UsageError(f"label smoothing is {label_smoothing}; it must lie between 0 and 1")
    loss = F.cross_entropy(
        logits.float(), _as_float32(targets), label_smoothing=label_smoothing, reduction=reduction
    )
    return loss, count_correct(logits, targets)


@torch.no_grad()
def count_correct(logits: Tensor, targets: Tensor) -> Tensor:
    """How many rows of `logits` have their largest value at the target (int64 []); targets as above."""
    labels = targets.argmax(1) if targets.is_floating_point() else targets
    return (logits.argmax(1) == labels).sum()


def _as_float32(targets: Tensor) -> Tensor:
    return targets.float() if targets.is_floating_point() else targets
