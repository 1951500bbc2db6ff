"""The sixth held-out set, for the doctor that was changed for published histories: long runs, mixed labels,
restarts of the rate and tiny validation sets. Committed before any was run.
"""

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
    SGD,
    Case,
    Settings,
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

MIXED: Settings = {"augment.mixup": 0.4, "training.label_smoothing": 0.1}
CUT_AND_MIXED: Settings = {"augment.cutmix": 1.0, "training.label_smoothing": 0.1}
RESTARTS: Settings = {"training.schedule.name": "cosine", "training.schedule.restarts": 2}

SOUND = [
    Case("healthy", "strided-long-cosine-60", lambda: strided(14, dropout=0.25), few(120, 60) | MILD | COSINE
         | SGD | rate(0.05)),
    Case("healthy", "residual-long-steps-90", lambda: residual(12), few(100, 90) | MILD | SGD | rate(0.1)
         | steps(0.5, 0.75, gamma=0.1)),
    Case("healthy", "separable-long-linear-120", lambda: separable(24), few(110, 120) | MILD | linear(0.05)
         | decoupled(3e-3, 0.05)),
    Case("healthy", "stacked-long-mixed-100", lambda: stacked(10, dropout=0.1), few(110, 100) | MILD | COSINE
         | adam(2e-3) | MIXED),
    Case("healthy", "patches-cut-and-mixed-80", lambda: patches(64), few(120, 80) | MILD | COSINE
         | decoupled(4e-3, 0.02) | CUT_AND_MIXED),
    Case("healthy", "paired-until-it-stops-200", lambda: paired(12, dropout=0.3), few(110, 200) | MILD
         | adam(1.5e-3) | on_plateau(4, 0.3) | {"callbacks.early_stopping.patience": 10,
                                                "callbacks.early_stopping.monitor": "val_loss"}),
    Case("healthy", "strided-one-cycle-64", lambda: strided(16, dropout=0.2), few(180, 64) | MILD | ONE_CYCLE
         | SGD | rate(0.2) | batch(256)),
    Case("healthy", "strided-restarts-90", lambda: strided(14, dropout=0.25), few(130, 90) | MILD | RESTARTS
         | SGD | rate(0.05)),
    Case("healthy", "deep-smoothed-70", lambda: deep(320, dropout=0.35), few(200, 70) | MILD | COSINE
         | adam(1e-3) | {"training.label_smoothing": 0.1}),
]  # fmt: skip

FAULTY = [
    Case("overfitting", "paired-long-100", lambda: paired(16), few(25, 100) | adam(1e-3)),
    Case("overfitting", "dense-long-steps-150", lambda: dense(512), few(30, 150) | MOMENTUM | rate(0.02)
         | steps(0.5, 0.8, gamma=0.2)),
    Case("underfitting", "separable-long-80", lambda: separable(2), few(90, 80) | MILD | COSINE | adam(5e-3)),
    Case("plateau", "stacked-long-constant-90", lambda: stacked(2, pooled=True), few(45, 90) | RESTLESS
         | adam(1.5e-2), also=PLATEAU_TOO),
    Case("early-cut", "residual-long-80", lambda: residual(12), few(90, 80) | MILD | SGD
         | steps(0.06, gamma=0.01), also=AFTER_CUT),
    Case("late-cut", "strided-long-100", lambda: strided(5, pooled=True), few(45, 100) | RESTLESS | adam(2e-2)
         | steps(0.85, gamma=0.1), also=LATE_TOO),
    Case("stopped-early", "patches-killed-of-120", lambda: patches(48), few(120, 120) | MILD | COSINE
         | adam(1e-3), stop_after=14),
    Case("stopped-early", "strided-mixed-killed", lambda: strided(14), few(110, 100) | MILD | COSINE | SGD
         | MIXED, stop_after=12),
    Case("learning-rate-too-low", "stacked-long-60", lambda: stacked(10), few(60, 60) | MILD | adam(4e-6),
         also=LOW_TOO),
    Case("noisy-validation", "separable-hundred-100", lambda: separable(24), few(100, 100) | MILD | COSINE
         | adam(4e-3), validation_per_class=1),
    Case("noisy-validation", "paired-hundred-mixed", lambda: paired(12, dropout=0.2), few(110, 60) | MILD
         | COSINE | adam(2e-3) | MIXED, validation_per_class=1),
    Case("validation-suspect", "residual-shuffled-60", lambda: residual(12), few(80, 60) | MILD | COSINE
         | SGD, fault="shuffled 0.7"),
]  # fmt: skip

CASES = [*SOUND, *FAULTY]
