"""Which pixel scale a network was trained on, measured on labelled images.

Every known scale is tried on training images; a scale is taken only where it is clearly better than every
other one, in accuracy and in likelihood, and clearly above chance. Likelihoods are compared at each scale's
best temperature, so that a scale that only makes the network more confident wins nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hundred.evaluation.arrays import log_probabilities
from hundred.formatting import percent
from hundred.interchange.read.scale import SCALES

#: Images tried in each round; a scale that falls clearly behind in one takes no part in the next.
_ROUNDS = (100, 500, 2000)
#: Networks for larger images than this are tried on 500 at most.
_LARGE_SIDE = 64
#: Standard errors by which the best scale must lead every other in mean log-likelihood; in accuracy by more
#: than none.
_LEAD, _ACCURACY_LEAD = 4.0, 0.0
_DROP = 8.0
_TEMPERATURES = tuple(2.0**power for power in np.arange(-3, 3.25, 0.25))

#: Logits [n, classes] of images uint8 [n, 3, rows, columns] that are brought to the scale of that name.
Predict = Callable[[str, Tensor], NDArray[np.float32]]


@dataclass(frozen=True)
class ScaleFigures:
    """What each scale reached.

    best: the scale that is ahead. clear: whether it is clearly best. accuracy: by scale, on the images that
    it was tried on last. images: on how many the best was tried. chance: the accuracy of guessing.
    """

    best: str
    clear: bool
    accuracy: dict[str, float]
    images: int
    chance: float

    @property
    def above_chance(self) -> bool:
        """Whether the best is better than guessing, by more than four standard errors."""
        return self.accuracy[self.best] > self.chance + 4 * (self.chance / self.images) ** 0.5

    def sentence(self) -> str:
        """The figures in words: the best, and the next."""
        ranked = sorted(self.accuracy, key=lambda name: (name != self.best, -self.accuracy[name]))
        first, second = ranked[0], ranked[1]
        figures = (
            f"{first}: {percent(self.accuracy[first])} of {self.images:,} training images; "
            f"next {second}: {percent(self.accuracy[second])}"
        )
        if self.clear:
            return f"scale {figures}"
        if not self.above_chance:
            return f"no known scale is above chance ({figures}): 0-1 is assumed; give it with --scale"
        return f"no scale is clearly best ({figures}): {first} is assumed; give it with --scale"


def measure_scales(
    predict: Predict, images: Tensor, labels: Tensor, classes: int, scales: Sequence[str] = tuple(SCALES)
) -> ScaleFigures:
    """Try `scales` on `images` (uint8 [n, 3, rows, columns]) with their `labels` (int64 [n]).

    The same images, drawn with a fixed seed, are used at every scale.
    """
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    most = _ROUNDS[1] if images.shape[-1] > _LARGE_SIDE else _ROUNDS[-1]
    sizes = sorted({min(size, len(labels), most) for size in _ROUNDS})
    scores: dict[str, _Scores] = {}
    left = list(scales)
    for size in sizes:
        chosen = order[:size]
        truth = labels[chosen].numpy()
        for name in left:
            scores[name] = _scores(predict(name, images[chosen]), truth)
        best = max(left, key=lambda name: scores[name].likelihood.mean())
        clear = _clear(scores, left, best)
        if clear and size >= min(_ROUNDS[1], sizes[-1]):
            break
        left = [name for name in left if name == best or _lead(scores[best], scores[name])[0] < _DROP]
    accuracy = {name: float(each.correct.mean()) for name, each in scores.items()}
    figures = ScaleFigures(best, clear, accuracy, len(scores[best].correct), 1 / classes)
    return replace(figures, clear=clear and figures.above_chance)


@dataclass(frozen=True)
class _Scores:
    """For each image: whether it is right, and its log-likelihood."""

    correct: NDArray[np.float64]
    likelihood: NDArray[np.float64]


def _scores(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> _Scores:
    values = np.nan_to_num(np.asarray(logits, np.float64), nan=0.0, posinf=1e4, neginf=-1e4)
    correct = (values.argmax(axis=1) == truth).astype(np.float64)
    rows = np.arange(len(truth))
    tempered = [log_probabilities(values / temperature)[rows, truth] for temperature in _TEMPERATURES]
    return _Scores(correct, max(tempered, key=lambda each: float(each.mean())))


def _lead(best: _Scores, other: _Scores) -> tuple[float, float]:
    """By how many standard errors `best` leads `other` in likelihood and in accuracy, image by image."""
    count = min(len(best.correct), len(other.correct))
    leads = []
    for a, b in ((best.likelihood, other.likelihood), (best.correct, other.correct)):
        difference = a[:count] - b[:count]
        spread = float(difference.std(ddof=1)) if count > 1 else 0.0
        leads.append(float(difference.mean()) / max(spread / count**0.5, 1e-12))
    return leads[0], leads[1]


def _clear(scores: dict[str, _Scores], left: Sequence[str], best: str) -> bool:
    """Whether `best` leads every other scale; those that have dropped out were behind already."""
    leads = [_lead(scores[best], scores[name]) for name in left if name != best]
    return all(likelihood > _LEAD and accuracy > _ACCURACY_LEAD for likelihood, accuracy in leads)
