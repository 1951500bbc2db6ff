"""The third held-out set: two more kinds of network, other rates, batch sizes and schedules, and sound runs
with as many images as their networks need."""

from benchmarks.doctor.case import (
    AFTER_CUT,
    COSINE,
    LATE_TOO,
    LOW_TOO,
    MILD,
    MOMENTUM,
    ONE_CYCLE,
    PLAIN_SGD,
    PLATEAU_TOO,
    RESTLESS,
    RESTLESS_SGD,
    SGD,
    Case,
    adam,
    batch,
    decoupled,
    few,
    linear,
    on_plateau,
    rate,
    steps,
)
from benchmarks.doctor.networks import dense, paired, residual, separable, stacked, strided

SOUND = [
    Case("healthy", "paired-dropout", lambda: paired(12, dropout=0.2), few(100, 18) | MILD | COSINE
         | adam(2e-3) | batch(64)),
    Case("healthy", "paired-units-linear", lambda: paired(12, dropout=0.1, units=128), few(90, 16) | MILD
         | linear(0.1) | adam(1.5e-3)),
    Case("healthy", "separable-cosine", lambda: separable(24), few(110, 20) | MILD | COSINE | adam(4e-3)),
    Case("healthy", "separable-one-cycle", lambda: separable(24), few(100, 18) | MILD | SGD | rate(0.3)
         | ONE_CYCLE),
    Case("healthy", "stacked-plain-units", lambda: stacked(6, norm=False, units=128), few(120, 14) | MILD
         | COSINE | adam(1.5e-3)),
    Case("healthy", "strided-steps-batch", lambda: strided(12, dropout=0.2), few(120, 18) | MILD | SGD
         | rate(0.05) | steps(0.4, 0.7, gamma=0.2) | batch(64)),
    Case("healthy", "strided-large-batch", lambda: strided(10), few(130, 14) | MILD | linear()
         | decoupled(3e-3, 0.02) | batch(256)),
    Case("healthy", "residual-cosine-batch", lambda: residual(10), few(80, 20) | MILD | COSINE | adam(4e-3)
         | batch(64)),
    Case("healthy", "dense-wide", lambda: dense(320, dropout=0.3), few(180, 18) | MILD | COSINE | adam(7e-4)
         | batch(256)),
    Case("healthy", "strided-until-it-stops", lambda: strided(12, dropout=0.2), few(100, 36) | MILD
         | adam(2e-3) | on_plateau(2, 0.3) | {"callbacks.early_stopping.patience": 6,
                                              "callbacks.early_stopping.monitor": "val_loss"}),
    Case("healthy", "strided-averaged", lambda: strided(12, dropout=0.1), few(100, 16) | MILD | COSINE
         | adam(2e-3) | {"training.ema": 0.98}),
    Case("healthy", "strided-mixed-labels", lambda: strided(12), few(110, 18) | MILD | COSINE | SGD
         | rate(0.08) | batch(96) | {"augment.mixup": 0.2, "training.label_smoothing": 0.1}),
]  # fmt: skip

LEARNED_BY_HEART = [
    Case("overfitting", "paired-adam", lambda: paired(16), few(30, 24) | adam(1e-3)),
    Case("overfitting", "strided-steps-few", lambda: strided(14), few(20, 30) | SGD | steps(0.5, 0.75,
         gamma=0.1)),
    Case("overfitting", "dense-momentum", lambda: dense(600), few(30, 26) | MOMENTUM | rate(0.02)
         | batch(64)),
    Case("overfitting", "stacked-units-linear", lambda: stacked(8, units=200), few(25, 22) | linear()
         | decoupled(1e-3, 0.01)),
]  # fmt: skip

