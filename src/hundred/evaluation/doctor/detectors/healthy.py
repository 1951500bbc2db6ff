"""When a training is called healthy: where its curves speak for it, not where nothing speaks against it.

A fault that leaves no mark on the curves leaves them undecided; calling such a run healthy would be as wrong
as any other false finding.
"""

import numpy as np

from hundred.evaluation.doctor.curves import filled
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import LEAST, MOST, Finding, sure

# Fewer epochs than this are no curve.
FEWEST_EPOCHS = 5
# What is as likely as this was all but found.
_DOUBT = 0.49


def healthy(features: HistoryFeatures, found: list[Finding]) -> list[Finding]:
    """`healthy` where there is enough to be sure of it, else nothing.

    found: what was seen but not surely.
    """
    history = features.history
    if features.n < FEWEST_EPOCHS or not (history.has("loss", 5) or history.has("accuracy", 5)):
        return []
    if not (history.has("val_accuracy", 5) or history.has("val_loss", 5)) or features.learned < 0.05:
        return []
    doubt = max((each.confidence for each in found), default=0.0)
    signs = (
        learned_much,
        usual_gap,
        learned_in_time,
        at_rest,
        kept_its_best,
        learned_at_all,
        kept_its_footing,
    )
    evidence = min(sign(features) for sign in signs)
    if doubt > _DOUBT or evidence < LEAST:
        return []
    lacking = 0.1 * len([name for name in history.missing if name != "learning_rate"])
    confidence = min(MOST, 0.95 - lacking - 0.5 * max(doubt - 0.2, 0.0) - max(0.0, 0.04 * (10 - features.n)))
    if features.chance_loss is None and not features.late("val_accuracy") > 0.8:
        confidence = min(confidence, 0.7)  # how far a network could get is not known
    words = Evidence(history)
    last = features.n - 1
    parts = [
        f"{words.noun(name)} went{change}"
        for name in ("accuracy", "val_accuracy", "loss", "val_loss")
        if (change := words.change(name, 0, last))
    ]
    words.epoch(0)
    words.epoch(last)
    return [
        Finding(
            "healthy",
            features.epoch(0),
            max(min(confidence, evidence), LEAST),
            f"training and validation improved together and came to rest in time: {', '.join(parts)}",
            words.data(),
        )
    ]


def learned_much(features: HistoryFeatures) -> float:
    """How sure it is that validation got far: that less than a quarter of the loss of chance is gone, a
    network that is held back reaches as well."""
    classes = features.history.classes
    if features.saturated:
        return MOST
    if features.chance_loss and features.history.has("val_loss", 5):
        return sure(1.0 - features.last("val_loss") / features.chance_loss, 0.25, 0.35)
    if classes and features.history.has("val_accuracy", 5):
        # The accuracies that go with these losses: of a hundred classes, 18 and 27 percent.
        right = max(features.last("val_accuracy"), 1e-6)
        return sure(float(np.log(right * classes) / np.log(classes)), 0.63, 0.72)
    return MOST


def usual_gap(features: HistoryFeatures) -> float:
    """How sure it is that training is not so far ahead of validation that it may have been memorized."""
    if not features.history.has("val_accuracy") or np.isnan(features.accuracy_end):
        return MOST
    train = max(features.accuracy_end, 1e-3)
    return sure((train - features.last("val_accuracy")) / train, 0.6, 0.45)


def learned_in_time(features: HistoryFeatures) -> float:
    """How sure it is that most was learned before the last third of the run: where much of it came only as
    the rate went down at the end, the rate (or a weight decay) had held the network back until then."""
    if features.n < 9 or not (features.chance_loss and features.history.has("val_loss", 5)):
        return MOST
    end = features.last("val_loss")
    late = float(features.val_loss[features.late_start - 1]) - end
    return sure(late / max(features.chance_loss - end, 1e-6), 0.3, 0.2)


def at_rest(features: HistoryFeatures) -> float:
    """How sure it is that the run was done: at a rate that came down, or with little left to win at one that
    did not."""
    if not features.rates.known or features.rates.remaining < 0.35 or not features.history.has("val_loss", 5):
        return MOST
    return MOST if features.saturated else sure(features.pace("val_loss"), 0.12, 0.06)


def kept_its_best(features: HistoryFeatures) -> float:
    """How sure it is that validation ended about as good as it ever was."""
    sureness = MOST
    if features.history.has("val_loss", 5) and not features.saturated:
        low = float(np.nanmin(features.val_loss))
        rise = (features.last("val_loss") - low) / max(low, 1e-9)
        noise = features.noises["val_loss"] / max(low, 1e-9)
        sureness = min(sureness, sure(rise - 1.5 * noise, 0.08, 0.03))
    if features.history.has("val_accuracy", 5):
        high = float(np.nanmax(features.val_accuracy))
        fall = (high - features.last("val_accuracy")) / max(high, 1e-9)
        noise = features.noises["val_accuracy"] / max(high, 1e-9)
        sureness = min(sureness, sure(fall - noise, 0.05, 0.02))
    return sureness


def kept_its_footing(features: HistoryFeatures) -> float:
    """How sure it is that validation accuracy did not collapse on the way, even if it came back."""
    curve = filled(features.history.val_accuracy)
    if not np.isfinite(curve).all() or features.history.scores:
        return MOST
    kept = curve / np.maximum(np.maximum.accumulate(curve), 1e-9)
    away = float((kept < 0.85).mean())  # also where it was lost early and took long to come back
    return min(sure(float(kept[features.n // 3 :].min()), 0.5, 0.65), sure(away, 0.25, 0.15))


def learned_at_all(features: HistoryFeatures) -> float:
    """How sure it is that validation got better than it began."""
    history = features.history
    if features.saturated:
        return MOST
    for name, sign in (("val_loss", -1), ("val_accuracy", 1)):
        if history.has(name, 5):
            curve = getattr(history, name)
            first = float(curve[np.isfinite(curve)][0])
            won = sign * (features.last(name) - first)
            if won > 3 * features.noises[name] and won > 0.01 * abs(first):
                return MOST
    return 0.4
