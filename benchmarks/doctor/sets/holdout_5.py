"""The fifth held-out set: as many sound runs as runs with a fault, to count false alarms."""

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
    Case("healthy", "patches-deeper", lambda: patches(48, depth=3), few(120, 16) | MILD | COSINE
         | adam(4e-3)),
    Case("healthy", "patches-steps-batch", lambda: patches(56), few(110, 20) | MILD | adam(3e-3)
         | steps(0.5, 0.8, gamma=0.2) | batch(96)),
    Case("healthy", "patches-smoothed", lambda: patches(64), few(120, 16) | MILD | linear(0.1)
         | decoupled(4e-3, 0.05) | {"training.label_smoothing": 0.1}),
    Case("healthy", "deep-one-cycle", lambda: deep(320, dropout=0.2), few(200, 16) | MILD | ONE_CYCLE
         | adam(3e-3)),
    Case("healthy", "deep-linear-sgd", lambda: deep(320, dropout=0.25), few(200, 18) | MILD | linear(0.1)
         | SGD | rate(0.1)),
    Case("healthy", "deep-batch", lambda: deep(384, dropout=0.3), few(220, 20) | MILD | COSINE | adam(2e-3)
         | batch(256)),
    Case("healthy", "dense-one-cycle", lambda: dense(384, dropout=0.2), few(200, 16) | MILD | ONE_CYCLE
         | adam(2e-3)),
    Case("healthy", "dense-momentum-cosine", lambda: dense(320, dropout=0.2), few(200, 20) | MILD | COSINE
         | MOMENTUM | rate(0.05)),
    Case("healthy", "strided-linear-small-batch", lambda: strided(14, dropout=0.2), few(120, 16) | MILD
         | linear(0.1) | adam(1.5e-3) | batch(48)),
    Case("healthy", "strided-steps-large", lambda: strided(16, dropout=0.25), few(180, 18) | MILD | SGD
         | rate(0.08) | steps(0.5, 0.75, gamma=0.2)),
    Case("healthy", "strided-decoupled", lambda: strided(14, dropout=0.1), few(150, 16) | MILD | COSINE
         | decoupled(3e-3, 0.05)),
    Case("healthy", "stacked-one-cycle", lambda: stacked(8, dropout=0.1), few(110, 16) | MILD | ONE_CYCLE
         | SGD | rate(0.15)),
    Case("healthy", "stacked-units-cosine", lambda: stacked(8, dropout=0.2, units=128), few(130, 18) | MILD
         | COSINE | adam(1.5e-3)),
    Case("healthy", "stacked-pooled", lambda: stacked(12, pooled=True), few(110, 18) | MILD | COSINE
         | adam(4e-3)),
    Case("healthy", "paired-steps-sgd", lambda: paired(14, dropout=0.25), few(140, 18) | MILD | SGD
         | rate(0.05) | steps(0.5, 0.8, gamma=0.2)),
    Case("healthy", "paired-averaged", lambda: paired(12, dropout=0.2), few(130, 16) | MILD | COSINE
         | adam(2e-3) | {"training.ema": 0.98}),
    Case("healthy", "paired-mixed-labels", lambda: paired(14), few(120, 18) | MILD | linear(0.1)
         | adam(2e-3) | {"augment.mixup": 0.3}),
    Case("healthy", "separable-steps", lambda: separable(28), few(120, 20) | MILD | SGD | rate(0.2)
         | steps(0.5, 0.8, gamma=0.2)),
    Case("healthy", "separable-cosine-batch", lambda: separable(32), few(130, 18) | MILD | COSINE
         | adam(5e-3) | batch(96)),
    Case("healthy", "residual-linear", lambda: residual(12), few(100, 20) | MILD | linear(0.1) | SGD
         | rate(0.2)),
    Case("healthy", "residual-until-it-stops-late", lambda: residual(14), few(110, 36) | MILD | adam(3e-3)
         | on_plateau(2, 0.3) | {"callbacks.early_stopping.patience": 6,
                                 "callbacks.early_stopping.monitor": "val_loss"}),
    Case("healthy", "residual-decoupled-cutout", lambda: residual(14), few(100, 22) | MILD | COSINE
         | decoupled(5e-3, 0.05) | {"augment.cutout": 6}),
]  # fmt: skip

