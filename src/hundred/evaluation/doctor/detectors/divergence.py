"""Training that fell apart: figures that are not numbers, or a loss that went up and did not come back."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import filled, level, tail
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
    # A single epoch that the run recovered from is a scar; not being a number to the end is the fault.
    lasting = bool(history.infinite[-1])
    before = level(history.loss, 0, first)
    was = (
        ""
        if np.isnan(before)
        else f" after {first} epoch{'' if first == 1 else 's'} with a loss around {before:.3g}"
    )
    return Finding(
        "diverged",
        features.epoch(first),
        0.99 if lasting else 0.6,
        f"the loss or accuracy of epoch {features.epoch(first)} is not a finite number{was}",
        {"epochs": [features.epoch(first), features.epoch(features.n - 1)], "loss_before": _plain(before)},
        _advice(features),
    )


def _blew_up(features: HistoryFeatures) -> Finding | None:
    """The loss was once beyond all measure, and nothing has been learned since."""
    at = features.blown_up
    if at is None or features.chance_loss is None or features.n < 3:
        return None
    loss = filled(features.history.loss)
    high, end = float(loss[at]), float(np.median(loss[-tail(features.n, 0.1, 2) :]))
    return Finding(
        "diverged",
        features.epoch(at),
        min(0.95, sure(end / features.chance_loss, 0.9, 0.97)),
        f"training loss blew up to {high:.3g} in epoch {features.epoch(at)} and is at {end:.3g} at the end "
        f"(knowing nothing is {features.chance_loss:.3g})",
        {
            "epochs": [features.epoch(at), features.epoch(features.n - 1)],
            "loss_highest": high,
            "loss_end": end,
            "loss_of_chance": features.chance_loss,
        },
        _advice(features),
    )


def _lost(features: HistoryFeatures) -> Finding | None:
    """The loss is so far back up that half and more of what had been learned is gone."""
    if not features.history.has("loss", 4):
        return None
    loss = filled(features.history.loss)
    lowest = int(np.argmin(features.loss[:-1]))
    low = float(features.loss[lowest])
    ends = features.n - tail(features.n, 0.15, 2)
    high = float(np.median(loss[ends:]))
    chance = features.chance_loss or float(loss[: max(3, features.n // 10)].max())
    if lowest >= ends or low >= chance:
        return None
    # Of a loss that goes up and down by itself, some lowest epoch tells nothing.
    beyond_noise = sure((high - low) / max(features.noises["loss"], 1e-6), 3.0, 6.0)
    confidence = min(sure((high - low) / (chance - low), 0.5, 0.9), beyond_noise)
    if low > 0.93 * chance:
        # So little learned and lost again is a rate that was too high from the start, unless it was raised
        # since.
        fell_apart = _was_above_chance(features, ends) and _raised(features, lowest)
        confidence = min(confidence, 0.85 if fell_apart else 0.0)
    if confidence <= 0:
        return None
    since = next(i for i in range(lowest, features.n) if loss[i] > (low + high) / 2)
    return Finding(
        "diverged",
        features.epoch(since),
        confidence,
        f"training loss was down to {low:.3g} in epoch {features.epoch(lowest)} and is back at {high:.3g} "
        f"(knowing nothing is {chance:.3g})",
        {
            "epochs": [features.epoch(lowest), features.epoch(since)],
            "loss_lowest": low,
            "loss_end": high,
            "loss_of_chance": chance,
        },
        _advice(features),
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


def _advice(features: HistoryFeatures) -> tuple[str, ...]:
    return advice.other_rate(features, 0.1), advice.CLIPPING, advice.WARMUP


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value
