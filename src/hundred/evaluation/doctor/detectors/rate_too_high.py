"""A learning rate that is too high: nothing is learned, or the losses fluctuate instead of falling."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.accuracy_resolution import FEW_IMAGES
from hundred.evaluation.doctor.curves import filled
from hundred.evaluation.doctor.detectors.rate_too_low import at_chance, crawls, fluctuates, typical_rates
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def rate_too_high(features: HistoryFeatures) -> Finding | None:
    """Nothing is learned though the rate is not small, or the losses fluctuate and get nowhere."""
    blown = _blown_up(features)
    if features.n < 3 or not features.history.has("loss", 3) or features.saturated:
        return blown
    found = (
        blown,
        _nothing_learned(features),
        _thrown_far(features),
        _threw_away(features),
        _fluctuating(features),
        _validation_fluctuating(features),
    )
    return max((each for each in found if each), key=lambda each: each.confidence, default=None)


def _nothing_learned(features: HistoryFeatures) -> Finding | None:
    """The loss has stayed at that of chance from the start."""
    if not at_chance(features) or crawls(features):
        return None
    peak = features.rates.peak
    high, _ = typical_rates(features)
    doubtful = high / 20 if features.history.context.optimizer else high / 300
    confidence = 0.75 if peak is None else sure(np.log10(peak), np.log10(doubtful), np.log10(high))
    first = float(filled(features.history.loss)[0])
    if features.chance_loss is not None and first > 1.03 * features.chance_loss:
        confidence = max(confidence, 0.85)  # a start above chance: the first steps threw the weights far away
    evidence = Evidence(features.history)
    sentence = f"training loss is {evidence.at('loss', 0)} and "
    sentence += f"{evidence.at('loss', features.n - 1)}: nothing is learned"
    return _finding(features, 0, confidence, sentence, evidence)


def _blown_up(features: HistoryFeatures) -> Finding | None:
    """The loss went beyond all measure within the first epochs, before anything was learned, and stayed there
    or at chance: the run fell apart, and this is why."""
    at, chance, loss = features.blown_up, features.chance_loss, features.history.loss
    if at is None or at > max(1, features.n // 10):
        return None
    after = loss[at:][np.isfinite(loss[at:])]
    if chance is not None and min([*loss[:at], *after], default=np.inf) < 0.97 * chance:
        return None
    high, low = typical_rates(features)
    peak = features.rates.peak
    confidence = 0.7 if peak is None else min(sure(np.log10(peak), np.log10(low), np.log10(high)), 0.9)
    evidence = Evidence(features.history)
    sentence = f"the first steps threw training loss beyond all measure by {evidence.epoch(at)}"
    return _finding(features, at, confidence, sentence, evidence)


def _fluctuating(features: HistoryFeatures) -> Finding | None:
    """Training loss goes up about as often as down, by more than means over epochs can differ by chance."""
    if features.n < 6:
        return None
    shaken = fluctuates(features)
    left = features.last("loss") / features.chance_loss if features.chance_loss else 0.0
    high, _ = typical_rates(features)
    peak = features.rates.peak
    # How rough the way is counts, more so at a rate that is known to be high. The loss of an epoch is a mean
    # over thousands of images: by itself it does not move by percents.
    rough = min(sure(features.restless("loss"), 0.015, 0.04), sure(shaken, 0.15, 0.3))
    confidence = max(min(sure(shaken, 0.25, 0.5), sure(features.restless("loss"), 0.005, 0.01)), rough)
    confidence = confidence if left > 0.4 else 0.0
    if peak is not None and peak >= high and left > 0.6:
        confidence = max(confidence, sure(shaken, 0.06, 0.3), sure(left, 0.6, 0.9))
    if features.rates.annealed:
        confidence -= 0.2
    # Where it came far all the same, what is rough is that an epoch has few samples.
    confidence = min(confidence, sure(left, 0.5, 0.75), sure(features.fluctuation("loss"), 0.03, 0.08))
    confidence = min(confidence, 0.9 if features.history.classes else 0.6)
    if features.pace("val_loss") > 0.1 and features.restless("val_loss") < 0.01:
        confidence = 0.0  # validation gets better steadily: the network itself does not fluctuate
    if (features.images or FEW_IMAGES) < FEW_IMAGES:
        confidence = min(confidence, 0.45)  # with few samples in validation, there may be few in an epoch
    evidence = Evidence(features.history)
    up = int(np.nanargmax(np.diff(filled(features.history.loss)))) + 1
    sentence = f"training loss goes up and down instead of falling: {evidence.at('loss', up - 1)}, then "
    sentence += evidence.at("loss", up)
    if up < features.n - 1:
        sentence += f", and {evidence.at('loss', features.n - 1)}"
    return _finding(features, 0, confidence, sentence, evidence)


def _thrown_far(features: HistoryFeatures) -> Finding | None:
    """The first steps threw the loss far above that of guessing, and it never came well below it."""
    if features.chance_loss is None:
        return None
    first = float(filled(features.history.loss)[0]) / features.chance_loss
    left = features.last("loss") / features.chance_loss
    evidence = Evidence(features.history)
    sentence = f"the first steps threw training loss to {evidence.at('loss', 0)}, above that of "
    sentence += "guessing, and it is still "
    sentence += evidence.at("loss", features.n - 1)
    return _finding(features, 0, min(sure(first, 1.2, 1.5), sure(left, 0.88, 0.97)), sentence, evidence)


def _threw_away(features: HistoryFeatures) -> Finding | None:
    """What the network had learned before the first epoch's end was lost soon after, in training and in
    validation, and coming back took much of the run: a fine-tuned network at the rate of one from scratch."""
    history = features.history
    if features.n < 8 or not history.has("val_accuracy", 5):
        return None
    loss, val = filled(history.loss), filled(history.val_accuracy)
    peak = int(np.argmax(loss[: features.n // 3 + 1]))
    lowest = int(np.argmin(loss[: peak + 1]))
    lost = float(val[peak:].min() / max(val[: peak + 1].max(), 1e-6))
    back = np.flatnonzero(features.loss[peak:] <= loss[lowest])
    away = int(back[0]) if len(back) else features.n - peak
    confidence = min(
        sure(float(loss[peak] / max(loss[lowest], 1e-9)), 1.3, 1.8),
        sure(lost, 0.85, 0.7),
        sure(away / features.n, 0.2, 0.35),
        0.9,
    )
    evidence = Evidence(history)
    sentence = f"training loss was {evidence.at('loss', lowest)} and rose to {evidence.at('loss', peak)}, "
    worst = peak + int(np.argmin(val[peak:]))
    sentence += f"with validation accuracy down to {evidence.at('val_accuracy', worst)}"
    if len(back):
        sentence += f"; it was back only by {evidence.epoch(peak + away)}"
    return _finding(features, lowest, confidence, sentence, evidence)


def _validation_fluctuating(features: HistoryFeatures) -> Finding | None:
    """Validation loss jumps by large parts of itself from epoch to epoch: no sample of images does that, a
    network whose weights (and the statistics of batch normalization) fluctuate does."""
    moved = features.restless("val_loss")
    if features.n < 8 or features.rates.annealed or (features.images or FEW_IMAGES) < FEW_IMAGES:
        return None
    if not features.history.has("val_loss", 5):
        return None
    left = features.last("loss") / features.chance_loss if features.chance_loss else 0.0
    if not features.chance_loss or features.last("val_loss") < 0.3 * features.chance_loss:
        return None  # a small loss moves by large parts of itself in every run
    if features.last("val_loss") > 1.3 * max(features.last("loss"), features.chance_loss):
        return None  # validation is sure of what is wrong, and training is not: that is overfitting
    # Where little is learned, less of it means the same: networks at other limits are steady.
    confidence = max(sure(moved, 0.2, 0.4), min(sure(moved, 0.02, 0.04), sure(left, 0.7, 0.8), 0.85))
    # A network that has learned most of its training data overfits; its rate did not keep it from that.
    confidence = min(confidence, sure(left, 0.2, 0.4), 0.9)
    half = features.n // 2
    evidence = Evidence(features.history)
    jump = half + int(np.nanargmax(np.abs(np.diff(filled(features.history.val_loss)[half:]))))
    sentence = f"validation loss fluctuates: {evidence.at('val_loss', jump)}, then "
    sentence += f"{evidence.at('val_loss', jump + 1)}"
    return _finding(features, half, confidence, sentence, evidence)


def _finding(
    features: HistoryFeatures, index: int, confidence: float, sentence: str, evidence: Evidence
) -> Finding:
    rate = features.rates.rate
    if rate is not None:
        highest = int(np.argmax(rate))
        sentence += f"; the learning rate was up to {evidence.value('learning_rate', highest)}"
    actions = (*advice.rate(features, 0.1), advice.WARMUP)
    return Finding(
        "learning-rate-too-high",
        features.epoch(index),
        confidence,
        sentence,
        evidence.data(),
        actions=actions,
    )