TOO_SMALL = [
    Case("underfitting", "separable-narrow", lambda: separable(2), few(90, 20) | COSINE | adam(6e-3)),
    Case("underfitting", "residual-narrow", lambda: residual(2), few(60, 24) | MILD | linear() | adam(5e-3)),
    Case("underfitting", "dense-narrow-steps", lambda: dense(4), few(110, 28) | MILD | MOMENTUM | rate(0.05)
         | steps(0.5, 0.8, gamma=0.2) | batch(64)),
    Case("underfitting", "dense-dropped", lambda: dense(96, dropout=0.92), few(110, 18) | COSINE
         | adam(1e-3), also=("augmentation-too-strong",)),
]  # fmt: skip

AT_REST = [
    Case("plateau", "separable-constant", lambda: separable(2), few(45, 36) | RESTLESS | adam(1.5e-2),
         also=PLATEAU_TOO),
    Case("plateau", "dense-momentum-constant", lambda: dense(5), few(55, 36) | MILD | MOMENTUM | rate(0.08)
         | batch(48), also=PLATEAU_TOO),
    Case("plateau", "strided-sgd-constant", lambda: strided(2, pooled=True), few(50, 34) | RESTLESS_SGD
         | rate(0.3), also=PLATEAU_TOO),
]  # fmt: skip

CUT_EARLY = [
    Case("early-cut", "paired-steps", lambda: paired(10), few(70, 20) | MILD | adam(2e-3)
         | steps(0.15, 0.3, gamma=0.1), also=AFTER_CUT),
    Case("early-cut", "separable-deep", lambda: separable(20), few(70, 24) | MILD | SGD
         | steps(0.13, gamma=0.01), also=AFTER_CUT),
    Case("early-cut", "plain-again-and-again", lambda: strided(10, norm=False), few(100, 20) | MILD
         | adam(1e-3) | steps(0.15, 0.25, 0.35, 0.45, gamma=0.25), also=AFTER_CUT),
]  # fmt: skip

