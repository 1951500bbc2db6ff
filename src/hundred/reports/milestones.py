"""The epochs that curves mark: the learning-rate cuts, the best epoch and the stop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

STOP_REASONS = {
    "epochs": "all epochs done",
    "early-stopping": "stopped early",
    "interrupted": "interrupted",
    "not-finite": "stopped: loss not finite",
    "callback": "stopped by a callback",
}
"""The reasons of `Stopped` events in words."""


@dataclass(frozen=True)
class Milestones:
    """The epochs that curves mark.

    cuts: the learning rate was lowered after these epochs.
    best_epoch: the epoch whose weights count, or None where nothing was validated.
    stop_epoch: the last epoch, None while training goes on; stop_reason: why, as `early-stopping`.
    """

    cuts: tuple[int, ...] = ()
    best_epoch: int | None = None
    stop_epoch: int | None = None
    stop_reason: str = ""


def milestones(
    history: pd.DataFrame,
    cuts: Sequence[int] | None = None,
    best_epoch: int | None = None,
    stopped: str | None = None,
) -> Milestones:
    """The milestones of `history` (columns of history.csv). Values from events take precedence.

    Without `cuts`, drops of an otherwise constant learning rate count; a schedule that moves all the time
    (cosine, one-cycle) has none. Without `best_epoch`, the highest validation accuracy is the best.
    """
    epochs = history["epoch"].to_numpy()
    if cuts is None:
        cuts = _cuts(epochs, column(history, "learning_rate"))
    if best_epoch is None:
        accuracy = column(history, "val_accuracy")
        best_epoch = int(epochs[np.nanargmax(accuracy)]) if np.isfinite(accuracy).any() else None
    stop_epoch = int(epochs[-1]) if stopped and len(epochs) else None
    return Milestones(tuple(cuts), best_epoch, stop_epoch, stopped or "")


def column(history: pd.DataFrame, name: str) -> np.ndarray:
    """The column as float64 [epochs]; NaN where it is absent or empty."""
    if name not in history:
        return np.full(len(history), np.nan)
    return pd.to_numeric(history[name], errors="coerce").to_numpy(dtype=np.float64)


def rates_of(history: pd.DataFrame, rates: pd.DataFrame | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Epochs and learning rates to draw as a line; epoch e ends at e.

    rates: columns epoch and learning_rate in every step; None draws the rate of `history` from each epoch's
    beginning to its end.
    """
    if rates is not None:
        return rates["epoch"].to_numpy(dtype=np.float64), rates["learning_rate"].to_numpy(dtype=np.float64)
    epochs = history["epoch"].to_numpy(dtype=np.float64)
    edges = np.stack([epochs - 1, epochs], axis=1).reshape(-1)
    return edges, np.repeat(column(history, "learning_rate"), 2)


def _cuts(epochs: np.ndarray, rates: np.ndarray) -> tuple[int, ...]:
    if len(rates) < 2 or not np.isfinite(rates).all():
        return ()
    moved = ~np.isclose(rates[1:], rates[:-1], rtol=1e-4, atol=0)
    if moved.sum() > max(1, len(rates) // 3):
        return ()
    return tuple(int(epoch) for epoch in epochs[:-1][moved & (rates[1:] < rates[:-1])])
