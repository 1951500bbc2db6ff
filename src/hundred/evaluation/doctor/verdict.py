"""The verdict in a sentence, and what could not be judged."""

from hundred.evaluation.doctor.curves import measured
from hundred.evaluation.doctor.detectors.healthy import FEWEST_EPOCHS
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding

_MEANINGS = {
    "diverged": "training fell apart",
    "validation-suspect": "the validation figures cannot be believed",
    "learning-rate-too-high": "the learning rate is too high",
    "learning-rate-too-low": "the learning rate is too low",
    "overfitting": "the network overfits",
    "early-cut": "the learning rate was cut too early or too deep",
    "late-cut": "the learning rate was cut too late",
    "plateau": "training is on a plateau at a learning rate that was never lowered",
    "augmentation-too-strong": "augmentation is so strong that it limits learning",
    "underfitting": "the network underfits",
    "stopped-early": "training stopped while it was still improving",
    "noisy-validation": "validation is too noisy to steer by",
    "healthy": "the training looks healthy",
}
_CURVES = {
    "accuracy": "training accuracy",
    "loss": "training loss",
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "learning_rate": "the learning rate",
}
_NEEDED_FOR = {
    "loss": "whether the learning rate fits",
    "val_loss": "overfitting, from the loss",
    "val_accuracy": "the noise and soundness of validation",
    "learning_rate": "the timing of learning-rate cuts",
}


def verdict_on(features: HistoryFeatures, findings: list[Finding]) -> tuple[str, list[str]]:
    """One sentence, and sentences on what could not be judged."""
    missing = features.history.missing
    notes = [
        f"without {_CURVES[name]}, {_NEEDED_FOR[name]} could not be judged"
        for name in missing
        if name in _NEEDED_FOR and features.n
    ]
    if not features.n:
        return "The history has no epochs.", []
    if not findings:
        return _nothing(features), notes
    first = findings[0]
    meaning = _MEANINGS[first.name][0].upper() + _MEANINGS[first.name][1:]
    if first.name == "healthy":
        return f"{meaning}: {final_figures(features)} at the end.", notes
    since = f" since {features.history.unit} {first.since_epoch:g}" if _has_since(first) else ""
    more = [_MEANINGS[finding.name] for finding in findings[1:]]
    also = f" Also, {' and '.join(more)}." if more else ""
    doubt = "" if first.confidence >= 0.7 else " It is not certain."
    return f"{meaning}{since}: {first.sentence}.{also}{doubt}", notes


def _has_since(finding: Finding) -> bool:
    return finding.since_epoch is not None and finding.name in ("diverged", "overfitting", "plateau")


def _nothing(features: HistoryFeatures) -> str:
    if features.n < FEWEST_EPOCHS:
        unit = features.history.unit
        count = f"1 {unit} shows" if features.n == 1 else f"{features.n} {unit}s show"
        return f"Too short for a verdict: {count} no trend yet; {FEWEST_EPOCHS} may."
    figures = ("accuracy", "loss", "val_accuracy", "val_loss")
    lacking = [
        _CURVES[name] for name in figures if len(measured(getattr(features.history, name))[0]) < FEWEST_EPOCHS
    ]
    if lacking:
        return (
            f"Nothing wrong was found, but without {' and '.join(lacking)} this is no clean bill of health."
        )
    return "Nothing can be said with confidence: no fault shows clearly, nor that the training is healthy."


def final_figures(features: HistoryFeatures) -> str:
    """The accuracies that the run ended with, else its losses, in words."""
    evidence = Evidence(features.history)
    last = features.n - 1
    for names in (("accuracy", "val_accuracy"), ("loss", "val_loss")):
        parts = [f"{evidence.noun(name)} {value}" for name in names if (value := evidence.value(name, last))]
        if parts:
            return ", ".join(parts)
    return "no figure"
