"""Overfitting: what the gap between training and validation does as training goes on."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import level
from hundred.evaluation.doctor.detectors.plateau import flat_since
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import MOST, Finding, sure


def overfitting(features: HistoryFeatures) -> Finding | None:
    """Validation gets worse, or stays, while training goes on getting better."""
    if features.n < 5:
        return None
    found = (
        _rising_loss(features),
        _falling_accuracy(features),
        _memorized(features),
        _flat_validation(features),
        _flat_loss(features),
        _left_behind(features),
    )
    return max((each for each in found if each), key=lambda each: each.confidence, default=None)


def _rising_loss(features: HistoryFeatures) -> Finding | None:
    history = features.history
    if not (history.has("loss", 5) and history.has("val_loss", 5)):
        return None
    lowest = int(np.argmin(features.val_loss))
    low, end = float(features.val_loss[lowest]), features.last("val_loss")
    if features.n - 1 - lowest < max(2, 0.1 * features.n):
        return None
    falls = 1.0 - features.last("loss") / float(features.loss[lowest])
    above = features.soft_labels or end > 1.08 * features.last("loss")
    beyond = (end - low) / max(features.noises["val_loss"], 1e-9)
    if falls < 0.03 or not above or beyond < (1.2 if falls > 0.25 else 2.5):
        return None
    rise = (end - low) / low
    confidence = min(sure(rise, 0.03, 0.2), sure(beyond, 1.2, 2.5))
    if _gain(features, lowest) > 0.08:  # the network is surer of its mistakes, but still learns to make fewer
        confidence = min(confidence, sure(rise, 0.06, 0.3))
    confidence = max(confidence, _nothing_gained(features, lowest, falls, rise))
    if features.saturated:  # a few mistakes more or less decide the loss of what is nearly always right
        confidence = min(confidence, sure(rise, 0.3, 1.5))
    best = features.best("val_loss")
    evidence = Evidence(history)
    sentence = f"validation loss was lowest at {evidence.at('val_loss', best)} and is "
    sentence += f"{evidence.at('val_loss', features.n - 1)}, while training loss fell"
    sentence += f"{evidence.change('loss', best, features.n - 1)}{evidence.ends()}"
    return _finding(features, best + 1, confidence, sentence, evidence)


def _nothing_gained(features: HistoryFeatures, lowest: int, falls: float, rise: float) -> float:
    """How sure a small rise of the validation loss makes it: where training learned much more since then, is
    far ahead, and next to none of it helped validation accuracy."""
    gap = features.gap or 0.0
    return min(
        sure(falls, 0.15, 0.5),
        sure(gap, 0.4, 0.7),
        sure(rise, 0.01, 0.03),
        sure(_gain(features, lowest), 0.08, 0.03),
    )


def _falling_accuracy(features: HistoryFeatures) -> Finding | None:
    """Where there is no validation loss: accuracy falls from its best, or stays, while training accuracy
    rises."""
    history = features.history
    if history.has("val_loss", 5) or not (history.has("accuracy", 5) and history.has("val_accuracy", 5)):
        return None
    best = int(np.argmax(features.val_accuracy))
    high, end = float(features.val_accuracy[best]), features.last("val_accuracy")
    spread = max(features.noises["val_accuracy"], 1e-4)
    gap = features.last("accuracy") - end
    grew = features.last("accuracy") - float(features.accuracy[best])
    if features.n - 1 - best < max(3, 0.2 * features.n) or grew < 0.05 or gap < 0.1:
        return None
    # A validation accuracy that only stands still says less than one that falls.
    confidence = max(sure((high - end) / spread, 1.5, 5.0), sure(gap / max(end, 0.01), 0.4, 1.5))
    return _by_accuracy(features, confidence)


def _memorized(features: HistoryFeatures) -> Finding | None:
    """Many training samples are right and far fewer others, whatever the losses do: cuts of the rate or
    smoothed labels can keep the validation loss from rising."""
    history = features.history
    if not (history.has("accuracy", 5) and history.has("val_accuracy", 5)):
        return None
    confidence = min(sure(features.gap or 0.0, 0.6, 0.75), sure(features.last("accuracy"), 0.35, 0.6))
    since = int(np.argmax(features.accuracy > 1.5 * features.val_accuracy))
    return _by_accuracy(features, confidence, since)


def _by_accuracy(features: HistoryFeatures, confidence: float, since: int | None = None) -> Finding:
    """The finding with the accuracies as evidence."""
    evidence = Evidence(features.history)
    best, last = features.best("val_accuracy"), features.n - 1
    sentence = f"{evidence.noun('val_accuracy')} was highest at {evidence.at('val_accuracy', best)} and is "
    sentence += f"{evidence.at('val_accuracy', last)}, while {evidence.noun('accuracy')} went"
    sentence += f"{evidence.change('accuracy', since or 0, last) or ' up'}"
    return _finding(features, min(best + 1, last) if since is None else since, confidence, sentence, evidence)


def _flat_validation(features: HistoryFeatures) -> Finding | None:
    """Validation has been as good as at rest for long, while training loss fell to a fraction, or all of the
    training data was right, and training is ahead: what is learned is of no use to validation."""
    history = features.history
    if not (history.has("loss", 5) and history.has("val_accuracy", 5)) or features.saturated:
        return None
    since = flat_since(features.val_accuracy, 2 * features.noises["val_accuracy"])
    if history.has("val_loss", 5) and not features.penalized:
        if features.last("val_loss") < features.last("loss"):
            return None
        since = max(since, flat_since(-features.val_loss, 2 * features.noises["val_loss"]))
    share = (features.n - since) / features.n
    if features.n - since < 4 or share < 0.3:
        return None
    start = max(since, 1)
    gap = (features.accuracy_end - features.last("val_accuracy")) / max(features.accuracy_end, 1e-3)
    confidence = min(max(_all_right(features, gap), _widening(features, start, gap)), sure(share, 0.3, 0.5))
    evidence = Evidence(history)
    last = features.n - 1
    sentence = f"{evidence.noun('val_accuracy')} has hardly moved since {evidence.epoch(start)}"
    sentence += f"{evidence.change('val_accuracy', start, last)}, while training loss fell"
    sentence += f"{evidence.change('loss', start, last)}{evidence.ends()}"
    return _finding(features, start, min(confidence, 0.9), sentence, evidence)


def _flat_loss(features: HistoryFeatures) -> Finding | None:
    """Validation loss has come to rest at a multiple of the training loss, which went on falling: less sure
    than a rise, as smoothed labels do the like."""
    history = features.history
    if (
        not (history.has("loss", 5) and history.has("val_loss", 5))
        or features.saturated
        or features.penalized
    ):
        return None
    since = flat_since(-features.val_loss, features.noises["val_loss"])
    last, val_last = features.last("loss"), features.last("val_loss")
    if features.n - since < max(4, 0.3 * features.n) or val_last <= last or np.isnan(features.accuracy_end):
        return None
    start = max(since, 1)
    falls = 1.0 - last / max(float(features.loss[start]), 1e-9)
    ahead, at_most = MOST, 0.65
    if history.has("val_accuracy", 5):
        behind = (features.accuracy_end - features.last("val_accuracy")) / max(features.accuracy_end, 1e-3)
        ahead, at_most = sure(behind, 0.04, 0.12), min(0.6 + 0.6 * max(behind, 0.0), 0.9)
    learned = sure(features.accuracy_end, 0.6, 0.75)
    confidence = min(
        sure(falls, 0.35, 0.6), sure(val_last / max(last, 1e-9), 1.4, 2.0), ahead, learned, at_most
    )
    evidence = Evidence(history)
    sentence = f"validation loss has hardly moved since {evidence.epoch(start)}"
    sentence += f"{evidence.change('val_loss', start, features.n - 1)}, while training loss fell"
    sentence += f"{evidence.change('loss', start, features.n - 1)}{evidence.ends()}"
    return _finding(features, start, confidence, sentence, evidence)


def _left_behind(features: HistoryFeatures) -> Finding | None:
    """Over the whole run, validation loss fell by a small part of what training loss fell by, "
    "and accuracy is behind."""
    history = features.history
    if not all(history.has(name, 5) for name in ("loss", "val_loss", "val_accuracy")):
        return None
    if features.saturated or features.penalized or features.last("val_loss") <= features.last("loss"):
        return None
    begin = min(1, features.n - 2)
    fell, val_fell = (
        1.0 - features.last(name) / max(float(getattr(features, name)[begin]), 1e-9)
        for name in ("loss", "val_loss")
    )
    behind = (features.accuracy_end - features.last("val_accuracy")) / max(features.accuracy_end, 1e-3)
    if np.isnan(behind) or fell <= 0:
        return None
    confidence = min(
        sure(fell, 0.3, 0.5),
        sure(val_fell / fell, 0.3, 0.15),
        sure(behind, 0.08, 0.2),
        sure(features.accuracy_end, 0.6, 0.75),
        0.8,
    )
    evidence = Evidence(history)
    last = features.n - 1
    sentence = f"from {evidence.epoch(begin)} on training loss "
    sentence += f"fell{evidence.change('loss', begin, last)}, validation loss "
    sentence += f"only{evidence.change('val_loss', begin, last)}{evidence.ends()}"
    return _finding(features, begin, confidence, sentence, evidence)


