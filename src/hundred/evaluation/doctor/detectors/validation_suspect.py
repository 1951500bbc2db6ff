"""Whether validation can be believed: leaking, or with wrong labels or images."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.curves import filled, smooth
from hundred.evaluation.doctor.evidence import Evidence
from hundred.evaluation.doctor.features import HistoryFeatures
from hundred.evaluation.doctor.findings import Finding, sure


def validation_suspect(features: HistoryFeatures) -> Finding | None:
    """Validation that does not follow training where it must, or follows it where it cannot."""
    history = features.history
    if never := _nothing_right(features):
        return never
    if (
        features.n < 4
        or not (history.has("accuracy", 4) and history.has("val_accuracy", 4))
        or history.scores
    ):
        return None
    detectors = (_unrelated, _not_following, _behind_from_the_start, _leaking)
    found = [each for detect in detectors if (each := detect(features))]
    return max(found, key=lambda each: each.confidence, default=None)


def _nothing_right(features: HistoryFeatures) -> Finding | None:
    """Training learns, and not one sample of validation is ever right."""
    history = features.history
    if features.n < 4 or not (history.has("loss", 4) and history.has("val_accuracy", 4)):
        return None
    if np.nanmax(history.val_accuracy) > 0:
        return None
    left = features.last("loss") / max(float(filled(history.loss)[0]), 1e-9)
    evidence = Evidence(history)
    sentence = f"training loss fell to {evidence.at('loss', features.n - 1)} while validation accuracy is "
    sentence += f"{evidence.value('val_accuracy', features.n - 1)} in every epoch: its labels are not those "
    evidence.epoch(features.n - 1)
    return Finding(
        "validation-suspect",
        features.epoch(0),
        min(sure(left, 0.7, 0.4), 0.9),
        sentence + "that were trained",
        evidence.data(),
        actions=(advice.OTHER_SPLIT,),
    )


def _unrelated(features: HistoryFeatures) -> Finding | None:
    """Training learns and validation stays at chance."""
    history = features.history
    classes = history.classes
    best_val = float(np.nanmax(smooth(history.val_accuracy)[1:]))
    reached = features.last("accuracy")
    # Where the classes are not known, nothing above the lowest value seen counts as chance.
    chance = 1.0 / classes if classes else float(np.nanmin(history.val_accuracy)) / 2
    if reached < 5 * chance or best_val > 3 * chance or best_val > 0.35 * reached:
        return None
    confidence = min(sure(reached / max(best_val, 1e-4), 3.0, 6.0), sure(features.n, 3, 6))
    evidence = Evidence(history)
    sentence = f"training accuracy reached {evidence.at('accuracy', features.n - 1)} while "
    sentence += "validation accuracy was at "
    sentence += f"most {evidence.at('val_accuracy', features.best('val_accuracy'))}, about what "
    sentence += "guessing gives: its labels "
    return _finding(
        features, 0, confidence, sentence + "or images do not belong to what was trained", evidence
    )


def _not_following(features: HistoryFeatures) -> Finding | None:
    """Validation loss does not follow training loss even at first, where training has learned so little that
    nothing can have been memorized; and validation accuracy stays a small share of training's."""
    history, chance = features.history, features.chance_loss
    if features.n < 5 or not (history.has("loss", 4) and history.has("val_loss", 4)):
        return None
    if not chance or features.soft_labels:
        return None
    fallen = 1.0 - filled(history.loss) / chance
    val = filled(history.val_loss)
    begun = np.flatnonzero(fallen > 0.06)
    if len(begun) < 3:
        return None
    # At least three epochs, as moving averages of batch normalization come later than what they average.
    early = np.union1d(begun[:3], begun[fallen[begun] < 0.3])
    follows = float(np.max((1.0 - val[early] / chance) / fallen[early]))
    behind = features.last("val_accuracy") / max(features.last("accuracy"), 1e-3)
    confidence = min(
        sure(follows, 0.3, 0.05), sure(behind, 0.65, 0.5), sure(features.restless("val_loss"), 0.08, 0.04)
    )
    evidence = Evidence(history)
    lowest = int(early[np.argmin(val[early])])
    sentence = f"while training loss first fell to {evidence.at('loss', int(early[-1]))}, "
    sentence += "validation loss came only to "
    sentence += (
        f"{evidence.at('val_loss', lowest)}{evidence.ends()}: part of its labels or images may be wrong"
    )
    return _finding(features, int(begun[0]), confidence, sentence, evidence)


