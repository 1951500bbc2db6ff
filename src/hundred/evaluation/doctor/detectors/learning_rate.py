"""A learning rate that is too high (nothing is learned, or training is thrown about) or too low."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.accuracy_resolution import FEW_IMAGES
from hundred.evaluation.doctor.curves import filled, noise, slope
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure

# Rates beyond which an optimizer rarely trains a small network well, and below which it hardly moves one.
_HIGH = {"adam": 0.02, "adamw": 0.02, "sgd": 1.0, "muon": 1.0, "": 1.0}
_LOW = {"adam": 3e-5, "adamw": 3e-5, "sgd": 1e-3, "muon": 1e-3, "": 3e-5}


def rate_too_high(features: HistoryFeatures) -> Finding | None:
    """Nothing is learned though the rate is no small one, or training loss jumps about and goes nowhere."""
    blown = _blown_up(features)
    if features.n < 3 or not features.history.has("loss", 3):
        return blown
    found = [
        each
        for each in (
            blown,
            _nothing_learned(features),
            _thrown_far(features),
            _thrown_about(features),
            _validation_thrown_about(features),
        )
        if each
    ]
    return max(found, key=lambda each: each.confidence, default=None)


def _nothing_learned(features: HistoryFeatures) -> Finding | None:
    """The loss has stayed at that of chance from the start."""
    if not at_chance(features) or crawls(features):
        return None
    peak = features.rates.peak
    high, _ = _typical(features)
    doubtful = high / 20 if features.history.context.optimizer else high / 300
    confidence = 0.75 if peak is None else sure(np.log10(peak), np.log10(doubtful), np.log10(high))
    first = float(filled(features.history.loss)[0])
    if features.chance_loss is not None and first > 1.03 * features.chance_loss:
        confidence = max(confidence, 0.85)  # a start above chance: the first steps threw the weights far away
    return Finding(
        "learning-rate-too-high",
        features.epoch(0),
        confidence,
        f"training loss began at {first:.3g} and is at {features.last('loss'):.3g} after {features.n} "
        f"epochs: nothing is learned{_rate_text(features)}",
        {
            "epochs": [features.epoch(0), features.epoch(features.n - 1)],
            "loss_first": first,
            "loss_end": features.last("loss"),
            "loss_of_chance": features.chance_loss,
            "learning_rate": peak,
        },
        (advice.other_rate(features, 0.1), advice.WARMUP),
    )


def _blown_up(features: HistoryFeatures) -> Finding | None:
    """The loss went beyond all measure within the first epochs, before anything was learned, and stayed
    there or at chance: the run fell apart, and this is why."""
    at, chance, loss = features.blown_up, features.chance_loss, features.history.loss
    if at is None or at > max(1, features.n // 10):
        return None
    after = loss[at:][np.isfinite(loss[at:])]
    if chance is not None and min([*loss[:at], *after], default=np.inf) < 0.97 * chance:
        return None
    high, low = _typical(features)
    peak = features.rates.peak
    confidence = 0.7 if peak is None else min(sure(np.log10(peak), np.log10(low), np.log10(high)), 0.9)
    return Finding(
        "learning-rate-too-high",
        features.epoch(at),
        confidence,
        f"the first steps threw training loss beyond all measure in epoch {features.epoch(at)}"
        f"{_rate_text(features)}",
        {"epochs": [features.epoch(0), features.epoch(features.n - 1)], "learning_rate": peak},
        (advice.other_rate(features, 0.1), advice.WARMUP),
    )


def _thrown_about(features: HistoryFeatures) -> Finding | None:
    """Training loss goes up about as often as down, by more than its epochs' averages can differ by
    chance."""
    if features.n < 6:
        return None
    shaken = shaking(features)
    left = features.last("loss") / features.chance_loss if features.chance_loss else 1.0
    high, _ = _typical(features)
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
    return Finding(
        "learning-rate-too-high",
        features.epoch(0),
        confidence,
        f"training loss goes up and down instead of falling: {shaken:.0%} of its way went upwards, and "
        "it is still at "
        f"{features.last('loss'):.3g} after {features.n} epochs{_rate_text(features)}",
        {
            "epochs": [features.epoch(0), features.epoch(features.n - 1)],
            "share_upwards": shaken,
            "loss_end": features.last("loss"),
            "learning_rate": peak,
        },
        (advice.other_rate(features, 0.1), advice.WARMUP),
    )


def _thrown_far(features: HistoryFeatures) -> Finding | None:
    """The first steps threw the loss far above that of knowing nothing, and it never came well below it."""
    if features.chance_loss is None:
        return None
    first = float(filled(features.history.loss)[0]) / features.chance_loss
    left = features.last("loss") / features.chance_loss
    return Finding(
        "learning-rate-too-high",
        features.epoch(0),
        min(sure(first, 1.2, 1.5), sure(left, 0.88, 0.97)),
        f"the first epoch threw training loss to {first * features.chance_loss:.3g}, above the "
        f"{features.chance_loss:.3g} of knowing nothing, and it is still at {features.last('loss'):.3g} "
        f"after {features.n} epochs{_rate_text(features)}",
        {
            "epochs": [features.epoch(0), features.epoch(features.n - 1)],
            "loss_first": first * features.chance_loss,
            "loss_end": features.last("loss"),
            "loss_of_chance": features.chance_loss,
            "learning_rate": features.rates.peak,
        },
        (advice.other_rate(features, 0.1), advice.WARMUP),
    )


def _validation_thrown_about(features: HistoryFeatures) -> Finding | None:
    """Validation loss jumps by large parts of itself from epoch to epoch: no sample of images does that, a
    network whose weights (and the statistics of batch normalization) are thrown about does."""
    moved = features.restless("val_loss")
    if features.n < 8 or features.rates.annealed or (features.images or FEW_IMAGES) < FEW_IMAGES:
        return None
    left = features.last("loss") / features.chance_loss if features.chance_loss else 0.0
    if features.chance_loss and features.last("val_loss") < 0.3 * features.chance_loss:
        return None  # a small loss moves by large parts of itself in every run
    # Where little is learned, less of it tells the same: networks at other limits are steady.
    confidence = max(sure(moved, 0.2, 0.4), min(sure(moved, 0.02, 0.04), sure(left, 0.7, 0.8), 0.85))
    return Finding(
        "learning-rate-too-high",
        features.epoch(features.n // 2),
        min(confidence, 0.9),
        f"validation loss moves by {moved:.0%} of itself from epoch to epoch{_rate_text(features)}: the "
        "network itself is thrown about",
        {
            "epochs": [features.epoch(features.n // 2), features.epoch(features.n - 1)],
            "noise_as_share": moved,
            "val_loss_end": features.last("val_loss"),
            "learning_rate": features.rates.peak,
        },
        (advice.other_rate(features, 0.1), advice.WARMUP),
    )


def shaking(features: HistoryFeatures) -> float:
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


def rate_too_low(features: HistoryFeatures) -> Finding | None:
    """Training loss falls evenly, far from having bent, and is still high: each epoch goes too short a
    way."""
    if features.n < 5 or not features.history.has("loss", 5) or features.chance_loss is None:
        return None
    peak = features.rates.peak
    _, low = _typical(features)
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
    return Finding(
        "learning-rate-too-low",
        features.epoch(0),
        min(max(confidence, 0.0), 0.98),
        f"in {features.n} epochs training loss only came from {filled(features.history.loss)[0]:.3g} to "
        f"{features.last('loss'):.3g}, evenly and without bending{_rate_text(features)}",
        {
            "epochs": [features.epoch(0), features.epoch(features.n - 1)],
            "loss_first": float(filled(features.history.loss)[0]),
            "loss_end": features.last("loss"),
            "straightness": bend,
            "learning_rate": peak,
        },
        (advice.other_rate(features, 10.0),),
    )


def _slow(features: HistoryFeatures, left: float, bend: float) -> float:
    """How sure it is that a rate which was not lowered is too low for the epochs there are: after at least
    eight the loss is still high and falling, and either has hardly bent, or validation is smoother than a
    rate that fits leaves it, which each epoch's last steps shake."""
    if features.n < 8 or not features.history.has("val_loss", 8) or features.rates.remaining < 0.5:
        return 0.0
    if features.rates.peak is not None and features.rates.peak > 0.02:
        return 0.0
    shaken = noise(features.history.val_loss[2:]) / features.last("val_loss")
    # A rate that came down bends a curve and steadies it; where it is not known, both must say so.
    either = max if features.rates.known else min
    short = either(sure(bend, 0.3, 0.5), sure(shaken, 1e-3, 3e-4))
    return min(sure(left, 0.76, 0.88), sure(features.pace("loss"), 0.08, 0.13), short)


