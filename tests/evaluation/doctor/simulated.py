"""Drawn learning curves of each fault, with lengths, levels, noise and schedules at random within what is
seen of CIFAR-100 networks: a check on what the real histories, all of small networks, have in common by
chance."""

from collections.abc import Callable

import numpy as np

from tests.making.histories import Columns

AugmentRng = np.random.Generator
CHANCE = float(np.log(100))
# Cross-entropy and accuracy of a hundred classes as they go together.
_LOSSES = (0.0, 0.1, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.3, 3.7, 4.0, 4.3, 4.5, 4.6)
_ACCURACIES = (1.0, 0.98, 0.87, 0.73, 0.6, 0.48, 0.375, 0.27, 0.205, 0.135, 0.09, 0.045, 0.02, 0.01)


def accuracy_at(loss: np.ndarray) -> np.ndarray:
    """The accuracy that goes with a loss, each [n]."""
    return np.interp(loss, _LOSSES, _ACCURACIES)


def written(
    draw: AugmentRng,
    loss: np.ndarray,
    val_loss: np.ndarray,
    rate: np.ndarray,
    *,
    accuracy: np.ndarray | None = None,
    val_accuracy: np.ndarray | None = None,
    noise: float = 0.004,
    images: int = 10_000,
) -> Columns:
    """A history of these curves, [n] each; `noise` is that of the validation loss, as a share of it.
    Accuracies are those of the losses where not given, in steps of one of `images` for validation."""
    n = len(loss)
    train = accuracy_at(loss) if accuracy is None else accuracy
    val = accuracy_at(val_loss) if val_accuracy is None else val_accuracy
    shaken = np.clip(val * (1 + draw.normal(0, 1.5 * noise, n)), 0.0, 1.0)
    if images < 1_000:
        shaken = draw.binomial(images, shaken) / images
    columns = {
        "epoch": np.arange(1.0, n + 1),
        "accuracy": np.round(np.clip(train * (1 + draw.normal(0, 0.004, n)), 0, 1) * 45_000) / 45_000,
        "loss": loss * (1 + draw.normal(0, 0.0012, n)),
        "val_accuracy": np.round(shaken * images) / images,
        "val_loss": val_loss * (1 + draw.normal(0, noise, n)),
        "learning_rate": rate,
    }
    return {name: values.tolist() for name, values in columns.items()}


def falling(n: float, floor: float, tau: float, *, late: float = 0.5, epochs: int = 0) -> np.ndarray:
    """A loss from just below chance to near `floor`, [epochs or n], with a time of `tau` of n epochs, each
    the mean over its epoch (late 0.5) or its end (late 0)."""
    t = np.arange(1, (epochs or round(n)) + 1) - late
    return floor + (CHANCE - 0.05 - floor) * np.exp(-((t / (tau * n)) ** 0.75))


def annealed(draw: AugmentRng, n: int) -> np.ndarray:
    """A rate that comes down in time: cosine, straight, or in two cuts."""
    t, peak = np.arange(n) / n, 10 ** draw.uniform(-3, -1)
    kind = draw.integers(3)
    if kind == 0:
        return peak * (0.5 + 0.5 * np.cos(np.pi * (t + 1 / n)))
    return peak * (1 - t) if kind == 1 else peak * np.where(t < 0.5, 1, np.where(t < 0.78, 0.1, 0.01))


def constant(draw: AugmentRng, n: int) -> np.ndarray:
    """A rate that stays."""
    return np.full(n, 10 ** draw.uniform(-3, -1.5))


def healthy(draw: AugmentRng) -> Columns:
    n, floor = int(draw.integers(12, 80)), draw.uniform(1.2, 2.6)
    tau, gap = draw.uniform(0.12, 0.25), draw.uniform(0.05, 0.6)
    return written(
        draw, falling(n, floor, tau), falling(n, floor + gap, tau * 0.9, late=0), annealed(draw, n)
    )


def overfitting(draw: AugmentRng) -> Columns:
    n, floor = int(draw.integers(12, 60)), draw.uniform(0.02, 0.8)
    best = draw.uniform(0.15, 0.45)
    val = falling(n, draw.uniform(2.2, 3.4), best / 3, late=0)
    rise = draw.uniform(0.25, 2.0) * np.clip(np.arange(n) / n - best, 0, None)
    held = accuracy_at(val) * (1 - 0.05 * rise)
    rate = (annealed if draw.random() < 0.4 else constant)(draw, n)
    return written(draw, falling(n, floor, draw.uniform(0.2, 0.35)), val + rise, rate, val_accuracy=held)


def underfitting(draw: AugmentRng) -> Columns:
    n, floor, tau = int(draw.integers(12, 60)), draw.uniform(3.75, 4.25), draw.uniform(0.06, 0.13)
    return written(draw, falling(n, floor, tau), falling(n, floor + 0.02, tau, late=0), annealed(draw, n))


def plateau(draw: AugmentRng) -> Columns:
    n, floor, tau = int(draw.integers(20, 90)), draw.uniform(1.8, 3.0), draw.uniform(0.04, 0.08)
    val = falling(n, floor + draw.uniform(0.0, 0.3), tau, late=0)
    return written(draw, falling(n, floor, tau), val, constant(draw, n), noise=draw.uniform(0.006, 0.015))


def early_cut(draw: AugmentRng) -> Columns:
    n, factor = int(draw.integers(15, 50)), draw.uniform(0.01, 0.1)
    at = max(3, round(draw.uniform(0.1, 0.22) * n))
    way = np.concatenate([np.arange(1, at + 1), at + (0.4 + 1.5 * factor * np.arange(1, n - at + 1))]) - 0.5
    floor, tau = draw.uniform(1.4, 2.4), draw.uniform(0.25, 0.45) * n
    loss = floor + (CHANCE - floor) * np.exp(-((way / tau) ** 0.75))
    rate = np.where(np.arange(n) < at, 1.0, factor) * 10 ** draw.uniform(-3, -1)
    return written(draw, loss, loss + draw.uniform(0.0, 0.15), rate)


