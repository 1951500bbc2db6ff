"""Overfitting and underfitting: what the gap between training and validation does as training goes on."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import tail
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def overfitting(features: HistoryFeatures) -> Finding | None:
    """Validation gets worse while training goes on getting better."""
    if features.n < 5:
        return None
    found = (_rising_loss(features), _falling_accuracy(features), _by_heart(features))
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
    spread = features.noises["val_loss"]
    above = features.soft_labels or end > 1.08 * features.last("loss")
    if falls < 0.03 or not above or end - low < 2.5 * spread:
        return None
    rise = (end - low) / low
    confidence = sure(rise, 0.03, 0.2)
    if _gain(features, lowest) > 0.08:  # the network is surer of its mistakes, but still learns to make fewer
        confidence = min(confidence, sure(rise, 0.06, 0.3))
    confidence = max(confidence, _nothing_of_it(features, lowest, falls, rise))
    return Finding(
        "overfitting",
        features.epoch(lowest + 1),
        confidence,
        f"validation loss has risen from {low:.3g} in epoch {features.epoch(lowest)} to {end:.3g} while "
        "training loss "
        f"fell from {float(features.loss[lowest]):.3g} to {features.last('loss'):.3g}{_accuracies(features)}",
        {
            "epochs": [features.epoch(lowest), features.epoch(features.n - 1)],
            "val_loss_lowest": low,
            "val_loss_end": end,
            "loss_then": float(features.loss[lowest]),
            "loss_end": features.last("loss"),
        },
        _less_overfitting(features),
    )


def _nothing_of_it(features: HistoryFeatures, lowest: int, falls: float, rise: float) -> float:
    """How sure a small rise of the validation loss makes it: where training learned much more since then, is
    far ahead, and next to nothing of it helped validation's accuracy."""
    gap = _relative_gap(features) or 0.0
    return min(
        sure(falls, 0.15, 0.5), sure(gap, 0.4, 0.7), sure(rise, 0.01, 0.03),
        sure(_gain(features, lowest), 0.08, 0.03),
    )  # fmt: skip


def _falling_accuracy(features: HistoryFeatures) -> Finding | None:
    """Where there is no validation loss: accuracy falls from its best while training accuracy rises."""
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
    return Finding(
        "overfitting",
        features.epoch(best + 1),
        confidence,
        f"validation accuracy has not risen since epoch {features.epoch(best)} ({high:.1%}, now {end:.1%}) "
        f"while training accuracy went from {float(features.accuracy[best]):.1%} to "
        f"{features.last('accuracy'):.1%}",
        {
            "epochs": [features.epoch(best), features.epoch(features.n - 1)],
            "val_accuracy_best": high,
            "val_accuracy_end": end,
            "accuracy_end": features.last("accuracy"),
        },
        _less_overfitting(features),
    )


def _by_heart(features: HistoryFeatures) -> Finding | None:
    """Many training images are right and far fewer others, whatever the losses say: cuts or smoothed labels
    can keep validation loss from rising."""
    history = features.history
    if not (history.has("accuracy", 5) and history.has("val_accuracy", 5)):
        return None
    reached, gap = features.last("accuracy"), _relative_gap(features) or 0.0
    since = int(np.argmax(features.accuracy > 1.5 * features.val_accuracy))
    return Finding(
        "overfitting",
        features.epoch(since),
        min(sure(gap, 0.6, 0.75), sure(reached, 0.35, 0.6)),
        f"training accuracy went to {reached:.1%} while validation stayed at "
        f"{features.last('val_accuracy'):.1%}: training images are learned by heart",
        {
            "epochs": [features.epoch(since), features.epoch(features.n - 1)],
            "accuracy_end": reached,
            "val_accuracy_end": features.last("val_accuracy"),
        },
        _less_overfitting(features),
    )


def _gain(features: HistoryFeatures, since: int) -> float:
    """How much validation accuracy has risen since an index, as a share of what it was."""
    if not features.history.has("val_accuracy", 5):
        return 0.0
    before = max(float(features.val_accuracy[since]), 1e-3)
    return (features.last("val_accuracy") - before) / before


def _accuracies(features: HistoryFeatures) -> str:
    if not (features.history.has("accuracy") and features.history.has("val_accuracy")):
        return ""
    ends = [f"{features.last(name):.1%}" for name in ("accuracy", "val_accuracy")]
    return f"; accuracy ends at {ends[0]} in training and {ends[1]} in validation"


def _less_overfitting(features: HistoryFeatures) -> tuple[str, ...]:
    decay = features.history.context.weight_decay
    more = () if decay else (advice.WEIGHT_DECAY,)
    return (*advice.MILD_AUGMENTATION, *more, *advice.EARLY_STOPPING)


def underfitting(features: HistoryFeatures) -> Finding | None:
    """Training has come to rest at a high loss, and validation is no worse: the network cannot do more."""
    history = features.history
    if features.n < 6 or not history.has("loss", 5) or features.chance_loss is None:
        return None
    if features.soft_labels:
        return None
    left = features.last("loss") / features.chance_loss
    size = tail(features.n, 0.35, 4)
    gap = _relative_gap(features)
    if gap is None or features.learned < 0.01:
        return None
    pace = features.pace("loss")
    # The nearer to chance, the surer that it is not only what a longer run would still bring.
    at_rest = sure(pace, 0.14 if left > 0.85 else 0.09, 0.03)
    # Behind validation, training is that low because of what it is shown; only little learned counts then.
    # So may a rate that was never lowered be what holds it.
    held = gap < -0.06 or features.rates.remaining > 0.5
    high = sure(left, 0.82, 0.9) if held else sure(left, 0.74, 0.84)
    # At chance itself it is the rate.
    high = min(high, sure(left, 0.99, 0.96))
    confidence = min(high, at_rest, sure(gap, 0.2 if left > 0.8 else 0.1, 0.0))
    return Finding(
        "underfitting",
        features.epoch(features.n - size),
        confidence,
        f"training loss is as good as at rest at {features.last('loss'):.3g}, {left:.0%} of what knowing "
        f"nothing costs, and validation is no worse than training{_accuracies(features)}",
        {
            "epochs": [features.epoch(features.n - size), features.epoch(features.n - 1)],
            "loss_end": features.last("loss"),
            "loss_of_chance": features.chance_loss,
            "fall_if_e_times_as_long": pace,
        },
        _more_capacity(features),
    )


def _relative_gap(features: HistoryFeatures) -> float | None:
    """How far validation is behind training at the end, as a share of training; None where not measured."""
    history = features.history
    if history.has("accuracy") and history.has("val_accuracy"):
        return (features.last("accuracy") - features.last("val_accuracy")) / max(
            features.last("accuracy"), 1e-3
        )
    if history.has("val_loss"):
        return (features.last("val_loss") - features.last("loss")) / features.last("val_loss")
    return None


def _more_capacity(features: HistoryFeatures) -> tuple[str, ...]:
    decay = features.history.context.weight_decay
    less = ("--set training.weight_decay=0",) if decay is None or decay > 1e-3 else ()
    return ("--set model.name=resnet18", *less, advice.longer(features, 1.5))
