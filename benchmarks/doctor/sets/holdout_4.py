"""The fourth held-out set: two more kinds of network, and more sound runs, to count false alarms."""

from benchmarks.doctor.case import (
    AFTER_CUT,
    COSINE,
    LATE_TOO,
    LOW_TOO,
    MILD,
    MOMENTUM,
    ONE_CYCLE,
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
from benchmarks.doctor.networks import deep, dense, paired, patches, residual, separable, stacked, strided

SOUND = [
    Case("healthy", "patches-cosine", lambda: patches(64), few(110, 18) | MILD | COSINE
         | decoupled(4e-3, 0.02)),
    Case("healthy", "patches-one-cycle", lambda: patches(48), few(100, 16) | MILD | ONE_CYCLE | adam(6e-3)),
    Case("healthy", "patches-linear-batch", lambda: patches(56), few(100, 16) | MILD | linear(0.1)
         | adam(3e-3) | batch(64)),
    Case("healthy", "deep-cosine", lambda: deep(256, dropout=0.2), few(180, 16) | MILD | COSINE
         | adam(1e-3)),
    Case("healthy", "deep-steps", lambda: deep(256, dropout=0.25), few(200, 18) | MILD | SGD | rate(0.05)
         | steps(0.5, 0.8, gamma=0.2)),
    Case("healthy", "strided-one-cycle-seed", lambda: strided(12, dropout=0.1), few(120, 14, seed=7) | MILD
         | ONE_CYCLE | SGD | rate(0.2)),
    Case("healthy", "strided-cosine-large", lambda: strided(16, dropout=0.2), few(180, 16) | MILD | COSINE
         | adam(2e-3)),
    Case("healthy", "strided-averaged-sgd", lambda: strided(12, dropout=0.1), few(120, 16) | MILD | COSINE
         | SGD | rate(0.05) | {"training.ema": 0.97}),
    Case("healthy", "stacked-steps", lambda: stacked(8, dropout=0.2), few(110, 18) | MILD | adam(2e-3)
         | steps(0.5, 0.75, gamma=0.3)),
    Case("healthy", "stacked-smoothed", lambda: stacked(8, dropout=0.1), few(100, 16) | MILD | COSINE
         | adam(2e-3) | {"training.label_smoothing": 0.1}),
    Case("healthy", "paired-sgd-cosine", lambda: paired(12, dropout=0.2), few(130, 18) | MILD | COSINE | SGD
         | rate(0.05)),
    Case("healthy", "paired-on-plateau", lambda: paired(12, dropout=0.3), few(120, 30) | MILD | adam(1.5e-3)
         | on_plateau(2, 0.3) | {"callbacks.early_stopping.patience": 6,
                                 "callbacks.early_stopping.monitor": "val_loss"}),
    Case("healthy", "separable-linear", lambda: separable(28), few(120, 18) | MILD | linear(0.15)
         | adam(5e-3)),
    Case("healthy", "residual-one-cycle-adam", lambda: residual(12), few(90, 18) | MILD | ONE_CYCLE
         | adam(6e-3)),
    Case("healthy", "residual-mixed-labels", lambda: residual(12), few(90, 20) | MILD | COSINE | SGD
         | rate(0.1) | {"augment.mixup": 0.2}),
    Case("healthy", "residual-longer", lambda: residual(10), few(80, 40) | MILD | COSINE | SGD | rate(0.1)
         | batch(64)),
    Case("healthy", "dense-linear-batch", lambda: dense(320, dropout=0.3), few(200, 20) | MILD | linear(0.05)
         | adam(8e-4) | batch(64)),
    Case("healthy", "strided-cutout", lambda: strided(14), few(120, 20) | MILD | COSINE | adam(2e-3)
         | {"augment.cutout": 8}),
]  # fmt: skip

LEARNED_BY_HEART = [
    Case("overfitting", "patches-adam", lambda: patches(96), few(25, 28) | adam(3e-3)),
    Case("overfitting", "deep-adam", lambda: deep(512), few(30, 24) | adam(1e-3)),
    Case("overfitting", "paired-units-on-plateau", lambda: paired(16, units=256), few(35, 26) | adam(1e-3)
         | on_plateau(4, 0.3)),
    Case("overfitting", "residual-one-cycle", lambda: residual(24), few(20, 36) | SGD | rate(0.2)
         | ONE_CYCLE),
]  # fmt: skip

TOO_SMALL = [
    Case("underfitting", "patches-narrow", lambda: patches(4), few(100, 20) | MILD | COSINE | adam(6e-3)),
    Case("underfitting", "deep-narrow", lambda: deep(6), few(120, 24) | COSINE | adam(3e-3)),
    Case("underfitting", "paired-dropped", lambda: paired(10, dropout=0.85), few(90, 20) | COSINE
         | adam(2e-3), also=("augmentation-too-strong",)),
    Case("underfitting", "separable-one-cycle", lambda: separable(2), few(80, 26) | MILD | ONE_CYCLE | SGD
         | rate(0.3)),
]  # fmt: skip

AT_REST = [
    Case("plateau", "patches-constant", lambda: patches(5), few(45, 40) | RESTLESS | adam(2e-2),
         also=PLATEAU_TOO),
    Case("plateau", "dense-adam-constant", lambda: dense(6), few(60, 36) | MILD | adam(1.2e-2) | batch(48),
         also=PLATEAU_TOO),
    Case("plateau", "strided-momentum-constant", lambda: strided(3, pooled=True), few(45, 38) | RESTLESS
         | MOMENTUM | rate(0.1), also=PLATEAU_TOO),
]  # fmt: skip

CUT_EARLY = [
    Case("early-cut", "patches-steps", lambda: patches(48), few(70, 22) | MILD | adam(4e-3)
         | steps(0.14, 0.28, gamma=0.1), also=AFTER_CUT),
    Case("early-cut", "residual-deep", lambda: residual(12), few(60, 24) | MILD | SGD
         | steps(0.17, gamma=0.01), also=AFTER_CUT),
    Case("early-cut", "deep-again-and-again", lambda: deep(256, dropout=0.1), few(120, 20) | MILD
         | adam(8e-4) | steps(0.15, 0.25, 0.35, gamma=0.15), also=AFTER_CUT),
]  # fmt: skip

CUT_LATE = [
    Case("late-cut", "patches-adam", lambda: patches(10), few(50, 30) | RESTLESS | adam(3e-2)
         | steps(0.83, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "strided-sgd-high", lambda: strided(5, pooled=True), few(45, 28) | RESTLESS_SGD
         | rate(0.3) | steps(0.8, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "residual-adam", lambda: residual(4), few(45, 30) | RESTLESS | adam(4e-2)
         | steps(0.84, gamma=0.1), also=LATE_TOO),
]  # fmt: skip

ENDED_SOON = [
    Case("stopped-early", "patches-few-epochs", lambda: patches(48), few(100, 6) | MILD | adam(2e-3)),
    Case("stopped-early", "paired-killed", lambda: paired(12), few(90, 30) | MILD | COSINE | adam(1e-3),
         stop_after=7),
    Case("stopped-early", "strided-few-epochs", lambda: strided(14), few(110, 6) | MILD | MOMENTUM
         | rate(0.01)),
]  # fmt: skip

RATE_HIGH = [
    Case("learning-rate-too-high", "patches-adam", lambda: patches(32), few(60, 16) | MILD | adam(0.3),
         also=("plateau", "noisy-validation", "underfitting", "diverged")),
    Case("learning-rate-too-high", "stacked-momentum", lambda: stacked(8, norm=False), few(60, 14)
         | MOMENTUM | rate(0.7), also=("plateau", "underfitting", "diverged")),
    Case("learning-rate-too-high", "dense-decoupled", lambda: dense(200), few(100, 14)
         | decoupled(0.06, 0.01), also=("plateau", "underfitting")),
    Case("learning-rate-too-high", "residual-adam", lambda: residual(10), few(60, 16) | MILD | adam(0.3),
         also=("plateau", "noisy-validation", "underfitting")),
]  # fmt: skip

RATE_LOW = [
    Case("learning-rate-too-low", "patches-adam", lambda: patches(48), few(70, 16) | MILD | adam(1e-5),
         also=LOW_TOO),
    Case("learning-rate-too-low", "stacked-momentum", lambda: stacked(8), few(60, 16) | MILD | MOMENTUM
         | rate(1e-4), also=LOW_TOO),
    Case("learning-rate-too-low", "deep-cosine", lambda: deep(256), few(90, 18) | MILD | COSINE
         | adam(8e-6), also=LOW_TOO),
]  # fmt: skip

DISTORTED = [
    Case("augmentation-too-strong", "patches-turned", lambda: patches(56), few(90, 18) | COSINE | adam(3e-3)
         | {"augment.rotation": 120.0, "augment.zoom": 0.5, "augment.width_shift": 0.3,
            "augment.height_shift": 0.3}, also=("underfitting",)),
    Case("augmentation-too-strong", "stacked-randaugment", lambda: stacked(8), few(80, 18) | COSINE
         | adam(2e-3) | {"augment.randaugment_layers": 4, "augment.randaugment_magnitude": 10,
                         "augment.cutout": 18}, also=("underfitting",)),
    Case("augmentation-too-strong", "strided-erased", lambda: strided(12), few(90, 18) | linear(0.1) | SGD
         | rate(0.05) | {"augment.cutout": 28, "augment.crop_padding": 12}, also=("underfitting",)),
    Case("augmentation-too-strong", "deep-tones", lambda: deep(256), few(120, 16) | COSINE | adam(1e-3)
         | {"augment.brightness": [0.1, 1.9], "augment.channel_shift": 200.0, "augment.rotation": 60.0},
         also=("underfitting",)),
]  # fmt: skip

FEW_TO_JUDGE_BY = [
    Case("noisy-validation", "patches-hundred", lambda: patches(48), few(90, 20) | MILD | COSINE
         | adam(4e-3), validation_per_class=1),
    Case("noisy-validation", "deep-two-hundred", lambda: deep(200, dropout=0.2), few(130, 20) | MILD
         | linear(0.1) | adam(1e-3), validation_per_class=2),
    Case("noisy-validation", "stacked-hundred-steps", lambda: stacked(8, dropout=0.1), few(80, 18) | MILD
         | adam(2e-3) | steps(0.5, 0.75, gamma=0.3), validation_per_class=1),
]  # fmt: skip

FELL_APART = [
    Case("diverged", "stacked-rising-far", lambda: stacked(8, norm=False), few(60, 22) | MOMENTUM
         | linear(0.95) | rate(3.0), also=("learning-rate-too-high",)),
    Case("diverged", "deep-rising", lambda: deep(200, norm=False), few(80, 20) | MOMENTUM | linear(0.95)
         | rate(4.0), also=("learning-rate-too-high",)),
    Case("diverged", "dense-rising-further", lambda: dense(300), few(80, 22) | MOMENTUM | linear(0.9)
         | rate(8.0), also=("learning-rate-too-high",)),
]  # fmt: skip

WRONG_VALIDATION = [
    Case("validation-suspect", "patches-shuffled", lambda: patches(48), few(80, 16) | MILD | COSINE
         | adam(4e-3), fault="shuffled 1.0"),
    Case("validation-suspect", "stacked-permuted", lambda: stacked(8), few(80, 18) | MILD | COSINE
         | adam(2e-3), fault="permuted"),
    Case("validation-suspect", "patches-leaked", lambda: patches(96), few(25, 32) | adam(3e-3),
         fault="leaked 1.0"),
    Case("validation-suspect", "residual-mostly-shuffled", lambda: residual(12), few(80, 18) | MILD | COSINE
         | SGD | rate(0.1), fault="shuffled 0.6"),
]  # fmt: skip

CASES = [
    *SOUND, *LEARNED_BY_HEART, *TOO_SMALL, *AT_REST, *CUT_EARLY, *CUT_LATE, *ENDED_SOON, *RATE_HIGH,
    *RATE_LOW, *DISTORTED, *FEW_TO_JUDGE_BY, *FELL_APART, *WRONG_VALIDATION,
]  # fmt: skip
