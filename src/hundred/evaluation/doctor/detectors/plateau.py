"""How a run ends: on a plateau at a learning rate that was never lowered, or while it was still improving."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import slope, tail
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import MOST, Finding, sure


def plateau(features: HistoryFeatures) -> Finding | None:
    """Nothing has improved for long, and the learning rate is still about what it was at its highest."""
    history = features.history
    if features.n < 8 or features.rates.annealed or features.saturated:
        return None
    if features.rates.known and (features.rates.smooth or features.rates.remaining < 0.3):
        return None
    curve, sign, spread = _progress(features)
    if curve is None:
        return None
    start = flat_since(sign * curve, spread)
    if sign > 0 and history.has("val_loss", 5):
        start = min(start, flat_since(-features.val_loss, features.noises["val_loss"]))
    if features.n - start < 5:
        return None
    confidence = min(_at_rest(features, (features.n - start) / features.n), _room_left(features))
    name = (
        "val_accuracy"
        if history.has("val_accuracy", 5)
        else "val_loss"
        if history.has("val_loss", 5)
        else "loss"
    )
    evidence = Evidence(history)
    sentence = f"{evidence.noun(name)} has hardly moved since {evidence.epoch(start)}"
    sentence += f": {evidence.value(name, start)} then, {evidence.at(name, features.n - 1)}"
    rate = evidence.value("learning_rate", features.n - 1)
    return Finding(
        "plateau",
        features.epoch(start),
        confidence,
        sentence + (f", at a learning rate of {rate}" if rate else ""),
        evidence.data(),
        actions=(advice.COSINE if not features.rates.cuts else advice.CUT_ON_PLATEAU,),
    )


def _at_rest(features: HistoryFeatures, share: float) -> float:
    """How sure it is that nothing gets better where validation was flat for a share of the run: what both
    losses still brought over the last third may be too little an epoch to rise above noise."""
    losses = [name for name in ("loss", "val_loss") if features.history.has(name, 5)]
    falls = sum(0.35 * max(features.pace(name), 0.0) for name in losses)
    # That the losses bring no more is what counts; the steps of accuracy are coarse.
    rest = sure(falls, 0.055, 0.02)
    if len(losses) == 2 and features.pace("val_loss") < -0.02:
        rest = max(rest, 0.75)  # what training still learns, validation is not the better for
    confidence = min(sure(share, 0.3, 0.6), rest)
    if not features.rates.known:
        # A rate that came down ends as flat, but as steady, too.
        steady = sure(features.restless("val_loss"), 0.01, 0.02)
        confidence = min(confidence, sure(share, 0.5, 0.9), steady)
    return confidence


def _progress(features: HistoryFeatures) -> tuple[np.ndarray | None, int, float]:
    """The curve that shows progress, +1 where more of it is better or -1, and its noise."""
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
    if features.n < 3 or not history.context.finished or features.rates.annealed or features.saturated:
        return None
    if features.rates.smooth and features.rates.remaining < 0.35:
        return None
    size = tail(features.n, 0.35 if features.n > 12 else 0.5, 4)
    begin = max(features.n - size, features.rates.constant_since() if not features.rates.smooth else 0)
    if features.n - begin < 3:
        return None
    both = (_gain(features, "val_accuracy", begin, 1), _gain(features, "val_loss", begin, -1))
    gains = [each for each in both if each]
    if not gains:
        return None
    per_tenth = max(gain for gain, _ in gains)
    certain = sum(max(errors, 0.0) ** 2 for _, errors in gains) ** 0.5
    # Where there are two figures, neither may say the contrary; and a loss that falls by its penalties alone,
    # while accuracy rests, is no progress.
    if min(errors for _, errors in gains) < -1.0:
        return None
    confidence = _still_improving(features, per_tenth, certain)
    if both[0] is not None:
        confidence = min(confidence, sure(both[0][1], 0.3, 1.0), sure(both[0][0], 0.002, 0.01))
    confidence = min(confidence, _room_left(features), _near_its_best(features))
    name = "val_accuracy" if history.has("val_accuracy") else "val_loss"
    evidence = Evidence(history)
    sentence = f"{evidence.noun(name)} was still improving at the end: {evidence.at(name, begin)}, "
    sentence += evidence.at(name, features.n - 1)
    return Finding(
        "stopped-early",
        features.epoch(features.n - 1),
        confidence,
        sentence,
        evidence.data(),
        actions=(advice.longer(features, 2.0),),
    )


def _room_left(features: HistoryFeatures) -> float:
    """How sure it is that there is much left to win: not where nearly all is right."""
    level = features.late("val_accuracy")
    return MOST if np.isnan(level) else sure(level, 0.96, 0.9)


def _near_its_best(features: HistoryFeatures) -> float:
    """How sure it is that validation loss is still on its way down: at the end it is not above its lowest."""
    if not features.history.has("val_loss", 4):
        return MOST
    measured = features.history.val_loss[np.isfinite(features.history.val_loss)]
    lowest = float(measured.min())
    return sure((float(measured[-1]) - lowest) / max(lowest, 1e-9), 0.1, 0.04)


def _still_improving(features: HistoryFeatures, per_tenth: float, certain: float) -> float:
    """How sure it is that more epochs would help, from what a tenth more would bring validation, and over how
    many standard errors that is."""
    least = 0.015 if features.n <= 12 else 0.02
    confidence = min(sure(per_tenth, least, 0.06), sure(certain, 2.5, 5.0))
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
