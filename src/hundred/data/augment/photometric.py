"""Brightness and channel shift as Keras' `ImageDataGenerator` does them.

Conventions of `apply_brightness_shift` (with scale=False, as `apply_transform` calls it, which hands the
image to Pillow) and of `apply_channel_shift` in keras/src/legacy/preprocessing/image.py. There a channel
shift comes after the affine move and brightness last.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hundred.data.augment import color_ops
from hundred.data.augment.rng import AugmentRng
from hundred.errors import UsageError


@dataclass(frozen=True)
class Brightness:
    """Multiply each image by a factor of its own, uniform in `range` = (low, high); keeps the dtype.

    As in Keras and Pillow, values are whole numbers: fractions are cut off before and after.
    Raises UsageError unless 0 <= low <= high.
    """

    range: tuple[float, float]

    def __post_init__(self) -> None:
        if len(self.range) != 2 or not 0 <= self.range[0] <= self.range[1] < math.inf:
            raise UsageError(f"brightness range is {self.range}: give (low, high), both 0 or more")

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """Images uint8 or float32 [n, 3, h, w] in, the same out."""
        low, high = self.range
        if low == high == 1:
            return images
        factor = rng.uniform(len(images), device=images.device) * (high - low) + low
        return color_ops.brightness(images.to(torch.uint8), factor).to(images.dtype)


@dataclass(frozen=True)
class ChannelShift:
    """Add a number of its own to each image, uniform in -range..range; returns float32.

    The same number for all three channels, and the result stays between the darkest and the lightest value
    that the image had, as in Keras. Raises UsageError for a range below 0.
    """

    range: float

    def __post_init__(self) -> None:
        if not 0 <= self.range < math.inf:
            raise UsageError(f"channel shift range is {self.range}: give a number of levels, 0 or more")

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """Images uint8 or float32 [n, 3, h, w] in, float32 out."""
        if self.range == 0:
            return images
        amount = rng.uniform(len(images), device=images.device) * (2 * self.range) - self.range
        return shift_channels(images, amount)


def shift_channels(images: Tensor, amount: Tensor) -> Tensor:
    """Images [n, 3, h, w] plus `amount` (float [n], levels), each kept within its own range: float32."""
    low, high = images.amin((1, 2, 3), keepdim=True), images.amax((1, 2, 3), keepdim=True)
    shifted = images.float() + amount.view(-1, 1, 1, 1)
    return shifted.clamp_(low.float(), high.float())
