"""The first trainings: each sound, or with one setting wrong on purpose.

The first and third case of most labels were used for tuning; see `suite.part_of`.
"""

from benchmarks.doctor.case import (
    AFTER_CUT,
    COSINE,
    LATE_TOO,
    MILD,
    PLAIN_SGD,
    PLATEAU_TOO,
    RESTLESS,
    RESTLESS_SGD,
    SGD,
    Case,
    adam,
    few,
    on_plateau,
    steps,
)
from benchmarks.doctor.networks import dense, strided

HEALTHY = [
    Case("healthy", "cosine-adam", lambda: strided(8), few(60, 16) | MILD | COSINE | adam(2e-3)),
    Case("healthy", "cosine-sgd", lambda: strided(8), few(60, 16) | MILD | COSINE | SGD),
    Case("healthy", "steps-sgd", lambda: strided(8, dropout=0.1),
         few(70, 20) | MILD | SGD | steps(0.5, 0.8, gamma=0.2)),
    Case("healthy", "steps-adam", lambda: strided(8, dropout=0.1),
         few(70, 16) | MILD | adam(2e-3) | steps(0.6, 0.85, gamma=0.2)),
    Case("healthy", "dense-linear", lambda: dense(256, dropout=0.2),
         few(130, 14) | MILD | adam(1e-3) | {"training.schedule.name": "linear"}),
    Case("healthy", "dense-cosine", lambda: dense(256, dropout=0.2), few(130, 20) | MILD | COSINE
         | adam(1e-3)),
    Case("healthy", "plain-sgd", lambda: strided(6, norm=False), few(110, 16) | MILD | COSINE | PLAIN_SGD),
    Case("healthy", "one-cycle", lambda: strided(8),
         few(90, 12) | MILD | adam(4e-3) | {"training.schedule.name": "one-cycle"}),
    Case("healthy", "one-cycle-seed", lambda: strided(8),
         few(60, 20, seed=3) | MILD | adam(4e-3) | {"training.schedule.name": "one-cycle"}),
    Case("healthy", "cosine-adam-seed", lambda: strided(8), few(60, 16, seed=5) | MILD | COSINE
         | adam(2e-3)),
    Case("healthy", "on-plateau", lambda: strided(8, dropout=0.1), few(70, 24) | MILD | adam(1e-3)
         | on_plateau(3, 0.5)),
    Case("healthy", "linear-adamw", lambda: strided(8), few(90, 14) | MILD | adam(2e-3)
         | {"training.optimizer": "adamw", "training.weight_decay": 0.05,
         "training.schedule.name": "linear"}),
]  # fmt: skip

OVERFITTING = [
    Case("overfitting", "few-images", lambda: strided(12), few(30, 25) | adam(1e-3)),
    Case("overfitting", "few-images-sgd", lambda: strided(8), few(30, 25) | SGD),
    Case("overfitting", "dense", lambda: dense(512), few(40, 28) | adam(1e-3)),
    Case("overfitting", "dense-sgd", lambda: dense(512), few(40, 28) | PLAIN_SGD),
    Case("overfitting", "on-plateau", lambda: strided(12), few(40, 20) | adam(1e-3) | on_plateau(3, 0.2)),
    Case("overfitting", "cosine", lambda: strided(12), few(40, 20) | COSINE | adam(2e-3)),
    Case("overfitting", "no-norm", lambda: strided(8, norm=False), few(40, 24) | adam(1e-3)),
    Case("overfitting", "steps", lambda: strided(8), few(50, 24) | SGD | steps(0.5, 0.8, gamma=0.2)),
]  # fmt: skip

