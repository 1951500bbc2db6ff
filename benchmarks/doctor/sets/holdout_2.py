"""The second held-out set: other networks, lengths, optimizers and schedules than the first."""

from benchmarks.doctor.case import (
    AFTER_CUT,
    COSINE,
    LATE_TOO,
    MILD,
    MOMENTUM,
    PLATEAU_TOO,
    SGD,
    SMALL_BATCH,
    Case,
    adam,
    few,
    linear,
    on_plateau,
    rate,
    steps,
)
from benchmarks.doctor.networks import dense, residual, stacked, strided

SOUND = [
    Case("healthy", "stacked-cosine", lambda: stacked(10), few(60, 18) | MILD | COSINE | adam(2e-3)),
    Case("healthy", "residual-one-cycle", lambda: residual(12), few(60, 15) | MILD | SGD | rate(0.2)
         | {"training.schedule.name": "one-cycle"}),
    Case("healthy", "residual-long-steps", lambda: residual(12), few(50, 32) | MILD | SGD | rate(0.05)
         | steps(0.5, 0.75, gamma=0.1)),
    Case("healthy", "stacked-plain-dropout", lambda: stacked(16, norm=False, dropout=0.1),
         few(60, 26) | MILD | COSINE | adam(2e-3)),
    Case("healthy", "stacked-long-cosine", lambda: stacked(14, pooled=True), few(35, 45) | MILD | COSINE
         | SMALL_BATCH | adam(3e-3)),
    Case("healthy", "stacked-smoothed-adamw", lambda: stacked(10, dropout=0.1), few(60, 16) | MILD
         | linear(0.1)
         | adam(3e-3) | {"training.optimizer": "adamw", "training.weight_decay": 0.02,
                         "training.label_smoothing": 0.1}),
    Case("healthy", "stacked-momentum-linear", lambda: stacked(10), few(70, 14) | MILD | MOMENTUM
         | linear(0.2)
         | rate(0.05) | {"training.batch_size": 64}),
    Case("healthy", "residual-until-it-stops", lambda: residual(12), few(60, 40) | MILD | adam(3e-3)
         | on_plateau(2, 0.3) | {"callbacks.early_stopping.patience": 6,
                                 "callbacks.early_stopping.monitor": "val_loss"}),
    Case("healthy", "dense-small-batch", lambda: dense(128, dropout=0.1), few(110, 22) | MILD | COSINE
         | SMALL_BATCH | MOMENTUM | rate(0.01)),
]  # fmt: skip

LEARNED_BY_HEART = [
    Case("overfitting", "stacked-adam", lambda: stacked(16), few(25, 30) | adam(1e-3)),
    Case("overfitting", "residual-long-cosine", lambda: residual(16), few(30, 45) | COSINE | SGD
         | rate(0.05)),
    Case("overfitting", "stacked-plain-units", lambda: stacked(16, norm=False, units=128),
         few(40, 26) | SMALL_BATCH | adam(1e-3)),
    Case("overfitting", "dense-long", lambda: dense(384), few(25, 60) | adam(3e-4)),
]  # fmt: skip

TOO_SMALL = [
    Case("underfitting", "one-filter", lambda: stacked(1, pooled=True), few(50, 28) | COSINE | adam(5e-3)),
    Case("underfitting", "three-units-steps", lambda: dense(3), few(80, 36) | adam(3e-3)
         | steps(0.6, 0.85, gamma=0.2)),
    Case("underfitting", "bottleneck", lambda: stacked(8, units=2), few(60, 22) | MILD | linear()
         | adam(3e-3)),
    Case("underfitting", "all-dropped", lambda: stacked(8, dropout=0.7), few(60, 24) | COSINE | adam(2e-3),
         also=("augmentation-too-strong",)),
]  # fmt: skip

AT_REST = [
    Case("plateau", "stacked-long", lambda: stacked(2, pooled=True), few(30, 50) | MILD | SMALL_BATCH
         | adam(2e-2), also=PLATEAU_TOO),
    Case("plateau", "dense-small-batch", lambda: dense(6), few(50, 32) | MILD | SMALL_BATCH | MOMENTUM
         | rate(0.05), also=PLATEAU_TOO),
    Case("plateau", "residual-restless", lambda: residual(3), few(40, 45) | MILD | SMALL_BATCH | SGD
         | rate(0.2)
         | {"training.weight_decay": 1e-3}, also=PLATEAU_TOO),
]  # fmt: skip

CUT_EARLY = [
    Case("early-cut", "residual-steps", lambda: residual(12), few(50, 28) | MILD | SGD | steps(0.1, 0.2,
         gamma=0.1), also=AFTER_CUT),
    Case("early-cut", "stacked-deep", lambda: stacked(10), few(60, 22) | MILD | adam(1e-3)
         | steps(0.14, gamma=0.01), also=AFTER_CUT),
    Case("early-cut", "stacked-again-and-again", lambda: stacked(10), few(50, 30) | MILD | SGD
         | steps(0.07, 0.14, 0.2, 0.27, 0.34, gamma=0.3), also=AFTER_CUT),
]  # fmt: skip

