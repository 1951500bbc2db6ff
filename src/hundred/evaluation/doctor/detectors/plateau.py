"""How a run ends: on a plateau at a learning rate that was never lowered, or while it was still improving."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import slope, tail
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def plateau(features: HistoryFeatures) -> Finding | None:
    """Nothing has improved for long, and the learning rate is still about what it was at its highest."""
    history = features.history
    if features.n < 8 or features.rates.annealed:
        return None
    if features.rates.known and (features.rates.smooth or features.rates.remaining < 0.3):
        return None
    curve, sign, spread = _judged(features)
    if curve is None:
        return None
    start = flat_since(sign * curve, spread)
    if sign > 0 and history.has("val_loss", 5):
        start = min(start, flat_since(-features.val_loss, features.noises["val_loss"]))
    share = (features.n - start) / features.n
    epochs = features.n - start
    if epochs < 5:
        return None
    confidence, falls = _at_rest(features, share)
    what, value = (
        ("validation accuracy", features.last("val_accuracy"))
        if sign > 0
        else ("loss", features.last("loss"))
    )
    rate = f" at a learning rate of {features.rates.last:.3g}" if features.rates.last is not None else ""
    return Finding(
        "plateau",
        features.epoch(start),
        confidence,
        f"for {epochs} of {features.n} epochs, since epoch {features.epoch(start)}, {what} has stayed around "
        f"{value:.3g}{rate}",
        {
            "epochs": [features.epoch(start), features.epoch(features.n - 1)],
            "level": value,
            "noise": spread,
            "losses_still_fell": falls,
            "learning_rate": features.rates.last,
        },
        advice.COSINE if not features.rates.cuts else advice.CUT_ON_PLATEAU,
    )


def _at_rest(features: HistoryFeatures, share: float) -> tuple[float, float]:
    """How sure it is that nothing gets better where validation was flat for a share of the run; and what both
    losses still brought over the last third, which may be too little an epoch to rise above noise."""
    losses = [name for name in ("loss", "val_loss") if features.history.has(name, 5)]
    falls = sum(0.35 * max(features.pace(name), 0.0) for name in losses)
    # That the losses bring no more is what tells; accuracy's steps are coarse.
    confidence = min(sure(share, 0.3, 0.6), sure(falls, 0.055, 0.02))
    if not features.rates.known:
        # A rate that came down ends as flat, but as steady, too.
        steady = sure(features.restless("val_loss"), 0.01, 0.02)
        confidence = min(confidence, sure(share, 0.5, 0.9), steady)
    return confidence, falls


def _judged(features: HistoryFeatures) -> tuple[np.ndarray | None, int, float]:
    """The curve by which progress is judged, +1 where more of it is better or -1, and its noise."""
    if features.history.has("val_accuracy", 5):
        return features.val_accuracy, 1, features.noises["val_accuracy"]
    if features.history.has("val_loss", 5):
        return features.val_loss, -1, features.noises["val_loss"]
    if features.history.has("loss", 5):
        return features.loss, -1, features.noises["loss"]
    return None, 1, 0.0


def flat_since(rising: np.ndarray, spread: float) -> int:
    """Index from which on a smoothed curve, more of which is better, is within noise of its level at the end:
    a rise of less than a tenth of all it rose counts as none."""
    n = len(rising)
    ends = float(np.median(rising[-tail(n, 0.15, 3) :]))
    margin = max(1.2 * spread, 0.1 * float(rising.max() - rising.min()))
    below = np.flatnonzero(rising < ends - margin)
    return int(below[-1]) + 1 if len(below) else 0


def stopped_early(features: HistoryFeatures) -> Finding | None:
    """The end came while validation was still improving, at a learning rate that was still high."""
    history = features.history
    if features.n < 3 or not history.context.finished or features.rates.annealed:
        return None
    if features.rates.smooth and features.rates.remaining < 0.35:
        return None
    size = tail(features.n, 0.35 if features.n > 12 else 0.5, 4)
    begin = max(features.n - size, features.rates.constant_since() if not features.rates.smooth else 0)
    if features.n - begin < 3:
        return None
    gains = [
        each
        for each in (_gain(features, "val_accuracy", begin, 1), _gain(features, "val_loss", begin, -1))
        if each
    ]
    if not gains:
        return None
    per_tenth = max(gain for gain, _ in gains)
    certain = sum(max(errors, 0.0) ** 2 for _, errors in gains) ** 0.5
    # Where there are two figures, neither may say the contrary.
    if min(errors for _, errors in gains) < -1.0:
        return None
    confidence = _still_winning(features, per_tenth, certain)
    now = features.last("val_accuracy") if history.has("val_accuracy") else features.last("val_loss")
    return Finding(
        "stopped-early",
        features.epoch(features.n - 1),
        confidence,
        f"over the last {features.n - begin} of {features.n} epochs validation was still improving, by "
        f"{per_tenth:.1%} of its "
        f"value (now {now:.3g}) for each further tenth of training",
        {
            "epochs": [features.epoch(begin), features.epoch(features.n - 1)],
            "gain_for_a_tenth_more": per_tenth,
            "standard_errors": min(certain, 1e3),
            "now": now,
        },
        (advice.longer(features, 2.0),),
    )


def _still_winning(features: HistoryFeatures, per_tenth: float, certain: float) -> float:
    """How sure it is that more epochs would help, from what a tenth more would bring validation, and over how
    many standard errors that is."""
    confidence = min(sure(per_tenth, 0.02, 0.06), sure(certain, 2.5, 5.0))
    # A rate that comes down, which is not known here, lifts validation towards the end of any run.
    if not features.rates.known and features.n > 10:
        confidence = min(confidence, sure(per_tenth, 0.04, 0.1))
    # What training no longer learns, validation will not either.
    if features.history.has("loss", 4):
        confidence = min(confidence, sure(features.pace("loss"), 0.06, 0.15))
    return confidence


def _gain(features: HistoryFeatures, name: str, begin: int, sign: int) -> tuple[float, float] | None:
    """What a tenth more epochs would bring, as a share of the value now, and over how many standard
    errors."""
    if not features.history.has(name, 3):
        return None
    found, error = slope(getattr(features.history, name), begin)
    if features.n - begin >= 8:
        # A jump in the middle, as a cut of the rate brings, is no rise that goes on.
        lately, _ = slope(getattr(features.history, name), (begin + features.n) // 2)
        found = min(sign * found, 1.5 * max(sign * lately, 0.0)) * sign
    now = max(abs(features.last(name)), 1e-6)
    return sign * found * 0.1 * features.n / now, sign * found / max(error, 1e-12)