def late_cut(draw: AugmentRng) -> Columns:
    n = int(draw.integers(24, 90))
    at = round(draw.uniform(0.75, 0.88) * n)
    after = np.arange(n) >= at
    floor, tau, jump = draw.uniform(2.2, 3.4), draw.uniform(0.05, 0.09), draw.uniform(0.25, 0.5)
    loss, val = falling(n, floor, tau), falling(n, floor + 0.1, tau, late=0)
    rate = np.where(after, 0.1, 1.0) * 10 ** draw.uniform(-2.5, -0.5)
    return written(
        draw, loss - jump * after, val - 0.8 * jump * after, rate, noise=draw.uniform(0.005, 0.012)
    )


def stopped_early(draw: AugmentRng) -> Columns:
    n, floor, tau = int(draw.integers(5, 14)), draw.uniform(1.0, 2.0), draw.uniform(0.7, 1.4)
    gap = draw.uniform(0.0, 0.15)
    val = falling(n, floor + gap, tau, late=0)
    return written(draw, falling(n, floor, tau), val, constant(draw, n), noise=0.006)


def rate_too_high(draw: AugmentRng) -> Columns:
    n, rate = int(draw.integers(6, 40)), np.full(40, 10 ** draw.uniform(-1.3, 0.3))
    kind = draw.integers(3)
    if kind == 0:  # dead from the first steps
        loss, val = np.full(n, draw.uniform(4.608, 4.67)), np.full(n, draw.uniform(4.606, 4.65))
    elif kind == 1:  # thrown far
        loss = CHANCE * draw.uniform(1.0, 1.2) + draw.uniform(3, 40) * np.exp(
            -np.arange(n) / draw.uniform(1, 3)
        )
        val = loss * draw.uniform(0.95, 1.05)
    else:  # up and down
        n = max(n, 12)
        loss = draw.uniform(3.2, 4.3) * (1 + draw.normal(0, draw.uniform(0.05, 0.1), n))
        val = loss * (1 + draw.normal(0, 0.05, n))
    chance = np.full(n, 0.01)
    if kind == 2:
        return written(draw, loss, val, rate[:n])
    return written(
        draw, loss, val, rate[:n], accuracy=chance * draw.uniform(0.9, 1.1, n), val_accuracy=chance
    )


def rate_too_low(draw: AugmentRng) -> Columns:
    n, fall = int(draw.integers(8, 50)), draw.uniform(0.05, 0.5)
    begun = CHANCE + draw.uniform(0, 0.08)
    loss = begun - fall * (np.arange(n) + 0.5) / n
    rate = np.full(n, 10 ** draw.uniform(-6, -4))
    return written(draw, loss, begun - fall * (np.arange(n) + 1) / n, rate, noise=0.0002)


def augmentation_too_strong(draw: AugmentRng) -> Columns:
    n, floor, tau = int(draw.integers(14, 70)), draw.uniform(2.4, 3.5), draw.uniform(0.12, 0.25)
    loss = falling(n, floor, tau)
    ahead = draw.uniform(1.3, 1.7) * accuracy_at(falling(n, floor, tau, late=0))
    return written(draw, loss, loss - draw.uniform(0.2, 0.5), annealed(draw, n), val_accuracy=ahead)


def noisy_validation(draw: AugmentRng) -> Columns:
    n, floor = int(draw.integers(14, 60)), draw.uniform(1.5, 2.6)
    tau, gap = draw.uniform(0.12, 0.25), draw.uniform(0.05, 0.5)
    val = falling(n, floor + gap, tau * 0.9, late=0)
    images = int(draw.integers(60, 240))
    return written(draw, falling(n, floor, tau), val, annealed(draw, n), noise=0.01, images=images)


def diverged(draw: AugmentRng) -> Columns:
    columns = {name: np.array(values) for name, values in healthy(draw).items()}
    n = len(columns["loss"])
    at = round(draw.uniform(0.3, 0.8) * n)
    lost = np.nan if draw.random() < 0.5 else CHANCE * draw.uniform(1.0, 1.1)
    for name in ("loss", "val_loss"):
        columns[name][at:] = lost
    for name in ("accuracy", "val_accuracy"):
        columns[name][at:] = 0.01
    return {name: values.tolist() for name, values in columns.items()}


def validation_suspect(draw: AugmentRng) -> Columns:
    n, floor, tau = int(draw.integers(12, 60)), draw.uniform(1.2, 2.4), draw.uniform(0.12, 0.25)
    loss, sound = falling(n, floor, tau), falling(n, floor + 0.3, tau, late=0)
    wrong = draw.choice([0.5, 0.7, 1.0])
    val = (1 - wrong) * sound + wrong * (CHANCE + 0.5 * (CHANCE - sound))
    right = (1 - wrong) * accuracy_at(sound) + wrong * 0.01
    return written(draw, loss, val, annealed(draw, n), val_accuracy=right)


FAMILIES: dict[str, Callable[[AugmentRng], Columns]] = {
    "healthy": healthy,
    "overfitting": overfitting,
    "underfitting": underfitting,
    "plateau": plateau,
    "early-cut": early_cut,
    "late-cut": late_cut,
    "stopped-early": stopped_early,
    "learning-rate-too-high": rate_too_high,
    "learning-rate-too-low": rate_too_low,
    "augmentation-too-strong": augmentation_too_strong,
    "noisy-validation": noisy_validation,
    "diverged": diverged,
    "validation-suspect": validation_suspect,
}
