"""The statistical tests and intervals of `hundred compare`, on plain arrays.

Distributions come from scipy.special: scipy.stats takes longer to import than a comparison may take. The
tests check them against scipy.stats.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hundred.evaluation.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two trained networks on the same images: do their error rates differ?

    only_first, only_second: images that just one of them got right. p_exact: two-sided exact binomial test of
    the two counts. p_mid: the same with half the probability of the observed count (Fagerland et al. 2013),
    less conservative.
    """

    only_first: int
    only_second: int
    p_exact: float
    p_mid: float


def mcnemar(first: BoolArray, second: BoolArray) -> McNemar:
    """McNemar's test of two networks; first, second: bool [images], whether each answered right.

    It asks about these two networks, not about the recipes that trained them: another seed is another
    network.
    """
    from scipy.special import bdtr, gammaln

    b = int((first & ~second).sum())
    c = int((second & ~first).sum())
    if b + c == 0:
        return McNemar(0, 0, 1.0, 1.0)
    # At one half the binomial is symmetric, so both tails are twice the smaller one.
    exact = min(1.0, 2 * float(bdtr(min(b, c), b + c, 0.5)))
    # Two outcomes are as extreme as the observed one, b and c, but only one where they are equal.
    log_ways = float(gammaln(b + c + 1) - gammaln(b + 1) - gammaln(c + 1))
    at_observed = math.exp(log_ways - (b + c) * math.log(2))
    return McNemar(b, c, exact, 1.0 - at_observed / 2 if b == c else exact - at_observed)


def paired_bootstrap(
    differences: FloatArray, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `differences` ([images], first minus second, per image).

    Covers the choice of test images for the networks at hand. Since few distinct differences occur, each
    resample is one multinomial draw of their counts: the same distribution as drawing images with
    replacement, without touching the images.
    """
    values, counts = np.unique(differences, return_counts=True)
    draws = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=resamples)
    means = draws @ values / counts.sum()
    low, high = np.quantile(means, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)


def holm(p_values: Sequence[float]) -> FloatArray:
    """Holm's step-down correction (Holm 1979): p values to compare with the level for all of them together.

    [m] in, [m] out, in the order given, at most 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def benjamini_hochberg(p_values: Any) -> FloatArray:
    """Benjamini and Hochberg's correction (1995): keeping those below q expects a share of at most q to be
    false alarms. [m] in, [m] out, in the order given, at most 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = p[order] * len(p) / np.arange(1, len(p) + 1)
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return corrected


def seeds_to_settle(
    difference: float, sd: float, *, power: float = 0.8, level: float = 0.05, at_most: int = 1000
) -> int | None:
    """Runs of each recipe for a two-sided t test at `level` to find `difference` with probability `power`.

    sd: standard deviation of one run's accuracy, in the units of `difference`, taken as equal for both.
    At least 2; None where more than `at_most` would be needed, or the difference is zero.
    """
    if difference == 0 or not math.isfinite(difference):
        return None
    if t_test_power(difference, sd, at_most, level) < power:
        return None
    too_few, enough = 1, at_most
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if t_test_power(difference, sd, middle, level) < power:
            too_few = middle
        else:
            enough = middle
    return enough


def t_test_power(difference: float, sd: float, runs: int, level: float = 0.05) -> float:
    """Chance that a two-sided t test of `runs` against `runs` values finds `difference` (noncentral t)."""
    from scipy.special import nctdtr, stdtrit

    if sd == 0:
        return 1.0
    degrees = 2 * (runs - 1)
    shift = abs(difference) / (sd * math.sqrt(2 / runs))
    critical = float(stdtrit(degrees, 1 - level / 2))
    if shift > 2 * critical + 20:  # found for certain; the noncentral t has no digits for it
        return 1.0
    found = 1.0 - float(nctdtr(degrees, shift, critical))
    # Beyond a shift of 3 the other tail is nothing, and SciPy's noncentral t may have no digits for it.
    return found + float(nctdtr(degrees, shift, -critical)) if shift < 3 else found
