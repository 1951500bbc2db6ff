"""Robust statistics of short noisy curves: their noise, slope and level, whatever their length and scale."""

import numpy as np
import numpy.typing as npt

from hundred.evaluation.doctor.history import Series

# Standard deviation of normal noise from its median absolute value, and what a second difference of
# independent noise, y[t-1] - 2 y[t] + y[t+1], adds up to: sqrt(1 + 4 + 1).
_FROM_MEDIAN = 1.4826
_OF_SECOND_DIFFERENCE = 6**0.5


def measured(y: Series) -> tuple[npt.NDArray[np.int64], Series]:
    """Where `y` was measured, int64 [m], and its values there, float64 [m]."""
    where = np.flatnonzero(np.isfinite(y))
    return where, y[where]


def filled(y: Series) -> Series:
    """`y` with the epochs in between filled on a straight line, and the ends by the nearest value."""
    where, values = measured(y)
    if not len(where):
        return y
    return np.interp(np.arange(len(y)), where, values)


def noise(y: Series) -> float:
    """Standard deviation of the epoch-to-epoch noise of `y` about a smooth curve, from the median size of its
    second differences: a few jumps, such as at learning-rate cuts, do not count. 0 for fewer than 5 values.

    The bend of the curve itself adds to it, so early steep epochs are left out where there are enough.
    """
    _, values = measured(y)
    if len(values) > 10:
        values = values[2:]
    if len(values) < 5:
        return 0.0
    second = np.diff(values, 2)
    return float(_FROM_MEDIAN * np.median(np.abs(second)) / _OF_SECOND_DIFFERENCE)


def smooth(y: Series) -> Series:
    """`y` filled, with single outliers taken out (median of three) and averaged over about a tenth of its
    length, at least three epochs; shape [n]."""
    values = filled(y)
    n = len(values)
    if n < 3:
        return values
    padded = np.concatenate([values[:1], values, values[-1:]])
    middle = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    middle[0], middle[-1] = values[0], np.median(values[-3:])
    half = max(1, n // 20)
    return np.array(
        [
            middle[max(0, i - min(half, i, n - 1 - i)) : i + min(half, i, n - 1 - i) + 1].mean()
            for i in range(n)
        ]
    )


def level(y: Series, begin: int, end: int) -> float:
    """The median of what was measured of `y` in [begin, end), or NaN."""
    _, values = measured(y[max(begin, 0) : end])
    return float(np.median(values)) if len(values) else float("nan")


def slope(y: Series, begin: int = 0, end: int | None = None) -> tuple[float, float]:
    """Theil and Sen's slope of `y` per epoch over [begin, end): the median over all pairs of epochs; and its
    standard error if the noise is that of the residuals. (0, inf) for fewer than 3 values."""
    where, values = measured(y[begin:end])
    m = len(where)
    if m < 3:
        return 0.0, float("inf")
    if m > 200:  # the pairs of 200 epochs say as much as those of 2,000
        chosen = np.linspace(0, m - 1, 200).astype(int)
        where, values, m = where[chosen], values[chosen], 200
    i, j = np.triu_indices(m, 1)
    found = float(np.median((values[j] - values[i]) / (where[j] - where[i])))
    residuals = values - found * where
    spread = _FROM_MEDIAN * float(np.median(np.abs(residuals - np.median(residuals))))
    width = float(((where - where.mean()) ** 2).sum()) ** 0.5
    return found, max(spread, 1e-12) / width


def tail(n: int, share: float, at_least: int) -> int:
    """How many epochs the last `share` of `n` are, at least `at_least` and at most all."""
    return min(n, max(at_least, round(share * n)))
