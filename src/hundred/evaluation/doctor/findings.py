"""What the doctor can find: the names, one finding with its evidence, and how sure a measurement makes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hundred.evaluation.doctor.advice import Action

# From the most urgent to the least: findings of about equal confidence stand in this order.
NAMES = (
    "diverged",
    "validation-suspect",
    "learning-rate-too-high",
    "learning-rate-too-low",
    "overfitting",
    "early-cut",
    "late-cut",
    "plateau",
    "augmentation-too-strong",
    "underfitting",
    "stopped-early",
    "noisy-validation",
    "healthy",
)

# A finding less sure than this is left out: silence beats a false alarm.
LEAST = 0.5
MOST = 0.98


@dataclass(frozen=True)
class Finding:
    """One thing that the curves show.

    name: one of NAMES. since_epoch: the first epoch in which it shows, as the file counts them; None where it
    has none. confidence: 0 to 1, how sure the doctor is. sentence: the evidence in words; data: the same as
    epochs and values. actions: what to try next; advice: the same in the terms of the framework.
    """

    name: str
    since_epoch: float | None
    confidence: float
    sentence: str
    data: dict[str, Any] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()

    @property
    def evidence(self) -> dict[str, Any]:
        """`sentence`, and the epochs and values it rests on."""
        return {"sentence": self.sentence, **self.data}

    def as_dict(self) -> dict[str, Any]:
        """As `hundred doctor --json` gives it."""
        return {
            "name": self.name,
            "since_epoch": self.since_epoch,
            "confidence": round(self.confidence, 3),
            "evidence": self.evidence,
            "try": list(self.advice),
        }

    def __getitem__(self, key: str) -> Any:
        """The value of `key` in `as_dict()`, so that a finding reads like its JSON."""
        return self.as_dict()[key]


def sure(value: float, least: float, full: float) -> float:
    """A confidence from a measurement: LEAST where it is at `least`, MOST from `full` on, 0 below `least` by
    as much as the way from `least` to `full`. `full` may be below `least`, where small values tell more."""
    if least == full:
        raise ValueError("least and full must differ")
    along = (value - least) / (full - least)
    confidence = LEAST + along * (MOST - LEAST)
    return float(min(max(confidence, 0.0), MOST))


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that are sure enough, the surest first; within a tenth, the most urgent first. That a run
    fell apart comes before all that may have led to it."""
    kept = [finding for finding in findings if finding.confidence >= LEAST]
    return sorted(
        kept,
        key=lambda each: (each.name != "diverged", -round(each.confidence, 1), NAMES.index(each.name)),
    )
