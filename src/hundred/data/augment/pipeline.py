"""Augmentations in order: what a recipe names, and what the training loop calls on each batch."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from hundred.data.augment.rng import AugmentRng, Mix, Transform, describe


@dataclass(frozen=True, repr=False)
class Pipeline:
    """Transforms for images as they come, and mixes for the normalized batch with its targets; either may be
    empty.

    An empty pipeline returns what it is given.
    """

    transforms: Sequence[Transform] = ()
    mixes: Sequence[Mix] = ()

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """Images uint8 [n, 3, h, w] through all transforms: uint8 or float32 of the same shape, in 0..255."""
        for transform in self.transforms:
            images = transform(images, rng)
        return images

    def mix(self, images: Tensor, targets: Tensor, rng: AugmentRng) -> tuple[Tensor, Tensor]:
        """Images float [n, 3, h, w] and targets float [n, classes] through all mixes."""
        for mix in self.mixes:
            images, targets = mix(images, targets, rng)
        return images, targets

    def __repr__(self) -> str:
        """In order, with the settings that are not defaults: `RandomCrop(padding=2) > AlternatingFlip()`."""
        steps = [describe(step) for step in (*self.transforms, *self.mixes)]
        return f"Pipeline: {' > '.join(steps) or 'images as they are'}"