def crawls(features: HistoryFeatures) -> bool:
    """Whether training loss falls steadily all along, if slowly."""
    found, error = slope(features.history.loss, 1 if features.n > 4 else 0)
    falls = -found * features.n / max(features.last("loss"), 1e-9)
    clearly = -found > 10 * error and falls > 0.01
    return bool(clearly or (-found > 4 * error and shaking(features) < 0.1))


def straightness(features: HistoryFeatures) -> float:
    """The slope of the training loss over the last half of the way that the rate went (the sum of the
    rates, so that a schedule does not bend it) relative to that over the first half; 1 is a straight line."""
    loss = features.loss
    rate = features.rates.rate
    way = (
        np.cumsum(rate) if rate is not None and rate.sum() > 0 else np.arange(1, features.n + 1, dtype=float)
    )
    middle = (way[0] + way[-1]) / 2
    at_middle = float(np.interp(middle, way, loss))
    first, second = loss[0] - at_middle, at_middle - loss[-1]
    return float(second / first) if first > 0 else 1.0


def _typical(features: HistoryFeatures) -> tuple[float, float]:
    optimizer = features.history.context.optimizer
    return _HIGH.get(optimizer, _HIGH[""]), _LOW.get(optimizer, _LOW[""])


def _rate_text(features: HistoryFeatures) -> str:
    return "" if features.rates.peak is None else f" (learning rate {features.rates.peak:.3g})"
