"""Intervals for an accuracy: over repeated runs (Student's t), and over test images (Wilson)."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

from hundred.errors import HundredError


@dataclass(frozen=True)
class Summary:
    """Repeats of one figure, in its own units.

    sd: sample standard deviation (n - 1). low, high: the t interval of the mean. All three None for n = 1.
    """

    mean: float
    sd: float | None
    low: float | None
    high: float | None
    n: int

    def as_dict(self) -> dict[str, float | int | None]:
        """The fields by name, for JSON."""
        return asdict(self)


def summarize(
    values: Iterable[float], confidence: float = 0.95, bounds: tuple[float, float] = (0.0, math.inf)
) -> Summary:
    """Mean, standard deviation and t interval of the mean of `values`.

    bounds: least and largest possible value (losses and times are not negative, accuracies at most 1), beyond
    which the interval does not reach.
    Raises HundredError where there is none, or one is not a finite number.
    """
    numbers = np.asarray(list(values), dtype=np.float64)
    if len(numbers) == 0:
        raise HundredError("no values to summarize: at least one run must have finished")
    if not np.isfinite(numbers).all():
        raise HundredError(f"{numbers.tolist()} cannot be summarized: a value is missing or not finite")
    mean = float(numbers.mean())
    if len(numbers) == 1:
        return Summary(mean, None, None, None, 1)
    sd = float(numbers.std(ddof=1))
    reach = t_quantile(confidence, len(numbers) - 1) * sd / math.sqrt(len(numbers))
    return Summary(mean, sd, max(mean - reach, bounds[0]), min(mean + reach, bounds[1]), len(numbers))


def t_quantile(confidence: float, degrees: float) -> float:
    """How many standard errors the two-sided interval of `confidence` reaches, by Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + confidence / 2))


def wilson_interval(correct: int, images: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of an accuracy of `correct` out of `images` (Wilson 1927): what other test images
    from the same source could have given this one trained network.

    Raises HundredError where `correct` is not between 0 and `images`, or there are no images.
    """
    from scipy.special import ndtri

    if images <= 0 or not 0 <= correct <= images:
        raise HundredError(f"{correct} right out of {images} images is not an accuracy")
    z = float(ndtri(0.5 + confidence / 2))
    rate = correct / images
    centre = (rate + z * z / (2 * images)) / (1 + z * z / images)
    reach = z * math.sqrt(rate * (1 - rate) / images + z * z / (4 * images * images)) / (1 + z * z / images)
    # At 0 and 1 the formula gives these very values; rounding must not push them past the rate.
    return max(0.0, min(centre - reach, rate)), min(1.0, max(centre + reach, rate))
