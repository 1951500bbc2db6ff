"""The figures of one trained network on labelled images: accuracies, loss and calibration."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hundred.evaluation.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_labels,
    as_logits,
    as_superclasses,
    log_probabilities,
    predictions,
)
from hundred.evaluation.intervals import wilson_interval

if TYPE_CHECKING:
    import pandas as pd  # loaded where a table is made: a training does not wait for it

MANY_SHOT, FEW_SHOT = 100, 20
"""Many-shot classes have more training images than the first, few-shot classes fewer than the second, as in
Liu et al., "Large-scale long-tailed recognition in an open world", CVPR 2019, section 4.1."""

TOP = 5


@dataclass(frozen=True)
class Metrics:
    """Accuracies and calibration_error are fractions; loss is in nats.

    top5_accuracy: None where there are at most five classes.
    coarse_accuracy: how often the predicted fine class belongs to the right superclass.
    coarse_accuracy_summed: how often the superclass with the highest sum of probabilities is the right one.
        Both None without superclasses.
    balanced_accuracy: mean recall over the classes that have images; macro_f1: their mean F1. Both None where
        all classes have the same number of images: the first is then the accuracy.
    shot_accuracies: accuracy over the classes with many, medium and few training images; {} where the
        training set is balanced, or not known.
    reliability: one row per confidence bin: low, high, count, confidence, accuracy, gap (NaN where empty).
    images: how many there were.
    """

    accuracy: float
    top5_accuracy: float | None
    loss: float
    coarse_accuracy: float | None
    coarse_accuracy_summed: float | None
    calibration_error: float
    images: int
    reliability: "pd.DataFrame" = field(repr=False, compare=False)
    balanced_accuracy: float | None = None
    macro_f1: float | None = None
    shot_accuracies: dict[str, float] = field(default_factory=dict)

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy, over test images; other seeds are not in it."""
        return wilson_interval(round(self.accuracy * self.images), self.images)

    def as_dict(self, prefix: str = "") -> dict[str, float | None]:
        """The figures by name, each with `prefix` before it (such as `test_`).

        Those of unequal classes only where classes are unequal.
        """
        names = ["accuracy", "top5_accuracy", "loss", "coarse_accuracy", "coarse_accuracy_summed"]
        names.append("calibration_error")
        if self.balanced_accuracy is not None:
            names += ["balanced_accuracy", "macro_f1"]
        found = {name: getattr(self, name) for name in names}
        found |= {f"{shots}_shot_accuracy": value for shots, value in self.shot_accuracies.items()}
        return {prefix + name: value for name, value in found.items()}


def evaluate(
    logits: Any, labels: Any, fine_to_coarse: Any, *, bins: int = 15, train_counts: Any = None
) -> Metrics:
    """The metrics of `logits` (float [n, classes]) on `labels` (int [n]).

    fine_to_coarse: int [classes], the superclass of each fine class; all the same without superclasses.
    bins: of the calibration error. train_counts: int [classes], training images of each class, for the
    accuracies of many-, medium- and few-shot classes. Where logits are equal, the lower class number ranks
    first.
    Raises HundredError for logits that are not finite, and labels that do not fit them.
    """
    logits = as_logits(logits)
    labels = as_labels(labels, *logits.shape)
    superclasses = as_superclasses(fine_to_coarse, logits.shape[1])
    log_p = log_probabilities(logits)
    p = np.exp(log_p)
    predicted = predictions(logits)
    correct = predicted == labels
    reliability = reliability_table(p.max(axis=1), correct, bins)
    return Metrics(
        accuracy=float(correct.mean()),
        top5_accuracy=top_k_accuracy(logits, labels, TOP) if logits.shape[1] > TOP else None,
        loss=float(-log_p[np.arange(len(labels)), labels].mean()),
        calibration_error=calibration_error(reliability),
        images=len(labels),
        reliability=reliability,
        **_superclass_figures(p, predicted, labels, superclasses),
        **_class_averages(predicted, labels, logits.shape[1]),
        shot_accuracies=shot_accuracies(correct, labels, train_counts) if train_counts is not None else {},
    )


