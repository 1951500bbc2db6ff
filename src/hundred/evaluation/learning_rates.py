"""Reading a learning-rate range test: from which rate the network learns, from which it no longer does."""

import math
from dataclasses import dataclass

import numpy as np

from hundred.evaluation.arrays import FloatArray

# Standard deviation of the smoothing kernel, as a share of the steps of the whole test.
WIDTH = 1 / 30
# The loss is taken to fall at all from this much, in standard errors of the smoothed curve.
CERTAIN = 6.0
# From this share of the whole fall on, the network is taken to learn.
BEGUN = 0.1


@dataclass(frozen=True)
class RateReading:
    """The result of a range test.

    smoothed: float64 [steps], the loss without the noise of single batches; infinite where the loss was.
    suggestion: a base learning rate to train with, or None where the loss never clearly fell.
    begins, steepest, lowest: rates at which the loss began to fall, fell fastest, and was lowest.
    open_end: the loss was still near its lowest at the largest rate, which may not have been large enough.
    """

    smoothed: FloatArray
    suggestion: float | None
    begins: float | None = None
    steepest: float | None = None
    lowest: float | None = None
    open_end: bool = False


def read_range_test(rates: FloatArray, losses: FloatArray, planned: int | None = None) -> RateReading:
    """Find the suggestion in the losses [steps] of steps at growing `rates` [steps].

    planned: steps of the whole test, where it ended earlier.

    Smith (WACV 2017) reads off two rates: where the network begins to learn, and where it no longer does; he
    cycles between them. For the highest rate of a whole training, suggested is the middle, on a logarithmic
    scale, between the lowest loss, which is at a rate about to break the training, and the centre of
    gravity of the fall (the mean of the logarithm of the rate over the fall of the smoothed loss), which
    does not depend on a few steps as the steepest point does. `benchmarks.learning_rates` compares it with
    sweeps.
    """
    usable = np.isfinite(losses)
    width = max((planned or len(losses)) * WIDTH, 1.0)
    smoothed = np.full(len(losses), np.inf)
    smoothed[usable] = _smoothed(losses[usable], width)
    lowest = int(np.argmin(smoothed)) if usable.any() else 0
    if lowest < 2 or not _falls(losses[usable], smoothed[usable], lowest, width):
        return RateReading(smoothed, None)
    # The transients of the first steps, at rates that change nothing, are no fall.
    start = smoothed[: max(lowest // 4, 1)].mean()
    fallen = (start - smoothed[: lowest + 1]) / (start - smoothed[lowest])
    begins = int(np.flatnonzero(fallen < BEGUN)[-1]) if (fallen < BEGUN).any() else 0
    # Where the curve rises again for a while, what has fallen before stays fallen.
    gains = np.diff(np.maximum.accumulate(fallen[begins:]))
    between = np.sqrt(rates[begins:lowest] * rates[begins + 1 : lowest + 1])
    centre = math.exp(float(gains @ np.log(between)) / float(gains.sum()))
    suggestion = math.sqrt(centre * rates[lowest])
    slopes = np.gradient(smoothed[: lowest + 1], np.log(rates[: lowest + 1]))
    steepest = begins + int(np.argmin(slopes[begins:]))
    end = smoothed[-1]
    return RateReading(
        smoothed,
        float(f"{suggestion:.2g}"),
        float(rates[begins]),
        float(rates[steepest]),
        float(rates[lowest]),
        bool(np.isfinite(end) and end - smoothed[lowest] < BEGUN * (start - smoothed[lowest])),
    )


def _smoothed(losses: FloatArray, width: float) -> FloatArray:
    """Means of neighbouring steps under a Gaussian of standard deviation `width` (steps), without a lag."""
    steps = np.arange(len(losses))
    weights = np.exp(-0.5 * ((steps[:, None] - steps[None, :]) / width) ** 2)  # [steps, steps]
    result: FloatArray = weights @ losses / weights.sum(axis=1)
    return result


def _falls(losses: FloatArray, smoothed: FloatArray, lowest: int, width: float) -> bool:
    """Whether the loss falls by more than the noise of its batches."""
    noise = float(np.std((losses - smoothed)[: lowest + 1]))
    # A Gaussian window of standard deviation w averages as well as 2 sqrt(pi) w equal weights.
    error = noise / math.sqrt(2 * math.sqrt(math.pi) * width)
    fall = float(smoothed[: max(lowest // 4, 1)].mean() - smoothed[lowest])
    return fall > max(CERTAIN * error, 1e-6)