def _all_right(features: HistoryFeatures, gap: float) -> float:
    """How sure it is that training data was memorized: all of it right for half of the run, and validation
    behind."""
    if not features.history.has("accuracy", 5):
        return 0.0
    learned = float(np.median(features.accuracy[features.n // 2 :]))
    return min(sure(learned, 0.97, 0.985), sure(gap, 0.06, 0.13))


def _widening(features: HistoryFeatures, start: int, gap: float) -> float:
    """How sure it is that what training learned since an index only widened the gap."""
    falls = 1.0 - features.last("loss") / max(float(features.loss[start]), 1e-9)
    widened = gap - (_gap_at(features, start) if features.history.has("accuracy", 5) else 0.0)
    enough = 0.3 if gap < 0.2 else 0.2
    won = _won(features, start)
    return min(
        sure(falls, enough, enough + 0.25),
        sure(gap, 0.1, 0.3),
        sure(widened, 0.04, 0.15),
        sure(won, 0.045, 0.015),
    )


def _won(features: HistoryFeatures, start: int) -> float:
    """How much better validation accuracy is than at an index, as a share of it; of a run in which it never
    rose, how much better its last third is than its first."""
    third = max(features.n // 3, 1)
    curve = features.history.val_accuracy
    before = level(curve, 0, third) if start <= 1 else float(features.val_accuracy[start])
    after = level(curve, features.n - third, features.n) if start <= 1 else features.last("val_accuracy")
    return (after - before) / max(before, 1e-3)


def _gap_at(features: HistoryFeatures, index: int) -> float:
    train = max(float(features.accuracy[index]), 1e-3)
    return (train - float(features.val_accuracy[index])) / train


def _gain(features: HistoryFeatures, since: int) -> float:
    """How much validation accuracy has risen since an index, as a share of what it was."""
    if not features.history.has("val_accuracy", 5):
        return 0.0
    before = max(float(features.val_accuracy[since]), 1e-3)
    return (features.last("val_accuracy") - before) / before


def _finding(
    features: HistoryFeatures, index: int, confidence: float, sentence: str, evidence: Evidence
) -> Finding:
    decay = features.history.context.weight_decay
    more = () if decay else (advice.WEIGHT_DECAY,)
    actions = (advice.AUGMENT, *more, advice.EARLY_STOPPING)
    return Finding(
        "overfitting", features.epoch(index), confidence, sentence, evidence.data(), actions=actions
    )
