"""Validation that is too noisy to compare epochs by."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.accuracy_resolution import FEW_IMAGES
from hundred.evaluation.doctor.curves import measured
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def noisy_validation(features: HistoryFeatures) -> Finding | None:
    """Validation accuracy goes up and down by more from epoch to epoch than training gets on."""
    history = features.history
    if features.n < 7 or not history.has("val_accuracy", 7):
        return None
    begin = max(2, features.n // 5)
    spread = _wobble(history.val_accuracy[begin:])
    if features.n >= 12:
        # At a high rate a network itself comes and goes; what counts is whether it settles.
        spread = min(spread, 1.8 * _wobble(history.val_accuracy[features.n // 2 :]))
    level = features.late("val_accuracy")
    if not level > 0:
        return None
    # As noisy as so few images would be by chance alone.
    as_few = max(level * (1 - level), 1e-3) / max(spread, 1e-6) ** 2
    confidence = sure(-np.log(as_few), -np.log(400), -np.log(150))
    if history.classes and level < 5.0 / history.classes:
        confidence = 0.0  # of next to nothing learned, chance moves more than its few right answers can show
    if features.images:
        # The same few images give the same answer while the network stands still: they are no less few.
        confidence = max(confidence, sure(-np.log(features.images), -np.log(FEW_IMAGES), -np.log(200)))
    # Where nearly all is right, noise does not change the choice of an epoch.
    confidence = min(confidence, sure(spread, 0.008, 0.02))
    if (features.images or FEW_IMAGES) >= FEW_IMAGES:
        confidence = min(confidence, 0.7)  # the network itself may fluctuate as much
    if features.saturated:
        confidence = min(
            confidence, sure(_wobble(history.val_accuracy[features.late_start - 2 :]), 0.02, 0.05)
        )
    evidence = Evidence(history)
    at = _largest_step(history.val_accuracy, begin)
    sentence = f"{evidence.noun('val_accuracy')} goes up and down from {history.unit} to {history.unit}: "
    sentence += f"{evidence.at('val_accuracy', at)}, then {evidence.at('val_accuracy', at + 1)}"
    few = features.images is not None and features.images < FEW_IMAGES
    sentence += "; its steps are those of few validation samples" if few else ""
    return Finding(
        "noisy-validation",
        features.epoch(begin),
        confidence,
        sentence,
        evidence.data(),
        actions=_steadier(features),
    )


def _largest_step(curve: np.ndarray, begin: int) -> int:
    """Index before the largest step between two epochs that follow each other."""
    steps = np.abs(np.diff(curve))
    steps[:begin] = np.nan
    return int(np.nanargmax(steps)) if np.isfinite(steps).any() else max(len(curve) - 2, 0)


def _wobble(y: np.ndarray) -> float:
    """Noise about the smoothed curve. Not only from medians: a curve that jumps now and then is noisy as
    well."""
    _, values = measured(y)
    if len(values) < 5:
        return 0.0
    second = np.diff(values, 2)
    usual = 1.4826 * float(np.median(np.abs(second))) / 6**0.5
    quarter = float(np.quantile(np.abs(second), 0.75)) / 1.15 / 6**0.5
    return (usual + quarter) / 2


def _steadier(features: HistoryFeatures) -> tuple[advice.Action, ...]:
    images = features.images
    more = (advice.MORE_VALIDATION,) if images is None or images < 2_000 else ()
    return (*more, advice.AVERAGING, *advice.rate(features, 0.3))