UNDERFITTING = [
    Case("underfitting", "two-filters", lambda: strided(2, pooled=True), few(100, 16) | MILD | COSINE
         | adam(3e-3)),
    Case("underfitting", "three-units", lambda: dense(4), few(130, 20) | COSINE | adam(3e-3)),
    Case("underfitting", "dropout", lambda: dense(64, dropout=0.9), few(130, 20) | COSINE | adam(1e-3),
         also=("augmentation-too-strong",)),
    Case("underfitting", "dropout-conv", lambda: strided(6, dropout=0.9), few(90, 20) | COSINE | adam(2e-3),
         also=("augmentation-too-strong",)),
    Case("underfitting", "weight-decay", lambda: strided(6), few(90, 20) | COSINE | SGD
         | {"training.weight_decay": 0.03}),
    Case("underfitting", "weight-decay-adam", lambda: dense(128), few(130, 20) | COSINE | adam(1e-3)
         | {"training.weight_decay": 0.01}),
]  # fmt: skip

PLATEAU = [
    Case("plateau", "constant-dense", lambda: dense(4), few(60, 30) | MILD | adam(1e-2), also=PLATEAU_TOO),
    Case("plateau", "constant-dense-sgd", lambda: dense(6), few(60, 30) | MILD | PLAIN_SGD
         | {"training.learning_rate": 0.1}, also=PLATEAU_TOO),
    Case("plateau", "constant-adam", lambda: strided(2, pooled=True), few(45, 30) | RESTLESS | adam(2e-2),
         also=PLATEAU_TOO),
    Case("plateau", "constant-restless", lambda: dense(8), few(45, 30) | RESTLESS | adam(1e-2),
         also=PLATEAU_TOO),
]  # fmt: skip

EARLY_CUT = [
    Case("early-cut", "steps-sgd", lambda: strided(8), few(60, 16) | MILD | SGD | steps(0.13, 0.26,
         gamma=0.1),
         also=AFTER_CUT),
    Case("early-cut", "steps-adam", lambda: strided(8), few(60, 16) | MILD | adam(2e-3)
         | steps(0.15, 0.3, gamma=0.1), also=AFTER_CUT),
    Case("early-cut", "too-deep", lambda: strided(8), few(70, 15) | MILD | SGD | steps(0.2, gamma=0.005),
         also=AFTER_CUT),
    Case("early-cut", "too-deep-adam", lambda: dense(256), few(130, 15) | MILD | adam(1e-3)
         | steps(0.2, gamma=0.01), also=AFTER_CUT),
    Case("early-cut", "too-often", lambda: strided(8), few(70, 20) | MILD | SGD
         | steps(0.15, 0.25, 0.35, 0.45, gamma=0.3), also=AFTER_CUT),
    Case("early-cut", "impatient", lambda: strided(8), few(60, 18) | MILD | adam(4e-3)
         | steps(0.17, 0.28, 0.39, 0.5, gamma=0.2), also=AFTER_CUT),
]  # fmt: skip