CUT_LATE = [
    Case("late-cut", "stacked-long", lambda: stacked(4, pooled=True), few(30, 48) | MILD | SMALL_BATCH
         | adam(3e-2) | steps(0.85, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "residual-sgd", lambda: residual(6), few(40, 30) | MILD | SMALL_BATCH | SGD | rate(0.4)
         | {"training.weight_decay": 2e-3} | steps(0.8, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "dense-momentum", lambda: dense(12), few(50, 34) | MILD | SMALL_BATCH | MOMENTUM
         | rate(0.1)
         | steps(0.82, gamma=0.1), also=LATE_TOO),
]  # fmt: skip

ENDED_SOON = [
    Case("stopped-early", "stacked-five-epochs", lambda: stacked(12), few(60, 5) | MILD | adam(1e-3)),
    Case("stopped-early", "residual-killed", lambda: residual(12), few(60, 40) | MILD | COSINE | SGD,
         stop_after=11),
    Case("stopped-early", "stacked-plain", lambda: stacked(12, norm=False), few(60, 12) | MILD | adam(5e-4)),
]  # fmt: skip

RATE_HIGH = [
    Case("learning-rate-too-high", "stacked-plain", lambda: stacked(10, norm=False), few(50, 15) | adam(0.1)),
    Case("learning-rate-too-high", "stacked-adam", lambda: stacked(10), few(50, 24) | MILD | adam(0.3),
         also=("plateau", "noisy-validation", "underfitting")),
    Case("learning-rate-too-high", "residual-sgd", lambda: residual(8), few(50, 20) | MILD | SGD | rate(5.0),
         also=("plateau", "noisy-validation", "underfitting")),
    Case("learning-rate-too-high", "dense-adam-batch", lambda: dense(96), few(60, 20) | SMALL_BATCH
         | adam(0.03),
         also=("plateau", "noisy-validation", "underfitting")),
]  # fmt: skip

RATE_LOW = [
    Case("learning-rate-too-low", "stacked-adam", lambda: stacked(10), few(50, 12) | MILD | adam(4e-6),
         also=("stopped-early", "underfitting")),
    Case("learning-rate-too-low", "residual-long", lambda: residual(8), few(40, 30) | MILD | MOMENTUM
         | rate(1e-4), also=("stopped-early", "underfitting")),
    Case("learning-rate-too-low", "stacked-plain", lambda: stacked(10, norm=False, units=64),
         few(40, 25) | adam(5e-6), also=("stopped-early", "underfitting")),
]  # fmt: skip

DISTORTED = [
    Case("augmentation-too-strong", "stacked-turned", lambda: stacked(10), few(60, 20) | COSINE | adam(2e-3)
         | {"augment.rotation": 180.0, "augment.shear": 40.0, "augment.zoom": 0.6,
            "augment.vertical_flip": True},
         also=("underfitting",)),
    Case("augmentation-too-strong", "residual-long", lambda: residual(12), few(50, 34) | linear(0.1) | SGD
         | {"augment.cutout": 26, "augment.crop_padding": 8, "augment.rotation": 30.0},
            also=("underfitting",)),
    Case("augmentation-too-strong", "stacked-shifts-and-tones", lambda: stacked(12, pooled=True),
         few(60, 26) | adam(3e-3) | steps(0.6, 0.85, gamma=0.2)
         | {"augment.width_shift": 0.4, "augment.height_shift": 0.4, "augment.channel_shift": 120.0,
            "augment.brightness": [0.2, 1.8]}, also=("underfitting",)),
]  # fmt: skip

FEW_TO_JUDGE_BY = [
    Case("noisy-validation", "stacked-hundred-images", lambda: stacked(10), few(60, 22) | MILD | COSINE
         | adam(2e-3), validation_per_class=1),
    Case("noisy-validation", "residual-hundred-images", lambda: residual(12), few(60, 26) | MILD | linear()
         | SGD | rate(0.05), validation_per_class=1),
    Case("noisy-validation", "long-two-hundred-images", lambda: stacked(14, pooled=True), few(40, 40) | MILD
         | COSINE | adam(3e-3), validation_per_class=2),
]  # fmt: skip

FELL_APART = [
    Case("diverged", "stacked-momentum", lambda: stacked(10, norm=False), few(50, 14) | SGD | rate(2.0),
         also=("learning-rate-too-high",)),
    Case("diverged", "stacked-rising", lambda: stacked(10, norm=False), few(40, 26) | MOMENTUM | linear(0.9)
         | rate(1.5), also=("learning-rate-too-high",)),
    Case("diverged", "strided-adam-rising", lambda: strided(8, norm=False), few(40, 24) | linear(0.95)
         | adam(0.3), also=("learning-rate-too-high",)),
]  # fmt: skip

WRONG_VALIDATION = [
    Case("validation-suspect", "residual-shuffled", lambda: residual(12), few(60, 16) | MILD | COSINE | SGD,
         fault="shuffled 1.0"),
    Case("validation-suspect", "stacked-mostly-shuffled", lambda: stacked(10), few(60, 18) | MILD | COSINE
         | adam(2e-3), fault="shuffled 0.6"),
    Case("validation-suspect", "stacked-leaked", lambda: stacked(16), few(25, 32) | adam(1e-3),
         fault="leaked 1.0"),
    Case("validation-suspect", "residual-long-permuted", lambda: residual(10), few(40, 36) | MILD | linear()
         | adam(3e-3), fault="permuted"),
]  # fmt: skip

CASES = [
    *SOUND, *LEARNED_BY_HEART, *TOO_SMALL, *AT_REST, *CUT_EARLY, *CUT_LATE, *ENDED_SOON, *RATE_HIGH,
    *RATE_LOW, *DISTORTED, *FEW_TO_JUDGE_BY, *FELL_APART, *WRONG_VALIDATION,
]  # fmt: skip
