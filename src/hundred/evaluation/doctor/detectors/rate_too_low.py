"""A learning rate that is too low: the loss falls evenly, without bending, and is still high."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import filled, noise, slope
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure

# Rates beyond which an optimizer rarely trains a small network well, and below which it hardly moves one.
_HIGH = {"adam": 0.02, "adamw": 0.02, "sgd": 1.0, "muon": 1.0, "": 1.0}
_LOW = {"adam": 3e-5, "adamw": 3e-5, "sgd": 1e-3, "muon": 1e-3, "": 3e-5}


def rate_too_low(features: HistoryFeatures) -> Finding | None:
    """Training loss falls evenly, far from having bent, and is still high: each epoch goes too short a
    way."""
    if features.n < 5 or not features.history.has("loss", 5) or features.chance_loss is None:
        return None
    if not features.began_at_chance:
        return None
    peak = features.rates.peak
    _, low = typical_rates(features)
    known_low = peak is not None and peak <= low
    # A loss that does not move at all is a matter of the rate only where that is a small one.
    small = peak is not None and peak <= (low if features.history.context.optimizer else 1e-3)
    if not crawls(features) and not (small and at_chance(features)):
        return None
    bend = straightness(features)
    left = features.last("loss") / features.chance_loss
    confidence = min(sure(left, 0.75, 0.95), sure(bend, 0.3, 0.7))
    if known_low:
        confidence = max(confidence + 0.2, min(sure(left, 0.5, 0.9), sure(bend, 0.2, 0.5)))
        if left > 0.75:
            confidence = max(confidence, 0.8)
    elif peak is not None:
        confidence -= 0.3 * float(np.log10(peak / low))
        if small and at_chance(features):
            confidence = max(confidence, 0.6)
    confidence = max(confidence, _slow(features, left, bend))
    if _validation_learns(features):
        confidence = 0.0
    evidence = Evidence(features.history)
    last = features.n - 1
    sentence = f"training loss only came from {evidence.at('loss', 0)} to "
    sentence += f"{evidence.at('loss', last)}, without bending"
    rate = evidence.value(
        "learning_rate", int(np.argmax(features.rates.rate)) if features.rates.rate is not None else 0
    )
    sentence += f"; the learning rate was at most {rate}" if rate else ""
    return Finding(
        "learning-rate-too-low",
        features.epoch(0),
        min(max(confidence, 0.0), 0.98),
        sentence,
        evidence.data(),
        actions=tuple(advice.rate(features, 10.0)),
    )


def _validation_learns(features: HistoryFeatures) -> bool:
    """Whether validation has come well below training and chance: then training figures are those of mixed
    labels or of hard augmentation, and say nothing of the rate."""
    history = features.history
    if not history.has("val_loss", 4) or features.chance_loss is None:
        return False
    ahead = features.last("val_loss") < 0.9 * features.last("loss")
    return features.soft_labels or (ahead and features.last("val_loss") < 0.9 * features.chance_loss)


def _slow(features: HistoryFeatures, left: float, bend: float) -> float:
    """How sure it is that a rate which was not lowered is too low for the epochs there are: after at least
    eight the loss is still high and falling, and either has hardly bent, or validation is smoother than a
    rate that fits leaves it, which each epoch's last steps shake."""
    if features.n < 8 or not features.history.has("val_loss", 8) or features.rates.remaining < 0.5:
        return 0.0
    if features.rates.peak is not None and features.rates.peak > 0.02:
        return 0.0
    shaken = noise(features.history.val_loss[2:]) / features.last("val_loss")
    # A rate that came down bends a curve and steadies it; where it is not known, both must point to it.
    either = max if features.rates.known else min
    short = either(sure(bend, 0.3, 0.5), sure(shaken, 1e-3, 3e-4))
    return min(sure(left, 0.76, 0.88), sure(features.pace("loss"), 0.08, 0.13), short)


def fluctuates(features: HistoryFeatures) -> float:
    """The share of the way of the training loss, summed over epochs, that went upwards (0 to 0.5 and more).

    Steps of less than 0.3 % of the loss do not count, nor those where the rate itself went up, as at a
    restart.
    """
    loss, rate = filled(features.history.loss), features.rates.rate
    steps = np.diff(loss)
    steps = np.where(np.abs(steps) > 0.003 * loss[:-1], steps, 0.0)
    if rate is not None:
        steps = steps[rate[1:] < 1.2 * rate[:-1]]
    way = float(np.abs(steps).sum())
    return float(np.clip(steps, 0, None).sum()) / way if way > 0 else 0.0


def at_chance(features: HistoryFeatures) -> bool:
    """Whether next to nothing was learned: loss and accuracy about those of guessing all the time."""
    if features.chance_loss is None or features.n < 3:
        return False
    classes = features.history.classes
    if features.history.has("accuracy") and classes:
        return features.last("accuracy") < 2.5 / classes and features.learned < 0.03
    return bool(features.learned < 0.01)


def crawls(features: HistoryFeatures) -> bool:
    """Whether training loss falls steadily all along, if slowly."""
    found, error = slope(features.history.loss, 1 if features.n > 4 else 0)
    falls = -found * features.n / max(features.last("loss"), 1e-9)
    clearly = -found > 10 * error and falls > 0.01
    return bool(clearly or (-found > 4 * error and fluctuates(features) < 0.1))


def straightness(features: HistoryFeatures) -> float:
    """The slope of the training loss over the last half of the way that the rate went (the sum of the rates,
    so that a schedule does not bend it) relative to that over the first half; 1 is a straight line."""
    loss = features.loss
    rate = features.rates.rate
    known = rate is not None and rate.sum() > 0
    way = np.cumsum(rate) if known and rate is not None else np.arange(1, features.n + 1, dtype=float)
    middle = (way[0] + way[-1]) / 2
    at_middle = float(np.interp(middle, way, loss))
    first, second = loss[0] - at_middle, at_middle - loss[-1]
    return float(second / first) if first > 0 else 1.0


def typical_rates(features: HistoryFeatures) -> tuple[float, float]:
    """The rates beyond and below which the optimizer rarely trains well."""
    optimizer = features.history.context.optimizer
    return _HIGH.get(optimizer, _HIGH[""]), _LOW.get(optimizer, _LOW[""])