LATE_CUT = [
    Case("late-cut", "sgd", lambda: strided(6, pooled=True), few(45, 24) | RESTLESS_SGD | steps(0.85,
         gamma=0.1),
         also=LATE_TOO),
    Case("late-cut", "adam", lambda: strided(6, pooled=True), few(45, 24) | RESTLESS | adam(2e-2)
         | steps(0.85, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "dense", lambda: dense(16), few(60, 26) | RESTLESS | adam(1e-2) | steps(0.85,
         gamma=0.1),
         also=LATE_TOO),
    Case("late-cut", "high-sgd", lambda: strided(6, pooled=True), few(45, 22) | RESTLESS_SGD
         | {"training.learning_rate": 0.5} | steps(0.83, gamma=0.1), also=LATE_TOO),
]  # fmt: skip

STOPPED_EARLY = [
    Case("stopped-early", "few-epochs", lambda: strided(12), few(90, 6) | MILD | adam(1e-3)),
    Case("stopped-early", "few-epochs-sgd", lambda: strided(12), few(90, 7) | MILD | SGD),
    Case("stopped-early", "killed-cosine", lambda: strided(8), few(70, 28) | MILD | COSINE | adam(2e-3),
         stop_after=8),
    Case("stopped-early", "killed-steps", lambda: strided(8), few(70, 28) | MILD | SGD | steps(0.5,
         gamma=0.1),
         stop_after=8),
    Case("stopped-early", "few-epochs-dense", lambda: dense(256), few(160, 6) | MILD | adam(5e-4)),
    Case("stopped-early", "few-epochs-plain", lambda: strided(8, norm=False), few(110, 8) | MILD
         | PLAIN_SGD),
]  # fmt: skip

TOO_HIGH = [
    Case("learning-rate-too-high", "adam-plain", lambda: strided(8, norm=False), few(50, 12) | adam(0.05)),
    Case("learning-rate-too-high", "adam-plain-more", lambda: strided(8, norm=False), few(50, 12)
         | adam(0.2)),
    Case("learning-rate-too-high", "adam-norm", lambda: strided(8), few(60, 16) | MILD | adam(0.2),
         also=("plateau", "noisy-validation", "underfitting")),
    Case("learning-rate-too-high", "sgd-norm", lambda: strided(8), few(60, 16) | MILD | SGD
         | {"training.learning_rate": 4.0}, also=("plateau", "noisy-validation", "underfitting")),
    Case("learning-rate-too-high", "dense-adam", lambda: dense(128), few(110, 14) | adam(0.05),
         also=("plateau", "underfitting")),
    Case("learning-rate-too-high", "dense-sgd", lambda: dense(128), few(110, 14) | PLAIN_SGD
         | {"training.learning_rate": 0.5}, also=("plateau", "underfitting", "diverged")),
]  # fmt: skip

TOO_LOW = [
    Case("learning-rate-too-low", "adam", lambda: strided(8), few(60, 15) | MILD | adam(1e-5),
         also=("stopped-early", "underfitting")),
    Case("learning-rate-too-low", "sgd", lambda: strided(8), few(60, 15) | MILD | SGD
         | {"training.learning_rate": 1e-4}, also=("stopped-early", "underfitting")),
    Case("learning-rate-too-low", "dense-adam", lambda: dense(256), few(110, 20) | MILD | adam(5e-6),
         also=("stopped-early", "underfitting")),
    Case("learning-rate-too-low", "plain-sgd", lambda: strided(8, norm=False), few(70, 16) | MILD | PLAIN_SGD
         | {"training.learning_rate": 5e-4}, also=("stopped-early", "underfitting")),
    Case("learning-rate-too-low", "cosine-adam", lambda: strided(8), few(70, 16) | MILD | COSINE
         | adam(2e-5),
         also=("underfitting",)),
    Case("learning-rate-too-low", "cosine-sgd", lambda: strided(8), few(70, 16) | MILD | COSINE | SGD
         | {"training.learning_rate": 2e-4}, also=("underfitting",)),
]  # fmt: skip

TOO_STRONG = [
    Case("augmentation-too-strong", "geometry", lambda: strided(8), few(60, 16) | COSINE | adam(2e-3)
         | {"augment.rotation": 60.0, "augment.width_shift": 0.3, "augment.height_shift": 0.3,
            "augment.zoom": 0.4, "augment.vertical_flip": True}, also=("underfitting",)),
    Case("augmentation-too-strong", "shifts", lambda: strided(8), few(60, 16) | COSINE | SGD
         | {"augment.width_shift": 0.5, "augment.height_shift": 0.5, "augment.rotation": 45.0},
         also=("underfitting",)),
    Case("augmentation-too-strong", "cutout", lambda: strided(8), few(60, 16) | COSINE | adam(2e-3)
         | {"augment.crop_padding": 10, "augment.cutout": 24, "augment.flip": "random"},
         also=("underfitting",)),
    Case("augmentation-too-strong", "randaugment", lambda: strided(8), few(60, 14) | MILD | COSINE | SGD
         | {"augment.randaugment_layers": 4, "augment.randaugment_magnitude": 10, "augment.cutout": 16},
         also=("underfitting",)),
    Case("augmentation-too-strong", "tones", lambda: dense(256), few(90, 16) | COSINE | adam(1e-3)
         | {"augment.brightness": [0.1, 1.9], "augment.channel_shift": 150.0, "augment.rotation": 30.0},
         also=("underfitting",)),
    Case("augmentation-too-strong", "erasing", lambda: strided(8), few(60, 18) | adam(2e-3)
         | {"augment.erasing": 1.0, "augment.rotation": 40.0, "augment.zoom": 0.5, "augment.cutout": 16},
         also=("underfitting", "stopped-early")),
]  # fmt: skip

NOISY = [
    Case("noisy-validation", "hundred-images", lambda: strided(8), few(60, 16) | MILD | COSINE | adam(2e-3),
         validation_per_class=1),
    Case("noisy-validation", "hundred-images-sgd", lambda: strided(8), few(60, 18) | MILD | COSINE | SGD,
         validation_per_class=1),
    Case("noisy-validation", "two-hundred-images", lambda: strided(8), few(60, 20) | MILD | adam(1e-3),
         validation_per_class=2),
    Case("noisy-validation", "hundred-images-dense", lambda: dense(64, dropout=0.2),
         few(90, 18) | MILD | adam(1e-3), validation_per_class=1, also=("stopped-early", "plateau")),
]  # fmt: skip

DIVERGED = [
    Case("diverged", "sgd-plain", lambda: strided(8, norm=False), few(50, 12) | SGD
         | {"training.learning_rate": 3.0}, also=("learning-rate-too-high",)),
    Case("diverged", "sgd-dense", lambda: dense(256), few(60, 12) | SGD | {"training.learning_rate": 5.0},
         also=("learning-rate-too-high",)),
    Case("diverged", "rising-rate", lambda: strided(8, norm=False), few(50, 20) | PLAIN_SGD
         | {"training.learning_rate": 3.0, "training.schedule.name": "linear",
         "training.schedule.warmup": 0.9},
         also=("learning-rate-too-high",)),
    Case("diverged", "rising-rate-dense", lambda: dense(256), few(60, 20) | PLAIN_SGD
         | {"training.learning_rate": 20.0, "training.schedule.name": "linear",
         "training.schedule.warmup": 0.9},
         also=("learning-rate-too-high",)),
]  # fmt: skip

SUSPECT = [
    Case("validation-suspect", "shuffled", lambda: strided(8), few(60, 14) | MILD | COSINE | adam(2e-3),
         fault="shuffled 1.0"),
    Case("validation-suspect", "permuted", lambda: strided(8), few(70, 14) | MILD | COSINE | SGD,
         fault="permuted"),
    Case("validation-suspect", "leaked", lambda: strided(12), few(30, 24) | adam(1e-3), fault="leaked 1.0"),
    Case("validation-suspect", "leaked-sgd", lambda: strided(12), few(30, 24) | SGD | {
         "training.learning_rate": 0.05}, fault="leaked 1.0"),
    Case("validation-suspect", "half-shuffled", lambda: strided(8), few(70, 14) | MILD | COSINE | adam(2e-3),
         fault="shuffled 0.5"),
    Case("validation-suspect", "half-shuffled-dense", lambda: dense(256, dropout=0.1),
         few(130, 14) | MILD | COSINE | adam(1e-3), fault="shuffled 0.5"),
    Case("validation-suspect", "shuffled-dense", lambda: dense(256, dropout=0.1), few(110, 14) | MILD
         | adam(1e-3),
         fault="shuffled 1.0"),
    Case("validation-suspect", "inverted", lambda: strided(8), few(70, 14) | MILD | COSINE | adam(2e-3),
         fault="inverted"),
]  # fmt: skip

GROUPS = [HEALTHY, OVERFITTING, UNDERFITTING, PLATEAU, EARLY_CUT, LATE_CUT, STOPPED_EARLY, TOO_HIGH, TOO_LOW,
       TOO_STRONG, NOISY, DIVERGED, SUSPECT]  # fmt: skip
