"""When a training is called healthy: where its curves speak for it, not where nothing speaks against it.

A fault that leaves no mark on the curves leaves them undecided; calling such a run healthy would be as wrong
as any other false word.
"""

import numpy as np

from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import LEAST, MOST, Finding, sure

# Fewer epochs than this are no curve.
FEWEST_EPOCHS = 5
# What is as likely as this was all but found.
_DOUBT = 0.46


def healthy(facts: HistoryFeatures, found: list[Finding], figures: str) -> list[Finding]:
    """`healthy` where there is enough to say so, else nothing.

    found: what was seen but not surely. figures: those that the run ended with, in words.
    """
    history = facts.history
    if facts.n < FEWEST_EPOCHS or not (history.has("loss", 5) or history.has("accuracy", 5)):
        return []
    if not (history.has("val_accuracy", 5) or history.has("val_loss", 5)) or facts.learned < 0.05:
        return []
    doubt = max((each.confidence for each in found), default=0.0)
    evidence = min(learned_much(facts), usual_gap(facts), learned_in_time(facts), at_rest(facts))
    if doubt > _DOUBT or evidence < LEAST:
        return []
    lacking = 0.1 * len([name for name in history.missing if name != "learning_rate"])
    confidence = min(MOST, 0.95 - lacking - 0.5 * max(doubt - 0.2, 0.0) - max(0.0, 0.04 * (10 - facts.n)))
    return [
        Finding(
            "healthy",
            facts.epoch(0),
            max(min(confidence, evidence), LEAST),
            f"over {facts.n} epochs training and validation improved together and came to rest in time, and "
            f"nothing speaks against it: {figures}",
            {"epochs": [facts.epoch(0), facts.epoch(facts.n - 1)], "doubt": doubt},
        )
    ]


def learned_much(facts: HistoryFeatures) -> float:
    """How sure it is that validation got far: that less than a quarter of the loss of chance is gone, a
    network that is held back reaches as well."""
    classes = facts.history.classes
    if facts.chance_loss and facts.history.has("val_loss", 5):
        return sure(1.0 - facts.last("val_loss") / facts.chance_loss, 0.25, 0.35)
    if classes and facts.history.has("val_accuracy", 5):
        # The accuracies that go with these losses: of a hundred classes, 18 and 27 percent.
        right = max(facts.last("val_accuracy"), 1e-6)
        return sure(float(np.log(right * classes) / np.log(classes)), 0.63, 0.72)
    return MOST


def usual_gap(facts: HistoryFeatures) -> float:
    """How sure it is that training is not so far ahead of validation that it may be memory."""
    if not (facts.history.has("accuracy") and facts.history.has("val_accuracy")):
        return MOST
    train = max(facts.last("accuracy"), 1e-3)
    return sure((train - facts.last("val_accuracy")) / train, 0.6, 0.45)


def learned_in_time(facts: HistoryFeatures) -> float:
    """How sure it is that most was learned before the last third of the run: where much of it came only as
    the rate went down at the end, the rate (or a weight decay) had held the network back until then."""
    if facts.n < 9 or not (facts.chance_loss and facts.history.has("val_loss", 5)):
        return MOST
    end = facts.last("val_loss")
    late = float(facts.val_loss[facts.late_start - 1]) - end
    return sure(late / max(facts.chance_loss - end, 1e-6), 0.3, 0.2)


def at_rest(facts: HistoryFeatures) -> float:
    """How sure it is that the run was done: at a rate that came down, or with little left to win at one that
    did not."""
    if not facts.rates.known or facts.rates.remaining < 0.35 or not facts.history.has("val_loss", 5):
        return MOST
    return sure(facts.pace("val_loss"), 0.12, 0.06)