def _behind_from_the_start(features: HistoryFeatures) -> Finding | None:
    """Validation is a constant share of training from the first epochs on, before anything can be overfitted,
    and rises with it: part of it is wrong."""
    history = features.history
    if features.n < 6 or (features.chance_loss is None and not history.classes):
        return None
    train, val = features.lagged_accuracy, filled(history.val_accuracy)
    ratio = val / np.maximum(train, 1e-6)
    # The first epoch is no evidence for it (moving averages of batch normalization may still be far off), but
    # it is evidence against it.
    early = max(float(np.median(ratio[1 : max(4, features.n // 8)])), float(ratio[0]) - 0.4)
    late = float(np.median(ratio[-max(3, features.n // 3) :]))
    won = float(features.val_accuracy[-1] - features.val_accuracy[1])
    rises = won / max(float(train[-1] - train[1]), 1e-6)
    if rises < 0.6 * early or features.last("val_accuracy") < 1.5 * float(features.val_accuracy[0]):
        return None
    # A small network on few images falls behind soon; where losses are known, they must not point to that.
    least, full = (0.6, 0.48) if history.has("val_loss", 5) else (0.68, 0.5)
    # A share that became usual in the end was only a slow start.
    confidence = min(
        sure(early, least, full), sure(late / max(early, 1e-6), 0.55, 0.8), sure(late, 0.75, 0.65)
    )
    evidence = Evidence(history)
    sentence = "validation accuracy was behind training from the first epochs on "
    sentence += f"({evidence.value('val_accuracy', 1)} "
    sentence += f"against {evidence.value('accuracy', 1)} in {evidence.epoch(1)}), when nothing "
    sentence += "can be overfitted yet, "
    sentence += f"and rises with it to {evidence.at('val_accuracy', features.n - 1)}: part of its "
    sentence += "labels or images may be "
    return _finding(features, 1, confidence, sentence + "wrong", evidence)


def _leaking(features: HistoryFeatures) -> Finding | None:
    """Validation follows training into what can only be memory: no gap at all where there always is one."""
    history = features.history
    if features.n < 5 or not history.has("loss", 4) or features.soft_labels or not features.chance_loss:
        return None
    classes = history.classes or 0
    train, val = features.lagged_accuracy, filled(history.val_accuracy)
    high = features.last("accuracy")
    gap = float(np.median((train - val)[features.late_start :])) / max(high, 1e-3)
    speed = features.chance_loss - features.last("loss")
    # Few-class problems can be that easy; with many classes no network gets there from scratch.
    if classes < 50 or float(filled(history.val_accuracy)[0]) > 0.4 or speed <= 0 or gap > 0.08:
        return None
    if history.has("val_loss", 4) and features.last("val_loss") > 1.1 * features.last("loss"):
        return None  # samples that were trained on are no harder in validation
    confidence = min(sure(min(high, features.last("val_accuracy")), 0.7, 0.9), sure(gap, 0.08, 0.0))
    evidence = Evidence(history)
    sentence = (
        f"validation accuracy follows training accuracy up to {evidence.at('val_accuracy', features.n - 1)} "
    )
    sentence += f"({evidence.value('accuracy', features.n - 1)} in training) without any gap, "
    sentence += "which so many classes do not "
    return _finding(
        features, 0, confidence, sentence + "allow: its images seem to be among those trained on", evidence
    )


def _finding(
    features: HistoryFeatures, index: int, confidence: float, sentence: str, evidence: Evidence
) -> Finding:
    evidence.epoch(features.n - 1)
    # Only of the classes of CIFAR-100, which hundred's own runs have, is it known how far a network gets on
    # them.
    sure_of_classes = bool(features.history.context.classes) or features.history.classes == 100
    return Finding(
        "validation-suspect",
        features.epoch(index),
        confidence if sure_of_classes else min(confidence, 0.45),
        sentence,
        evidence.data(),
        actions=(advice.OTHER_SPLIT,),
    )
