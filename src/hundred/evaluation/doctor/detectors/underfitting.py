"""Underfitting: training has come to rest at a high loss, and validation is no worse."""

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import tail
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def underfitting(features: HistoryFeatures) -> Finding | None:
    """Training has come to rest at a high loss, and validation is no worse: the network cannot do more."""
    history = features.history
    if features.n < 6 or not history.has("loss", 5) or features.chance_loss is None or features.soft_labels:
        return None
    if not features.began_at_chance:
        return None
    left = features.last("loss") / features.chance_loss
    size = tail(features.n, 0.35, 4)
    gap = features.gap
    if gap is None or features.learned < 0.01:
        return None
    # The nearer to chance, the surer that it is not only what a longer run would still bring.
    at_rest = sure(features.pace("loss"), 0.14 if left > 0.85 else 0.09, 0.03)
    # Behind validation, training is that low because of what it is shown; only little learned counts then. So
    # may a rate that was never lowered be what holds it.
    held = gap < -0.06 or features.rates.remaining > 0.5
    high = sure(left, 0.82, 0.9) if held else sure(left, 0.74, 0.84)
    # At chance itself it is the rate.
    high = min(high, sure(left, 0.99, 0.96))
    confidence = min(high, at_rest, sure(gap, 0.2 if left > 0.8 else 0.1, 0.0))
    if history.has("val_accuracy", 5) and not history.classes:
        confidence = min(confidence, sure(features.last("val_accuracy"), 0.5, 0.3))
    evidence = Evidence(history)
    begin, last = features.n - size, features.n - 1
    sentence = f"training loss is as good as at rest since {evidence.epoch(begin)}"
    sentence += (
        f"{evidence.change('loss', begin, last)}, not far below that of guessing, and validation is no worse"
    )
    return Finding(
        "underfitting",
        features.epoch(begin),
        confidence,
        sentence + evidence.ends(),
        evidence.data(),
        actions=_more_capacity(features),
    )


def _more_capacity(features: HistoryFeatures) -> tuple[advice.Action, ...]:
    decay = features.history.context.weight_decay
    less = (advice.LESS_WEIGHT_DECAY,) if decay is None or decay > 1e-3 else ()
    return (advice.LARGER_MODEL, *less, advice.longer(features, 1.5))
