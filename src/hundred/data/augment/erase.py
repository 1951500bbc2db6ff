"""Hide a piece of each image, so that no single part can carry the decision.

Cutout: DeVries & Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout" (2017, arXiv
1708.04552).
Random erasing: Zhong et al., "Random Erasing Data Augmentation" (arXiv 1708.04896, AAAI 2020).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hundred.data.augment.boxes import Boxes
from hundred.data.augment.rng import AugmentRng
from hundred.errors import UsageError

# The mean colour of CIFAR-100's training images, which normalization maps to zero, as both papers fill it.
MEAN_COLOUR = (129.3, 124.1, 112.4)
# Random shapes to try for each image; with the paper's settings one in twenty does not fit.
_TRIES = 10

Value = float | tuple[float, float, float]


@dataclass(frozen=True)
class Cutout:
    """A square of `size` pixels filled with `value`, centred anywhere on each image, which may stick out.

    value: one level 0..255, or one for each channel; rounded on uint8 images. Keeps the dtype.
    Raises UsageError for a size below 0 or a value outside 0..255.
    """

    size: int
    value: Value = MEAN_COLOUR

    def __post_init__(self) -> None:
        if self.size != int(self.size) or self.size < 0:
            raise UsageError(f"cutout size is {self.size}: give a whole number of pixels, 0 or more")
        _check_value("cutout", self.value)

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """Images uint8 or float32 [n, 3, h, w] in, the same out."""
        if self.size == 0:
            return images
        h, w = images.shape[-2:]
        top = rng.integers(h, len(images), device=images.device) - self.size // 2
        left = rng.integers(w, len(images), device=images.device) - self.size // 2
        hidden = Boxes(top, left, top + self.size, left + self.size).mask(h, w)
        return _fill(images, hidden, self.value)


@dataclass(frozen=True)
class RandomErasing:
    """With `prob`, a rectangle of random place and shape, wholly inside the image; keeps the dtype.

    area: (least, most) share of the image that it covers, drawn uniformly; ratio: (least, most) height over
    width, drawn uniformly, as in the paper. A shape that does not fit is drawn again; should ten in a
    row not fit, the image stays as it is.
    value: a level 0..255, one for each channel, or "random" for noise, pixel by pixel.
    Raises UsageError for a wrong setting.
    """

    prob: float = 0.5
    area: tuple[float, float] = (0.02, 0.4)
    ratio: tuple[float, float] = (0.3, 1 / 0.3)
    value: Value | str = MEAN_COLOUR

    def __post_init__(self) -> None:
        if not 0 <= self.prob <= 1:
            raise UsageError(f"erasing probability is {self.prob}: give a number from 0 to 1")
        if len(self.area) != 2 or not 0 <= self.area[0] <= self.area[1] <= 1:
            raise UsageError(f"erasing area is {self.area}: give (least, most), each a share from 0 to 1")
        if len(self.ratio) != 2 or not 0 < self.ratio[0] <= self.ratio[1] < math.inf:
            raise UsageError(f"erasing ratio is {self.ratio}: give (least, most) height over width, above 0")
        if self.value != "random":
            _check_value("erasing", self.value)

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """Images uint8 or float32 [n, 3, h, w] in, the same out."""
        if self.prob == 0:
            return images
        h, w = images.shape[-2:]
        hidden = self.sample_boxes(len(images), h, w, rng, images.device).mask(h, w)
        if isinstance(self.value, str):
            noise = rng.integers(256, *images.shape, device=images.device).to(images.dtype)
            return torch.where(hidden, noise, images)
        return _fill(images, hidden, self.value)

    def sample_boxes(self, n: int, h: int, w: int, rng: AugmentRng, device: torch.device) -> Boxes:
        """What to erase in each of `n` images; empty where nothing is."""
        chance = rng.uniform(2 * _TRIES + 3, n, device=device)
        area = _between(chance[:_TRIES], self.area) * (h * w)
        ratio = _between(chance[_TRIES : 2 * _TRIES], self.ratio)
        heights, widths = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()  # [tries, n]
        tries = torch.arange(_TRIES, device=device)[:, None]
        first = torch.where((heights < h) & (widths < w), tries, _TRIES).amin(0, keepdim=True)  # [1, n]
        chosen = first.clamp_max(_TRIES - 1)
        height, width = heights.gather(0, chosen)[0], widths.gather(0, chosen)[0]
        happens = (chance[-3] < self.prob) & (first[0] < _TRIES)
        top = (chance[-2] * (h - height + 1)).floor()
        left = (chance[-1] * (w - width + 1)).floor()
        return Boxes(top, left, top + height * happens, left + width * happens)


def _between(chance: Tensor, limits: tuple[float, float]) -> Tensor:
    return chance * (limits[1] - limits[0]) + limits[0]


def _fill(images: Tensor, hidden: Tensor, value: Value) -> Tensor:
    """`images` with `value` where `hidden` (bool [n, 1, h, w]) is true, as a new tensor."""
    filled = images.clone()
    values = (value,) * images.shape[1] if isinstance(value, int | float) else value
    for channel, level in enumerate(values):
        filled[:, channel].masked_fill_(hidden[:, 0], level if images.is_floating_point() else round(level))
    return filled


def _check_value(what: str, value: Value | str) -> None:
    levels = (value,) if isinstance(value, int | float | str) else value
    if len(levels) not in (1, 3) or not all(isinstance(x, int | float) and 0 <= x <= 255 for x in levels):
        raise UsageError(f"{what} value is {value!r}: give a level from 0 to 255, or three, one per channel")
