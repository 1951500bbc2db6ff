"""Whether the learning rate was cut too early (too deep, too often) or too late."""

from dataclasses import dataclass

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import filled, smooth, tail
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure
from hundred.evaluation.doctor.rate_history import Cut


def early_cut(features: HistoryFeatures) -> Finding | None:
    """A cut that came while training was still getting on, and after which it got on less."""
    history = features.history
    if features.n < 5 or not history.has("loss", 5) or not features.rates.cuts or features.saturated:
        return None
    early = [(cut, worth) for cut in features.rates.cuts if (worth := _worth(features, cut)).before > 0]
    if not early:
        return None
    cut, worth = early[0]
    confidence = min(
        sure(worth.after, 0.45, 0.25),
        _soon(cut, features.n),
        sure(worth.before, 0.01, 0.03),
        sure(features.rates.remaining, 0.45, 0.1),
        sure(worth.at_once, 1.6, 1.0),
        sure(_gap_at(features, cut), 0.5, 0.3),
    )
    evidence = Evidence(history)
    before, last = max(cut.at - 2, 0), features.n - 1
    sentence = f"the learning rate was cut{evidence.change('learning_rate', cut.at - 1, cut.at)} at "
    sentence += f"{evidence.epoch(cut.at)}, while training loss still "
    sentence += f"fell{evidence.change('loss', before, cut.at - 1)} "
    sentence += f"an epoch; after it, training loss came only to {evidence.at('loss', last)}"
    for each in features.rates.cuts:
        evidence.epoch(each.at)
    return Finding(
        "early-cut",
        features.epoch(cut.at),
        confidence,
        sentence,
        evidence.data(),
        actions=_later_cuts(features),
    )


def _soon(cut: Cut, epochs: int) -> float:
    """How sure it is that a cut came early in the run: what is lost counts where much of it was spent after
    the cut, at a fraction of the rate; after hardly any epochs a cut is early however short the run was."""
    left = (epochs - cut.at) / epochs
    return sure(left, 0.4, 0.55) if cut.at <= 4 else sure(left, 0.55, 0.7)


def _gap_at(features: HistoryFeatures, cut: Cut) -> float:
    """How far validation accuracy was behind training just before a cut, as a share of training: where it was
    far behind, training loss fell because images were memorized, and the cut cost nothing."""
    if not (features.history.has("accuracy") and features.history.has("val_accuracy")):
        return 0.0
    train, val = float(features.accuracy[cut.at - 1]), float(features.val_accuracy[cut.at - 1])
    return (train - val) / max(train, 1e-6)


@dataclass(frozen=True)
class _Worth:
    """What a cut was worth: how fast training loss fell before it, as a share of it an epoch; and, relative
    to that, how much it fell in the first epoch after it and how fast over the next 40 % of the run."""

    before: float
    at_once: float = float("inf")
    after: float = float("inf")


def _worth(features: HistoryFeatures, cut: Cut) -> _Worth:
    """Before: the slope of the last few epochs at the old rate, without the first epoch of the run."""
    loss = filled(features.history.loss)
    earlier = [each.at for each in features.rates.cuts if each.at < cut.at]
    begin = max(earlier[-1] if earlier else 0, cut.at - 4, 1 if cut.at > 3 else 0)
    if cut.at - begin < 2:
        begin = max(cut.at - 2, 0)
    last = float(loss[cut.at - 1])
    before = (float(loss[begin]) - last) / max(cut.at - 1 - begin, 1)
    if before <= 0:
        return _Worth(0.0)
    ahead = min(features.n - cut.at, max(3, round(0.4 * features.n)))
    after = (last - float(np.min(features.loss[cut.at : cut.at + ahead]))) / ahead
    return _Worth(before / last, (last - float(loss[cut.at])) / before, after / before)


def _later_cuts(features: HistoryFeatures) -> tuple[advice.Action, ...]:
    if features.history.context.optimizer and features.rates.cuts:
        return (advice.COSINE,)
    return (advice.PATIENCE,)


def late_cut(features: HistoryFeatures) -> Finding | None:
    """A cut that brought at once more than a long stretch before it: it could have come sooner."""
    if features.n < 10 or not features.rates.cuts or features.rates.smooth or features.saturated:
        return None
    cut = features.rates.cuts[0]
    if cut.at < 6:
        return None
    names = [name for name in _SIGNS if features.history.has(name, 5)]
    found = [(*_late_by(features, cut, name), name) for name in names]
    if not found:
        return None
    confidence, start, name = max(found)
    evidence = Evidence(features.history)
    sentence = (
        f"the cut{evidence.change('learning_rate', cut.at - 1, cut.at)} at {evidence.epoch(cut.at)} changed "
    )
    sentence += f"{evidence.noun(name)}{evidence.change(name, cut.at - 1, cut.at)} at once, more "
    sentence += "than what all epochs "
    sentence += f"since {evidence.epoch(start)} had brought"
    share = min(max(round((start + 3) / features.n, 2), 0.2), 0.6)
    sooner = advice.Action("sooner-cuts", (share, round((1 + share) / 2, 2)))
    return Finding(
        "late-cut", features.epoch(start), confidence, sentence, evidence.data(), actions=(sooner,)
    )


# The figures that show a late cut, and which way each is better.
_SIGNS = {"val_accuracy": 1, "val_loss": -1}


def _late_by(features: HistoryFeatures, cut: Cut, name: str) -> tuple[float, int]:
    """How sure one figure makes it, and the index since which it had been idle."""
    jump, spread = _jump(features, cut, name)
    start = _idle_since(features, cut, name, jump)
    way = float(np.ptp(smooth(getattr(features.history, name))))
    confidence = min(
        sure((cut.at - start) / features.n, 0.3, 0.5),
        sure(cut.at / features.n, 0.68, 0.8),
        sure(jump / spread, 2.0, 4.0),
        sure(jump / max(way, 1e-9), 0.12, 0.25),  # a cut that brings next to nothing came in time
    )
    return confidence, start


def _idle_since(features: HistoryFeatures, cut: Cut, name: str, jump: float) -> int:
    """Index from which on all epochs up to the cut brought less than the cut did."""
    rising = _SIGNS[name] * smooth(getattr(features.history, name)[: cut.at])
    at_cut = float(np.median(rising[-3:]))
    below = np.flatnonzero(rising < at_cut - max(jump, 0.0))
    return min(int(below[-1]) + 1 if len(below) else 0, cut.at)


def _jump(features: HistoryFeatures, cut: Cut, name: str) -> tuple[float, float]:
    """What came with a cut, in the better direction, and the noise of that figure."""
    curve = filled(getattr(features.history, name))
    size = tail(cut.at, 0.2, 3)
    before = float(np.median(curve[cut.at - size : cut.at]))
    after = float(np.median(curve[cut.at : cut.at + size]))
    return _SIGNS[name] * (after - before), max(features.noises[name], 1e-6)