def shot_accuracies(correct: BoolArray, labels: IntArray, train_counts: Any) -> dict[str, float]:
    """Accuracy on the images of `many`-, `medium`- and `few`-shot classes (see `MANY_SHOT`).

    correct: bool [n]; labels: int [n]; train_counts: int [classes]. Groups without
    images are left out; {} where all counts are equal.
    """
    counts = np.asarray(train_counts)
    if counts.min() == counts.max():
        return {}
    groups = {
        "many": counts > MANY_SHOT,
        "medium": (counts >= FEW_SHOT) & (counts <= MANY_SHOT),
        "few": counts < FEW_SHOT,
    }
    members = {name: group[labels] for name, group in groups.items()}  # bool [n] each
    return {name: float(correct[member].mean()) for name, member in members.items() if member.any()}


def _superclass_figures(
    p: FloatArray, predicted: IntArray, labels: IntArray, superclasses: IntArray
) -> dict[str, float | None]:
    if superclasses.min() == superclasses.max():
        return {"coarse_accuracy": None, "coarse_accuracy_summed": None}
    summed = _superclass_probabilities(p, superclasses).argmax(axis=1)
    return {
        "coarse_accuracy": float((superclasses[predicted] == superclasses[labels]).mean()),
        "coarse_accuracy_summed": float((summed == superclasses[labels]).mean()),
    }


def _class_averages(predicted: IntArray, labels: IntArray, classes: int) -> dict[str, float | None]:
    """Balanced accuracy and macro F1 over the classes that have images; None where these are equally many."""
    support = np.bincount(labels, minlength=classes)
    present = support > 0
    if support[present].min() == support[present].max():
        return {"balanced_accuracy": None, "macro_f1": None}
    right = np.bincount(labels[predicted == labels], minlength=classes)
    f1 = 2 * right / np.maximum(support + np.bincount(predicted, minlength=classes), 1)
    return {
        "balanced_accuracy": float((right[present] / support[present]).mean()),
        "macro_f1": float(f1[present].mean()),
    }


def top_k_accuracy(logits: FloatArray, labels: IntArray, k: int) -> float:
    """How often the true class is among the `k` with the highest logits."""
    of_truth = logits[np.arange(len(labels)), labels][:, None]
    # Equal logits rank by class number: else a network that answers all zeros would be right every time.
    earlier = np.arange(logits.shape[1])[None, :] < labels[:, None]
    rank = ((logits > of_truth) | ((logits == of_truth) & earlier)).sum(axis=1)
    return float((rank < k).mean())


def reliability_table(confidence: FloatArray, correct: BoolArray, bins: int = 15) -> "pd.DataFrame":
    """Mean confidence and accuracy in equal-width bins (low, high] of confidence.

    confidence: [n] in 0..1, the probability of the predicted class. correct: bool [n].
    """
    import pandas as pd

    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(place, weights=confidence, minlength=bins) / count
        accuracy = np.bincount(place, weights=correct.astype(np.float64), minlength=bins) / count
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "count": count,
            "confidence": mean_confidence,
            "accuracy": accuracy,
            "gap": accuracy - mean_confidence,
        }
    )


def calibration_error(reliability: "pd.DataFrame") -> float:
    """Expected calibration error: the sum over bins of count/n x |accuracy - confidence|, a fraction.

    C. Guo et al., "On calibration of modern neural networks", ICML 2017, equation 3.
    """
    count = reliability["count"].to_numpy()
    return float(np.nansum(count * np.abs(reliability["gap"].to_numpy())) / count.sum())


def _superclass_probabilities(p: FloatArray, superclasses: IntArray) -> FloatArray:
    """Probabilities summed over the fine classes of each superclass, [n, superclasses]."""
    member = np.zeros((len(superclasses), int(superclasses.max()) + 1))
    member[np.arange(len(superclasses)), superclasses] = 1.0
    result: FloatArray = p @ member
    return result
