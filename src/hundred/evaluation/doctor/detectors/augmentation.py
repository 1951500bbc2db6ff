"""Augmentation, or other regularization, so strong that the network never fits what it is shown."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import measured, tail
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def augmentation_too_strong(features: HistoryFeatures) -> Finding | None:
    """Training stays clearly below validation to the end, more than its averaging over the epoch explains.

    Dropout does the same to a lesser degree. Mixed or smoothed labels make training figures something else,
    so nothing is found in such runs; nor where validation is so good that nothing holds the network back.
    """
    history = features.history
    if features.n < 6 or features.soft_labels:
        return None
    if not (history.has("accuracy", 5) and history.has("val_accuracy", 5)):
        return None
    size = tail(features.n, 0.4, 4)
    ahead = (history.val_accuracy - features.lagged_accuracy)[-size:]
    where, values = measured(ahead)
    level = max(features.last("val_accuracy"), 1e-3)
    if len(where) < 3 or (history.classes and level < 5.0 / history.classes):
        return None
    share, since = float(np.median(values)) / level, _since(features)
    confidence = min(_ahead(features, values, share), sure(features.n - since, 5, 10), sure(level, 0.93, 0.8))
    evidence = Evidence(history)
    begin = evidence.epoch(since)
    sentence = f"training accuracy has been below validation accuracy since {begin} and ends at "
    sentence += f"{evidence.value('accuracy', features.n - 1)} against "
    sentence += f"{evidence.value('val_accuracy', features.n - 1)}"
    return Finding(
        "augmentation-too-strong",
        features.epoch(since),
        confidence,
        f"{sentence}: the training samples are much harder than those of validation",
        evidence.data(),
        actions=(advice.LESS_AUGMENTATION,),
    )


def _ahead(features: HistoryFeatures, values: np.ndarray, share: float) -> float:
    """How sure it is that validation is ahead of training, from how far it was in each late epoch, and that
    as a share of it: enough, nearly always, and by more than noise."""
    positive = float((values > 0).mean())
    certain = float(np.mean(values)) * len(values) ** 0.5 / max(features.noises["val_accuracy"], 1e-6)
    # Where the network has learned little so far, a smaller gap is enough to say what holds it back.
    known = features.chance_loss and features.history.has("loss")
    left = features.last("loss") / features.chance_loss if known and features.chance_loss else 0.0
    least = 0.05 if left > 0.75 else 0.12
    return min(sure(share, least, least + 0.16), sure(positive, 0.75, 0.95), sure(certain, 2.0, 4.0))


def _since(features: HistoryFeatures) -> int:
    behind = features.val_accuracy > features.accuracy
    over = np.flatnonzero(~behind)
    return min(int(over[-1]) + 1 if len(over) else 0, features.n - 1)
