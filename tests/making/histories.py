"""Parametric learning curves, and ways to write one history as other frameworks do."""

from collections.abc import Mapping

import numpy as np

from hundred.evaluation.doctor.history import Context, History
from hundred.evaluation.doctor.readers.build import history_of

Columns = dict[str, list[float]]


def curves(
    epochs: int = 20,
    *,
    floor: float = 1.6,
    val_floor: float = 1.9,
    tau: float = 0.18,
    overfit: float = 0.0,
    noise: float = 0.006,
    rate: str = "cosine",
    seed: int = 0,
) -> Columns:
    """Losses that fall from near ln(100) towards a floor, and accuracies that follow from them.

    tau: the time to fall by a factor of e, as a share of the run. overfit: how much validation loss rises by
    the
    end. noise: standard deviation of the validation accuracy.
    """
    draw = np.random.default_rng(seed)
    progress = np.arange(1, epochs + 1) / epochs
    fallen = np.exp(-progress / tau)
    # Training figures are means over an epoch, so half an epoch older than its validation.
    loss = floor + (4.5 - floor) * np.exp(-(progress - 0.5 / epochs) / tau)
    val_loss = val_floor + (4.4 - val_floor) * fallen + overfit * np.clip(progress - 0.3, 0, None)
    if overfit:
        loss = np.maximum(loss - 1.5 * np.clip(progress - 0.3, 0, None), 0.05)
    val_accuracy = np.exp(-np.minimum(val_loss, val_floor + (4.4 - val_floor) * fallen)) * 1.6
    rates = {
        "cosine": 1e-3 * (1 + np.cos(np.pi * progress)) / 2 + 1e-9,
        "constant": np.full(epochs, 1e-3),
    }
    return {
        "epoch": [float(epoch) for epoch in range(1, epochs + 1)],
        "accuracy": np.clip(np.exp(-loss) * 1.5 + draw.normal(0, 0.002, epochs), 0.001, 1.0).tolist(),
        "loss": (loss + draw.normal(0, 0.006, epochs)).tolist(),
        "val_accuracy": np.clip(val_accuracy + draw.normal(0, noise, epochs), 0.001, 1.0).tolist(),
        "val_loss": (val_loss + draw.normal(0, 0.01, epochs)).tolist(),
        "learning_rate": rates[rate].tolist(),
    }


def history(columns: Mapping[str, list[float]], **context: object) -> History:
    """The history of these columns, with what `Context` takes."""
    return history_of(columns, Context(**context))  # type: ignore[arg-type]
