"""Whether validation can be believed: too noisy to steer by, leaking, or with wrong labels or images."""

import numpy as np

from hundred.evaluation.doctor import advice
from hundred.evaluation.doctor.accuracy_resolution import FEW_IMAGES
from hundred.evaluation.doctor.curves import filled, measured, smooth
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
        confidence = 0.0  # of next to nothing learned, chance moves more than what its few right answers tell
    images, why = features.images, f", as much as chance gives with some {round(as_few):,} images"
    if images:
        why += f"; it is over {images:,}"
        # The same few images give the same answer while the network stands still: they are no less few.
        confidence = max(confidence, sure(-np.log(images), -np.log(FEW_IMAGES), -np.log(200)))
    return Finding(
        "noisy-validation",
        features.epoch(begin),
        confidence,
        f"validation accuracy moves by {spread:.1%} (standard deviation) from epoch to epoch around "
        f"{level:.1%}{why}",
        {
            "epochs": [features.epoch(begin), features.epoch(features.n - 1)],
            "noise": spread,
            "level": level,
            "as_noisy_as_images": round(as_few),
            "validation_images": images,
        },
        _steadier(features),
    )


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


def _steadier(features: HistoryFeatures) -> tuple[str, ...]:
    images = features.images
    more = ("--set data.validation_per_class=50",) if images is None or images < 2_000 else ()
    return (*more, "--set training.ema=0.99", advice.other_rate(features, 0.3))


def validation_suspect(features: HistoryFeatures) -> Finding | None:
    """Validation that does not follow training where it must, or follows it where it cannot."""
    history = features.history
    if features.n < 4 or not (history.has("accuracy", 4) and history.has("val_accuracy", 4)):
        return None
    detectors = (_unrelated, _not_following, _behind_from_the_start, _leaking)
    found = [each for detect in detectors if (each := detect(features))]
    return max(found, key=lambda each: each.confidence, default=None)


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
    return _suspect(
        features,
        0,
        confidence,
        f"training accuracy reached {reached:.1%} while validation never left {best_val:.1%}, about what "
        "guessing gives: "
        "its labels or images do not belong to what was trained",
        {"accuracy_end": reached, "val_accuracy_best": best_val, "chance": chance},
    )


def _not_following(features: HistoryFeatures) -> Finding | None:
    """Validation loss does not follow training loss even at first, where training has learned so little that
    nothing can have been learned by heart; and validation accuracy stays a small share of training's."""
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
    return _suspect(
        features,
        int(begun[0]),
        confidence,
        f"while training loss first fell to {history.loss[early[-1]]:.3g}, validation loss came only to "
        f"{float(val[early].min()):.3g} (knowing nothing costs {chance:.3g}), and accuracy ends at "
        f"{features.last('accuracy'):.1%} in training and {features.last('val_accuracy'):.1%} in validation: "
        "part of its labels or images may be wrong",
        {
            "share_followed": follows,
            "accuracy_share": behind,
            "val_accuracy_end": features.last("val_accuracy"),
        },
    )


def _behind_from_the_start(features: HistoryFeatures) -> Finding | None:
    """Validation is a constant share of training from the first epochs on, before anything can be
    overfitted, and
    rises with it: part of it is wrong."""
    history = features.history
    if features.n < 6:
        return None
    train, val = features.lagged_accuracy, filled(history.val_accuracy)
    ratio = val / np.maximum(train, 1e-6)
    # The first epoch is no witness against it (moving averages of batch normalization may still be far off),
    # but it is one for it.
    early = max(float(np.median(ratio[1 : max(4, features.n // 8)])), float(ratio[0]) - 0.4)
    late = float(np.median(ratio[-max(3, features.n // 3) :]))
    rises = float(features.val_accuracy[-1] - features.val_accuracy[1]) / max(
        float(train[-1] - train[1]), 1e-6
    )
    if rises < 0.6 * early or features.last("val_accuracy") < 1.5 * float(features.val_accuracy[0]):
        return None
    # A small network on few images falls behind soon; where losses are known, they must not speak for that.
    least, full = (0.6, 0.48) if history.has("val_loss", 5) else (0.68, 0.5)
    confidence = min(sure(early, least, full), sure(late / max(early, 1e-6), 0.55, 0.8))
    return _suspect(
        features,
        1,
        confidence,
        f"validation accuracy is about {early:.0%} of training accuracy from the first epochs on, when "
        "nothing can be "
        f"overfitted yet, and rises with it to {features.last('val_accuracy'):.1%}: part of its labels or "
        "images may be wrong",
        {"early_share": early, "late_share": late, "val_accuracy_end": features.last("val_accuracy")},
    )


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
    # Few-class problems can be that easy; with many classes nobody gets there from scratch.
    if classes < 50 or float(filled(history.val_accuracy)[0]) > 0.4:
        return None
    if speed <= 0 or gap > 0.08:
        return None
    confidence = min(sure(min(high, features.last("val_accuracy")), 0.7, 0.9), sure(gap, 0.08, 0.0))
    return _suspect(
        features,
        0,
        confidence,
        f"validation accuracy follows training up to {features.last('val_accuracy'):.1%} (training "
        f"{high:.1%}) without any "
        f"gap, which {classes} classes do not allow: its images seem to be among those trained on",
        {"accuracy_end": high, "val_accuracy_end": features.last("val_accuracy"), "gap_as_share": gap},
    )


def _suspect(
    features: HistoryFeatures, index: int, confidence: float, sentence: str, data: dict[str, float]
) -> Finding:
    return Finding(
        "validation-suspect",
        features.epoch(index),
        confidence,
        sentence,
        {"epochs": [features.epoch(index), features.epoch(features.n - 1)], **data},
        ("--set data.protocol=holdout", "--set data.split_seed=100"),
    )
