"""The figures of one trained network on labelled images: accuracies, loss and calibration."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

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


@dataclass(frozen=True)
class Metrics:
    """Accuracies and calibration_error are fractions; loss is in nats.

    coarse_accuracy: how often the predicted fine class belongs to the right superclass.
    coarse_accuracy_summed: how often the superclass with the highest sum of probabilities is the right one.
    reliability: one row per confidence bin: low, high, count, confidence, accuracy, gap (NaN where empty).
    images: how many there were.
    """

    accuracy: float
    top5_accuracy: float
    loss: float
    coarse_accuracy: float
    coarse_accuracy_summed: float
    calibration_error: float
    images: int
    reliability: pd.DataFrame = field(repr=False, compare=False)

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy, over test images; other seeds are not in it."""
        return wilson_interval(round(self.accuracy * self.images), self.images)

    def as_dict(self, prefix: str = "") -> dict[str, float]:
        """The six figures by name, each with `prefix` before it (such as `test_`)."""
        names = ("accuracy", "top5_accuracy", "loss", "coarse_accuracy", "coarse_accuracy_summed")
        return {prefix + name: float(getattr(self, name)) for name in (*names, "calibration_error")}


def evaluate(logits: Any, labels: Any, fine_to_coarse: Any, *, bins: int = 15) -> Metrics:
    """The metrics of `logits` (float [n, classes]) on `labels` (int [n]).

    fine_to_coarse: int [classes], the superclass of each fine class. bins: of the calibration error.
    Where logits are equal, the lower class number ranks first.
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
    summed = _superclass_probabilities(p, superclasses).argmax(axis=1)
    return Metrics(
        accuracy=float(correct.mean()),
        top5_accuracy=top_k_accuracy(logits, labels, 5),
        loss=float(-log_p[np.arange(len(labels)), labels].mean()),
        coarse_accuracy=float((superclasses[predicted] == superclasses[labels]).mean()),
        coarse_accuracy_summed=float((summed == superclasses[labels]).mean()),
        calibration_error=calibration_error(reliability),
        images=len(labels),
        reliability=reliability,
    )


def top_k_accuracy(logits: FloatArray, labels: IntArray, k: int) -> float:
    """How often the true class is among the `k` with the highest logits."""
    of_truth = logits[np.arange(len(labels)), labels][:, None]
    # Equal logits rank by class number: else a network that answers all zeros would be right every time.
    earlier = np.arange(logits.shape[1])[None, :] < labels[:, None]
    rank = ((logits > of_truth) | ((logits == of_truth) & earlier)).sum(axis=1)
    return float((rank < k).mean())


def reliability_table(confidence: FloatArray, correct: BoolArray, bins: int = 15) -> pd.DataFrame:
    """Mean confidence and accuracy in equal-width bins (low, high] of confidence.

    confidence: [n] in 0..1, the probability of the predicted class. correct: bool [n].
    """
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


def calibration_error(reliability: pd.DataFrame) -> float:
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
