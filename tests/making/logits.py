"""Made-up logits, and made-up runs whose seeds behave as those of real trainings."""

import numpy as np
from numpy.typing import NDArray

FINE = [f"class {n}" for n in range(100)]
COARSE = [f"superclass {n}" for n in range(20)]
FINE_TO_COARSE = np.arange(100) % 20


def random_logits(images: int, classes: int, seed: int = 0, signal: float = 1.5) -> tuple[NDArray, NDArray]:
    """Logits float32 [images, classes] with some `signal` for the labels, and labels int64 [images]."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, images)
    labels[:classes] = np.arange(classes)
    logits = rng.normal(size=(images, classes)).astype(np.float32)
    logits[np.arange(images), labels] += signal
    return logits, labels


def logits_for(right: NDArray, labels: NDArray, classes: int = 100) -> NDArray:
    """Logits that predict the label where `right`, else the class after it."""
    logits = np.zeros((len(labels), classes), dtype=np.float32)
    answer = np.where(right, labels, (labels + 1) % classes)
    logits[np.arange(len(labels)), answer] = 5.0
    return logits


class Recipe:
    """A made-up recipe: every run is another seed of it, tested on the same images.

    An image is answered right with probability sigmoid(ease): difficulty of the image (shared by all recipes
    made with the same `images` generator) + `gain` + a shift of the whole network by its seed (`seed_spread`)
    + a shift of each class by the seed (`class_spread`).
    """

    def __init__(
        self, labels: NDArray, *, gain: float = 0.0, seed_spread: float = 0.0, class_spread: float = 0.0
    ) -> None:
        self.labels = labels
        self.ease = np.random.default_rng(99).normal(0.3, 2.5, len(labels)) + gain
        self.spreads = seed_spread, class_spread

    def runs(self, number: int, rng: np.random.Generator) -> NDArray:
        """bool [number, images]: which images each of `number` seeds gets right."""
        return np.stack([rng.random(len(self.labels)) < self._chance(rng) for _ in range(number)])

    def accuracy(self, rng: np.random.Generator, seeds: int = 400) -> float:
        """The recipe's expected accuracy on these images."""
        return float(np.mean([self._chance(rng).mean() for _ in range(seeds)]))

    def _chance(self, rng: np.random.Generator) -> NDArray:
        of_seed, of_class = self.spreads
        shift = (
            rng.normal(0, of_seed) + rng.normal(0, of_class, 100)[self.labels] if any(self.spreads) else 0.0
        )
        return 1 / (1 + np.exp(-(self.ease + shift)))