FAULTY = [
    Case("overfitting", "separable-adam", lambda: separable(48), few(25, 36) | adam(3e-3)),
    Case("overfitting", "deep-momentum", lambda: deep(400), few(35, 24) | MOMENTUM | rate(0.03)),
    Case("underfitting", "stacked-narrow", lambda: stacked(2, pooled=True), few(90, 20) | MILD | COSINE
         | adam(5e-3)),
    Case("underfitting", "deep-dropped", lambda: deep(96, dropout=0.85), few(130, 18) | COSINE | adam(1e-3),
         also=("augmentation-too-strong",)),
    Case("plateau", "stacked-constant", lambda: stacked(2, pooled=True), few(45, 36) | RESTLESS
         | adam(2e-2), also=PLATEAU_TOO),
    Case("plateau", "residual-constant", lambda: residual(2), few(45, 36) | RESTLESS_SGD | rate(0.25),
         also=PLATEAU_TOO),
    Case("early-cut", "stacked-steps", lambda: stacked(10), few(80, 20) | MILD | adam(1.5e-3)
         | steps(0.15, 0.3, gamma=0.1), also=AFTER_CUT),
    Case("early-cut", "dense-deep", lambda: dense(256), few(140, 18) | MILD | MOMENTUM | rate(0.04)
         | steps(0.15, gamma=0.01), also=AFTER_CUT),
    Case("late-cut", "separable-adam", lambda: separable(6), few(50, 30) | RESTLESS | adam(4e-2)
         | steps(0.82, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "stacked-sgd", lambda: stacked(4, pooled=True), few(45, 28) | RESTLESS_SGD | rate(0.3)
         | steps(0.82, gamma=0.1), also=LATE_TOO),
    Case("stopped-early", "residual-few-epochs", lambda: residual(12), few(100, 7) | MILD | adam(1e-3)),
    Case("stopped-early", "deep-killed", lambda: deep(320), few(140, 30) | MILD | COSINE | adam(4e-4),
         stop_after=7),
    Case("learning-rate-too-high", "deep-adam", lambda: deep(200, norm=False), few(100, 14) | adam(0.05),
         also=("plateau", "underfitting", "diverged")),
    Case("learning-rate-too-high", "stacked-sgd", lambda: stacked(8), few(60, 16) | MILD | SGD | rate(5.0),
         also=("plateau", "noisy-validation", "underfitting", "diverged")),
    Case("learning-rate-too-low", "residual-adam", lambda: residual(12), few(60, 16) | MILD | adam(1e-5),
         also=LOW_TOO),
    Case("learning-rate-too-low", "paired-momentum", lambda: paired(12), few(70, 18) | MILD | MOMENTUM
         | rate(1.5e-4), also=LOW_TOO),
    Case("augmentation-too-strong", "residual-turned", lambda: residual(12), few(80, 20) | COSINE
         | adam(4e-3) | {"augment.rotation": 120.0, "augment.width_shift": 0.5, "augment.height_shift": 0.5},
         also=("underfitting",)),
    Case("augmentation-too-strong", "separable-randaugment", lambda: separable(24), few(80, 18) | linear(0.1)
         | adam(4e-3) | {"augment.randaugment_layers": 4, "augment.randaugment_magnitude": 10},
         also=("underfitting",)),
    Case("noisy-validation", "residual-hundred-one-cycle", lambda: residual(12), few(80, 20) | MILD
         | ONE_CYCLE | adam(4e-3), validation_per_class=1),
    Case("noisy-validation", "strided-two-hundred", lambda: strided(12, dropout=0.1), few(100, 20) | MILD
         | COSINE | SGD | rate(0.05), validation_per_class=2),
    Case("diverged", "strided-rising-far", lambda: strided(8, norm=False), few(60, 22) | MOMENTUM
         | linear(0.95) | rate(4.0), also=("learning-rate-too-high",)),
    Case("diverged", "dense-rising-late", lambda: dense(256), few(90, 20) | MOMENTUM | linear(0.95)
         | rate(10.0), also=("learning-rate-too-high",)),
    Case("validation-suspect", "deep-shuffled", lambda: deep(256, dropout=0.1), few(120, 16) | MILD | COSINE
         | adam(1e-3), fault="shuffled 1.0"),
    Case("validation-suspect", "stacked-leaked-long", lambda: stacked(12), few(25, 34) | adam(1e-3),
         fault="leaked 1.0"),
]  # fmt: skip

CASES = [*SOUND, *FAULTY]
