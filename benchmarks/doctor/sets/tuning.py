"""Trainings of the kinds that the second set had left in doubt, used for tuning only."""

from benchmarks.doctor.case import (
    COSINE,
    LATE_TOO,
    MILD,
    MOMENTUM,
    PLATEAU_TOO,
    RESTLESS,
    RESTLESS_SGD,
    SGD,
    Case,
    adam,
    few,
    linear,
    on_plateau,
    rate,
    steps,
)
from benchmarks.doctor.networks import dense, residual, stacked, strided

CASES = [
    Case("healthy", "trial-strided-sgd", lambda: strided(12), few(120, 16) | MILD | COSINE | SGD | rate(0.05)
         | {"training.batch_size": 64}),
    Case("healthy", "trial-constant-until-it-stops", lambda: strided(12, dropout=0.3), few(110, 40) | MILD
         | adam(1e-3) | {"callbacks.early_stopping.patience": 4, "callbacks.early_stopping.monitor":
                         "val_loss"}),
    Case("healthy", "trial-dense-steps", lambda: dense(256, dropout=0.2), few(150, 18) | MILD | MOMENTUM
         | rate(0.03) | steps(0.5, 0.8, gamma=0.2)),
    Case("healthy", "trial-stacked-mixup", lambda: stacked(6, dropout=0.1), few(90, 16) | MILD | linear(0.1)
         | adam(2e-3) | {"augment.mixup": 0.4}),
    Case("augmentation-too-strong", "trial-strided-turned", lambda: strided(10), few(70, 18) | COSINE
         | adam(2e-3) | {"augment.rotation": 180.0, "augment.shear": 45.0, "augment.vertical_flip": True},
         also=("underfitting",)),
    Case("augmentation-too-strong", "trial-residual-cut-out", lambda: residual(8), few(50, 22) | linear(0.1)
         | SGD | {"augment.cutout": 28, "augment.crop_padding": 10}, also=("underfitting",)),
    Case("augmentation-too-strong", "trial-dense-randaugment", lambda: dense(256), few(90, 16) | COSINE
         | adam(1e-3) | {"augment.randaugment_layers": 5, "augment.randaugment_magnitude": 10},
         also=("underfitting",)),
    Case("underfitting", "trial-strided-dropped", lambda: strided(8, dropout=0.85), few(90, 18) | COSINE
         | adam(2e-3), also=("augmentation-too-strong",)),
    Case("underfitting", "trial-strided-decay", lambda: strided(8), few(70, 18) | MILD | COSINE | SGD
         | {"training.weight_decay": 0.1}),
    Case("plateau", "trial-strided-constant", lambda: strided(3, pooled=True), few(45, 36) | RESTLESS
         | adam(1.5e-2), also=PLATEAU_TOO),
    Case("late-cut", "trial-strided-adam", lambda: strided(4, pooled=True), few(45, 30) | RESTLESS
         | adam(3e-2) | steps(0.82, gamma=0.1), also=LATE_TOO),
    Case("late-cut", "trial-residual-sgd", lambda: residual(4), few(40, 28) | RESTLESS_SGD | rate(0.5)
         | steps(0.82, gamma=0.1), also=LATE_TOO),
    Case("diverged", "trial-dense-rising", lambda: dense(200), few(60, 20) | MOMENTUM | linear(0.95)
         | rate(2.0), also=("learning-rate-too-high",)),
    Case("validation-suspect", "trial-dense-leaked", lambda: dense(400), few(25, 40) | adam(5e-4),
         fault="leaked 1.0"),
    Case("overfitting", "trial-on-plateau", lambda: stacked(8), few(30, 24) | adam(1e-3)
         | on_plateau(3, 0.3)),
]  # fmt: skip