CUT_LATE = [
    Case("late-cut", "paired-sgd", lambda: paired(4), few(45, 28) | RESTLESS_SGD | rate(0.4)
         | steps(0.82, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "dense-adam-high", lambda: dense(20), few(60, 30) | RESTLESS | adam(1.2e-2)
         | steps(0.84, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "separable-sgd", lambda: separable(6), few(50, 30) | RESTLESS_SGD | rate(0.4)
         | steps(0.8, gamma=0.1), also=LATE_TOO),
]  # fmt: skip

ENDED_SOON = [
    Case("stopped-early", "paired-few-epochs", lambda: paired(12), few(90, 6) | MILD | adam(8e-4)),
    Case("stopped-early", "separable-killed", lambda: separable(24), few(80, 30) | MILD | COSINE | SGD,
         stop_after=8),
    Case("stopped-early", "dense-few-epochs", lambda: dense(300), few(150, 7) | MILD | PLAIN_SGD
         | rate(0.02)),
]  # fmt: skip

RATE_HIGH = [
    Case("learning-rate-too-high", "paired-adam", lambda: paired(10), few(60, 16) | MILD | adam(0.15),
         also=("plateau", "noisy-validation", "underfitting")),
    Case("learning-rate-too-high", "plain-momentum", lambda: strided(8, norm=False), few(60, 14) | MOMENTUM
         | rate(1.0), also=("plateau", "underfitting", "diverged")),
    Case("learning-rate-too-high", "dense-adam-high", lambda: dense(160), few(90, 16) | adam(0.08),
         also=("plateau", "underfitting")),
    Case("learning-rate-too-high", "separable-sgd", lambda: separable(16), few(60, 18) | MILD | SGD
         | rate(6.0), also=("plateau", "noisy-validation", "underfitting")),
]  # fmt: skip

RATE_LOW = [
    Case("learning-rate-too-low", "paired-adam", lambda: paired(10), few(60, 14) | MILD | adam(8e-6),
         also=LOW_TOO),
    Case("learning-rate-too-low", "separable-momentum", lambda: separable(20), few(60, 20) | MILD | MOMENTUM
         | rate(2e-4), also=LOW_TOO),
    Case("learning-rate-too-low", "dense-cosine", lambda: dense(200), few(100, 18) | MILD | COSINE
         | adam(6e-6), also=LOW_TOO),
]  # fmt: skip

DISTORTED = [
    Case("augmentation-too-strong", "strided-thrown", lambda: strided(10), few(70, 18) | COSINE | adam(2e-3)
         | {"augment.rotation": 90.0, "augment.width_shift": 0.4, "augment.height_shift": 0.4,
            "augment.zoom": 0.5, "augment.vertical_flip": True}, also=("underfitting",)),
    Case("augmentation-too-strong", "paired-randaugment", lambda: paired(12), few(60, 18) | linear(0.1) | SGD
         | rate(0.05) | {"augment.randaugment_layers": 4, "augment.randaugment_magnitude": 10,
                         "augment.cutout": 20}, also=("underfitting",)),
    Case("augmentation-too-strong", "separable-erased", lambda: separable(20), few(70, 20) | COSINE
         | adam(4e-3) | {"augment.cutout": 26, "augment.crop_padding": 12, "augment.erasing": 1.0},
         also=("underfitting",)),
    Case("augmentation-too-strong", "dense-tones-and-shifts", lambda: dense(256), few(100, 16) | COSINE
         | adam(1e-3) | {"augment.brightness": [0.1, 1.9], "augment.channel_shift": 180.0,
                         "augment.width_shift": 0.4, "augment.height_shift": 0.4}, also=("underfitting",)),
]  # fmt: skip

FEW_TO_JUDGE_BY = [
    Case("noisy-validation", "strided-hundred-linear", lambda: strided(10), few(80, 20) | MILD | linear(0.1)
         | adam(2e-3), validation_per_class=1),
    Case("noisy-validation", "dense-hundred-cosine", lambda: dense(160, dropout=0.2), few(110, 18) | MILD
         | COSINE | adam(1e-3), validation_per_class=1),
    Case("noisy-validation", "paired-two-hundred", lambda: paired(10), few(60, 24) | MILD | SGD | rate(0.05)
         | steps(0.5, 0.8, gamma=0.2), validation_per_class=2),
]  # fmt: skip

FELL_APART = [
    Case("diverged", "plain-rising", lambda: strided(8, norm=False), few(60, 24) | MOMENTUM | linear(0.95)
         | rate(1.2), also=("learning-rate-too-high",)),
    Case("diverged", "dense-rising-far", lambda: dense(200), few(70, 18) | MOMENTUM | linear(0.95)
         | rate(4.0), also=("learning-rate-too-high",)),
    Case("diverged", "stacked-units-rising", lambda: stacked(6, norm=False, units=64), few(50, 24)
         | MOMENTUM | linear(0.95) | rate(1.5), also=("learning-rate-too-high",)),
]  # fmt: skip

WRONG_VALIDATION = [
    Case("validation-suspect", "paired-shuffled", lambda: paired(10), few(70, 16) | MILD | COSINE
         | adam(2e-3), fault="shuffled 1.0"),
    Case("validation-suspect", "separable-permuted", lambda: separable(24), few(70, 22) | MILD | linear()
         | SGD, fault="permuted"),
    Case("validation-suspect", "paired-leaked", lambda: paired(16), few(25, 30) | adam(1.5e-3),
         fault="leaked 1.0"),
    Case("validation-suspect", "dense-mostly-shuffled", lambda: dense(256, dropout=0.1), few(120, 16) | MILD
         | COSINE | adam(1e-3), fault="shuffled 0.6"),
]  # fmt: skip

CASES = [
    *SOUND, *LEARNED_BY_HEART, *TOO_SMALL, *AT_REST, *CUT_EARLY, *CUT_LATE, *ENDED_SOON, *RATE_HIGH,
    *RATE_LOW, *DISTORTED, *FEW_TO_JUDGE_BY, *FELL_APART, *WRONG_VALIDATION,
]  # fmt: skip
