"""Training that fell apart: figures that are not numbers, or a loss that went up and did not come back."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import filled, level, tail
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def diverged(features: HistoryFeatures) -> Finding | None:
    """NaN or infinite figures to the end, a loss that blew up, or one that lost most of what was learned."""
    return _not_finite(features) or _blew_up(features) or _lost(features)


def _not_finite(features: HistoryFeatures) -> Finding | None:
    history = features.history
    if not history.infinite.any():
        return None
    first = int(np.flatnonzero(history.infinite)[0])
    # A single epoch that the run recovered from does no lasting harm; not being a number to the end does.
    lasting = bool(history.infinite[-1])
    evidence = Evidence(history)
    sentence = f"the loss or accuracy of {evidence.epoch(first)} is not a finite number"
    if np.isfinite(history.loss[:first]).any():
        sentence += f"; training loss before it was {evidence.at('loss', first - 1)}"
    return Finding(
        "diverged",
        features.epoch(first),
        0.98 if lasting else 0.6,
        sentence,
        evidence.data(),
        actions=_lower_rate(features),
    )


def _blew_up(features: HistoryFeatures) -> Finding | None:
    """The loss was once beyond all measure, and nothing has been learned since."""
    at = features.blown_up
    if at is None or features.chance_loss is None or features.n < 3:
        return None
    loss = filled(features.history.loss)
    end = float(np.median(loss[-tail(features.n, 0.1, 2) :]))
    evidence = Evidence(features.history)
    return Finding(
        "diverged",
        features.epoch(at),
        min(0.95, sure(end / features.chance_loss, 0.9, 0.97)),
        f"training loss blew up to {evidence.at('loss', at)} and is "
        f"{evidence.at('loss', features.n - 1)}, no better "
        "than guessing",
        evidence.data(),
        actions=_lower_rate(features),
    )


def _lost(features: HistoryFeatures) -> Finding | None:
    """The loss is so far back up that half and more of what had been learned is gone."""
    history = features.history
    if not history.has("loss", 4) or features.chance_loss is None:
        return None
    loss = filled(history.loss)
    lowest = int(np.argmin(features.loss[:-1]))
    low = float(features.loss[lowest])
    ends = features.n - tail(features.n, 0.15, 2)
    high, chance = float(np.median(loss[ends:])), features.chance_loss
    if lowest >= ends or low >= chance:
        return None
    # Of a loss that fluctuates, the lowest epoch alone means nothing.
    beyond_noise = sure((high - low) / max(features.noises["loss"], 1e-6), 3.0, 6.0)
    confidence = min(sure((high - low) / (chance - low), 0.5, 0.9), beyond_noise)
    if low > 0.93 * chance:
        # So little learned and lost again is a rate that was too high from the start, unless it was raised
        # since.
        fell_apart = _was_above_chance(features, ends) and _raised(features, lowest)
        confidence = min(confidence, 0.85 if fell_apart else 0.0)
    if history.has("val_accuracy", 4) and features.last("val_accuracy") > 0.8 * float(
        np.nanmax(features.val_accuracy)
    ):
        confidence = min(confidence, 0.45)  # validation kept what it had
    if confidence <= 0:
        return None
    since = next(i for i in range(lowest, features.n) if loss[i] > (low + high) / 2)
    evidence = Evidence(history)
    best = features.best("loss")
    sentence = f"training loss was down to {evidence.at('loss', best)} and is back at "
    sentence += f"{evidence.at('loss', features.n - 1)}; it left its low by {evidence.epoch(since)}"
    return Finding(
        "diverged",
        features.epoch(since),
        confidence,
        sentence,
        evidence.data(),
        actions=_lower_rate(features),
    )


def _was_above_chance(features: HistoryFeatures, ends: int) -> bool:
    """Whether training accuracy was once clearly better than guessing, and is not any more."""
    classes = features.history.classes
    if not classes or not features.history.has("accuracy", 4):
        return False
    best = float(np.nanmax(features.history.accuracy[:ends]))
    return best > 2.2 / classes and level(features.history.accuracy, ends, features.n) < 1.4 / classes


def _raised(features: HistoryFeatures, since: int) -> bool:
    """Whether the learning rate is known to have gone up after an index."""
    rate = features.rates.rate
    return rate is not None and float(rate[since:].max()) > 1.25 * float(rate[since])


def _lower_rate(features: HistoryFeatures) -> tuple[advice.Action, ...]:
    return (*advice.rate(features, 0.1), advice.CLIPPING, advice.WARMUP)
