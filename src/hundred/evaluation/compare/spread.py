"""Is one recipe better than another? The difference of two sets of runs against what another seed would do.

With repeats of both recipes, the spread is measured and Welch's t test answers. Where one side has more
repeats, Student's t test has to agree: of simulated groups of 2 and of 10 seeds of one recipe, Welch's test
alone took 10 % for different, since it then leans on the deviation of two values.

With a single run of one recipe the spread cannot be measured, and has to be assumed. The assumed variance of
a run's test accuracy has two parts:

1. Images that one seed gets right and another wrong. Fully trained networks err on test images nearly
   independently from seed to seed (Jordan, "On the variance of neural network training with respect to test
   sets and distributions", ICLR 2024), so this part is read off the pair itself: it is McNemar's variance.
   A short training with a high learning rate moves whole classes at a time; the spread of the differences
   per class, with classes as clusters, shows that, and the larger of the two is taken.
2. A seed that makes the network better or worse everywhere, which a single pair cannot show: `SEED_SD`.
"""

import math
from dataclasses import dataclass

import numpy as np

from hundred.evaluation.arrays import BoolArray, FloatArray, IntArray
from hundred.evaluation.intervals import t_quantile

SEED_SD = 0.01
"""Assumed standard deviation of accuracy from seed to seed beyond part 1, as a fraction.

Groups of 6 to 8 seeds of a small convolutional network, trained on 10,000 CIFAR-100 images for 1 to 3 epochs
with a constant or a one-cycle learning rate, had 0.0005 to 0.011 (root mean square 0.006); fully trained
networks have little of it (Jordan, as above). So this is on the safe side, and repeats, which need no
assumption, find smaller differences.
"""

SEED_SD_DEGREES = 6.0
"""How many degrees of freedom that assumption is worth: few, so that the intervals have heavy tails."""


@dataclass(frozen=True)
class Difference:
    """Mean accuracy of the first minus the second, compared with the spread from seed to seed.

    method: `welch` (spread measured on both) or `assumed` (see this module). spreads: standard error of the
    difference and its degrees of freedom, for each t test that has to agree. run_sd: standard deviation of
    one run's accuracy. All in fractions.
    """

    difference: float
    method: str
    spreads: tuple[tuple[float, float], ...]
    run_sd: float

    @property
    def p_value(self) -> float:
        """Two-sided, by Student's t; the largest where several tests have to agree."""
        from scipy.special import stdtr

        if self.difference == 0:
            return 1.0
        size = abs(self.difference)
        return max(float(2 * stdtr(degrees, -size / error)) for error, degrees in self.spreads)

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Interval of the difference of the recipes' mean accuracies; holds 0 unless p < 1 - confidence."""
        reach = max(t_quantile(confidence, degrees) * error for error, degrees in self.spreads)
        return self.difference - reach, self.difference + reach


def difference(first: BoolArray, second: BoolArray, labels: IntArray) -> Difference:
    """Compare two recipes by which test images each of their runs got right.

    first: bool [runs, images]; second: bool [other runs, images]; labels: int [images], the true classes.
    """
    accuracies = first.mean(axis=1), second.mean(axis=1)
    if min(len(first), len(second)) >= 2 and any(np.ptp(values) > 0 for values in accuracies):
        return _measured(*accuracies)
    # Repeats that all have the very same accuracy say nothing about its spread either.
    return _assumed(first, second, labels)


def _measured(first: FloatArray, second: FloatArray) -> Difference:
    """Welch's t test of two sets of accuracies, and Student's where their numbers differ."""
    runs = len(first), len(second)
    shares = first.var(ddof=1) / runs[0], second.var(ddof=1) / runs[1]
    variance = float(shares[0] + shares[1])
    degrees = variance**2 / (shares[0] ** 2 / (runs[0] - 1) + shares[1] ** 2 / (runs[1] - 1))
    run_variance = (_squares(first) + _squares(second)) / (sum(runs) - 2)
    spreads = [(math.sqrt(variance), float(degrees))]
    if runs[0] != runs[1]:
        spreads.append((math.sqrt(run_variance * (1 / runs[0] + 1 / runs[1])), float(sum(runs) - 2)))
    mean_difference = float(first.mean() - second.mean())
    return Difference(mean_difference, "welch", tuple(spreads), math.sqrt(run_variance))


def _assumed(first: BoolArray, second: BoolArray, labels: IntArray) -> Difference:
    """The assumed variance of a run, combined with any repeats as in Smyth's moderated t test (2004).

    The assumption counts as `degrees` values; Satterthwaite's formula gives them from the part that is
    guessed and the part that is read off the images.
    """
    per_image = first.mean(axis=0) - second.mean(axis=0)
    shares = 1 / len(first) + 1 / len(second)
    seen, seen_degrees = _image_variance(per_image, labels)
    seen, guessed = seen / shares, SEED_SD**2
    assumed = seen + guessed
    degrees = assumed**2 / (guessed**2 / SEED_SD_DEGREES + seen**2 / seen_degrees)
    repeats = len(first) + len(second) - 2
    squares = _squares(first.mean(axis=1)) + _squares(second.mean(axis=1))
    variance = (degrees * assumed + squares) / (degrees + repeats)
    error = math.sqrt(variance * shares)
    return Difference(float(per_image.mean()), "assumed", ((error, degrees + repeats),), math.sqrt(variance))


def _image_variance(per_image: FloatArray, labels: IntArray) -> tuple[float, float]:
    """Variance of the mean of `per_image` and its degrees of freedom: over images, or over classes where that
    is larger.
    """
    images = len(per_image)
    over_images = float(np.square(per_image).sum()) / images**2, float(max(images - 1, 1))
    counts = np.bincount(labels)
    present = counts > 0
    classes = int(present.sum())
    if classes < 10:  # too few clusters to estimate their spread
        return over_images
    sums = np.bincount(labels, weights=per_image)[present]
    # Each class adds its sum; the part that all classes share is the difference under test, not noise.
    residuals = sums - counts[present] * per_image.mean()
    over_classes = float(np.square(residuals).sum()) / images**2 * classes / (classes - 1)
    return max(over_images, (over_classes, float(classes - 1)))


def _squares(values: FloatArray) -> float:
    """Sum of squared deviations from the mean."""
    return float(np.square(values - values.mean()).sum())
