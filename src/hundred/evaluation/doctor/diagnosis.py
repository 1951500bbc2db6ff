"""All detectors over one history: what they find, less what another finding explains, and a verdict."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hundred.evaluation.doctor.advice import rendered
from hundred.evaluation.doctor.detectors.augmentation import augmentation_too_strong
from hundred.evaluation.doctor.detectors.divergence import diverged
from hundred.evaluation.doctor.detectors.healthy import healthy
from hundred.evaluation.doctor.detectors.noisy_validation import noisy_validation
from hundred.evaluation.doctor.detectors.overfitting import overfitting
from hundred.evaluation.doctor.detectors.plateau import plateau, stopped_early
from hundred.evaluation.doctor.detectors.rate_cuts import early_cut, late_cut
from hundred.evaluation.doctor.detectors.rate_too_high import rate_too_high
from hundred.evaluation.doctor.detectors.rate_too_low import rate_too_low
from hundred.evaluation.doctor.detectors.underfitting import underfitting
from hundred.evaluation.doctor.detectors.validation_suspect import validation_suspect
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, ranked
from hundred.evaluation.doctor.history import History
from hundred.evaluation.doctor.readers.sources import read_anything
from hundred.evaluation.doctor.reading import Reading
from hundred.evaluation.doctor.verdict import verdict_on

DETECTORS: tuple[Callable[[HistoryFeatures], Finding | None], ...] = (
    diverged,
    validation_suspect,
    rate_too_high,
    rate_too_low,
    overfitting,
    early_cut,
    late_cut,
    plateau,
    augmentation_too_strong,
    underfitting,
    stopped_early,
    noisy_validation,
)

# What a finding brings with it, so that the consequence is not reported as a second fault; a cause stands
# before what it explains.
EXPLAINS: dict[str, frozenset[str]] = {
    "diverged": frozenset(
        ("learning-rate-too-low", "overfitting", "plateau", "late-cut", "early-cut", "underfitting",
         "stopped-early", "noisy-validation", "augmentation-too-strong", "validation-suspect")
    ),
    "learning-rate-too-high": frozenset(
        ("plateau", "underfitting", "stopped-early", "noisy-validation", "augmentation-too-strong",
         "late-cut", "validation-suspect")
    ),
    "validation-suspect": frozenset(
        ("overfitting", "plateau", "stopped-early", "noisy-validation", "augmentation-too-strong",
         "underfitting", "late-cut")
    ),
    "learning-rate-too-low": frozenset(
        ("plateau", "stopped-early", "noisy-validation", "augmentation-too-strong")
    ),
    "overfitting": frozenset(("plateau", "stopped-early", "late-cut", "early-cut")),
    "early-cut": frozenset(("plateau", "underfitting", "stopped-early", "learning-rate-too-low")),
    "late-cut": frozenset(("plateau", "underfitting", "noisy-validation")),
    "noisy-validation": frozenset(("plateau", "underfitting", "stopped-early")),
    "plateau": frozenset(("stopped-early",)),
}  # fmt: skip


# Of two such findings the surer one is the reason of both: a run that is still improving has not come to
# rest, and one whose training is behind validation only because it is young is not held back.
RIVALS: tuple[set[str], ...] = (
    {"stopped-early", "underfitting"},
    {"stopped-early", "augmentation-too-strong"},
    {"learning-rate-too-low", "underfitting"},
)

# A cause explains a fault that is at most this much surer than itself, and these, which come of many causes,
# however sure they are.
_LESS_SURE = 0.25
_OF_MANY_CAUSES = frozenset(("stopped-early", "noisy-validation"))


@dataclass(frozen=True)
class Diagnosis:
    """findings: ranked, the surest and most urgent first; empty where nothing is sure, not even health.
    verdict: one sentence. notes: how the history was read, and what could not be judged. history: as it was
    read.
    """

    findings: tuple[Finding, ...]
    verdict: str
    notes: tuple[str, ...] = ()
    history: History | None = None

    @property
    def reading(self) -> Reading | None:
        """What was understood of the file; None of a history that was made in Python."""
        return self.history.reading if self.history else None

    @property
    def names(self) -> list[str]:
        """The names of the findings."""
        return [finding.name for finding in self.findings]

    def as_dict(self, *, explain: bool = False) -> dict[str, Any]:
        """As `hundred doctor --json` gives it. explain: with what was understood of the file, as
        `understood`."""
        understood = {"understood": self.reading.as_dict()} if explain and self.reading else {}
        findings = [finding.as_dict() for finding in self.findings]
        return {**understood, "findings": findings, "verdict": self.verdict}

    def __getitem__(self, key: str) -> Any:
        """`findings` or `verdict` as in the JSON."""
        return self.as_dict()[key]


def doctor(what: Any, run: str | None = None) -> Diagnosis:
    """What the history that `what` is or leads to says of its training, and what to try next.

    what: a run directory, a CSV or JSON file of any framework, an MLflow run id, a Run, a data frame, a dict
        of lists, or Keras' History; see `read_anything`. run: which one, where a file holds several.

    Raises UsageError where there is nothing, HundredError where it is no history.
    """
    return diagnose(read_anything(what, run))


def diagnose(history: History) -> Diagnosis:
    """What `history` says."""
    features = HistoryFeatures(history)
    found = [each for detect in DETECTORS if (each := detect(features)) is not None]
    findings = the_surer(unexplained(ranked(found)))
    if not findings:
        findings = healthy(features, found)
    reading = history.reading
    framework = history.context.framework or (reading.framework if reading else "")
    task = history.context.task or (reading.task if reading else "")
    findings = [replace(each, advice=rendered(each.actions, framework, task)) for each in findings]
    verdict, notes = verdict_on(features, findings)
    return Diagnosis(tuple(findings), verdict, (*history.notes, *notes), history)


def the_surer(findings: list[Finding]) -> list[Finding]:
    """Ranked findings without those that a surer rival speaks against."""
    names = [finding.name for finding in findings]
    return [
        finding
        for place, finding in enumerate(findings)
        if not any({finding.name, name} in RIVALS for name in names[:place])
    ]


def unexplained(findings: list[Finding]) -> list[Finding]:
    """The findings that no other one of them explains; of two that explain each other the first stays.

    A cause that is much less sure than what it would explain does not explain it: both are reported.
    """
    kept: list[Finding] = []
    for finding in sorted(
        findings, key=lambda each: list(EXPLAINS).index(each.name) if each.name in EXPLAINS else 99
    ):
        causes = [each for each in kept if finding.name in EXPLAINS.get(each.name, frozenset())]
        least = 0.0 if finding.name in _OF_MANY_CAUSES else finding.confidence - _LESS_SURE
        if not any(each.confidence >= least for each in causes):
            kept.append(finding)
    return [finding for finding in findings if finding in kept]
