"""Automatic augmentation: one or a few operations of a list, picked at random for each image.

TrivialAugment: Müller & Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation" (ICCV
2021, arXiv 2103.10158). RandAugment: Cubuk et al., "RandAugment: Practical automated data augmentation with a
reduced search space" (NeurIPS 2020, arXiv 1909.13719).

Both choose from the same fourteen operations, of Pillow's arithmetic. To give each image an operation of its
own without running all fourteen on all images, and without asking the device how many drew which, every
operation gets the same number of slots, an image's slot is drawn without replacement, and each operation runs
on its slots alone. So each image draws each operation with the same chance, while a batch as a whole is a
little more even than independent draws.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hundred.data.augment import color_ops
from hundred.data.augment.rng import AugmentRng
from hundred.errors import UsageError

# Pillow's ways to move an image come first, so that they share one resampling; then those that change tones.
MOVES = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
OPERATIONS = (
    *MOVES,
    "identity",
    "brightness",
    "color",
    "contrast",
    "sharpness",
    "posterize",
    "solarize",
    "autocontrast",
    "equalize",
)


@dataclass(frozen=True)
class Strengths:
    """What each operation does at the highest magnitude; in proportion below it.

    shear: pixels per pixel. translate: pixels, or a fraction of the size where `translate_is_share`.
    rotate: degrees. enhance: how far from 1 the factor of brightness, color, contrast and sharpness goes.
    posterize: bits dropped. solarize: how far the threshold goes down from 256.
    """

    shear: float
    translate: float
    translate_is_share: bool
    rotate: float
    enhance: float
    posterize: int
    solarize: float = 256.0


# The "wide" space of the TrivialAugment paper.
WIDE = Strengths(shear=0.99, translate=32, translate_is_share=False, rotate=135, enhance=0.99, posterize=6)
# Those of AutoAugment (arXiv 1805.09501), which RandAugment takes over; 150 pixels are of an image of 331.
AUTO = Strengths(shear=0.3, translate=150 / 331, translate_is_share=True, rotate=30, enhance=0.9, posterize=4)


@dataclass(frozen=True)
class TrivialAugment:
    """One operation per image, its magnitude uniform over `levels` steps from nothing to the "wide" limits.

    Keeps the dtype; float images are rounded to whole levels, as the operations are Pillow's. What an image
    leaves uncovered is black. Raises UsageError for fewer than two levels.
    """

    levels: int = 31

    def __post_init__(self) -> None:
        if self.levels != int(self.levels) or self.levels < 2:
            raise UsageError(f"TrivialAugment levels is {self.levels}: give a whole number, 2 or more")

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """Images uint8 or float32 [n, 3, h, w] in, the same out."""
        magnitude = rng.integers(self.levels, len(images), device=images.device) / (self.levels - 1)
        return one_of_each(_whole(images), magnitude, WIDE, rng).to(images.dtype)


@dataclass(frozen=True)
class RandAugment:
    """`layers` operations per image, one after the other, all of one `magnitude` (0 to 10), signs at random.

    Factors of brightness, color, contrast and sharpness go away from 1, up or down, as the magnitude grows.
    Keeps the dtype; float images are rounded to whole levels, as the operations are Pillow's. What an image
    leaves uncovered is black. Raises UsageError for a wrong setting.
    """

    layers: int = 2
    magnitude: float = 9.0

    def __post_init__(self) -> None:
        if self.layers != int(self.layers) or self.layers < 0:
            raise UsageError(f"RandAugment layers is {self.layers}: give a whole number, 0 or more")
        if not 0 <= self.magnitude <= 10:
            raise UsageError(f"RandAugment magnitude is {self.magnitude}: give a number from 0 to 10")

    def __call__(self, images: Tensor, rng: AugmentRng) -> Tensor:
        """Images uint8 or float32 [n, 3, h, w] in, the same out."""
        if self.layers == 0:
            return images
        magnitude = torch.full((len(images),), self.magnitude / 10, device=images.device)
        changed = _whole(images)
        for _ in range(self.layers):
            changed = one_of_each(changed, magnitude, AUTO, rng)
        return changed.to(images.dtype)


def one_of_each(images: Tensor, magnitude: Tensor, strengths: Strengths, rng: AugmentRng) -> Tensor:
    """An operation drawn for each of `images` (uint8 [n, 3, h, w]), at its `magnitude` (float [n], 0..1)."""
    n = len(images)
    each = -(-n // len(OPERATIONS))  # slots per operation
    slots = rng.permutation(each * len(OPERATIONS), images.device)  # image i sits in slot slots[i]
    # What sits in each slot; the few empty slots work on the last image, and their results are unused.
    seated = torch.argsort(slots).clamp_max(n - 1)
    sign = torch.where(rng.uniform(n, device=images.device) < 0.5, -1.0, 1.0)
    changed = apply_in_turn(images[seated], magnitude[seated], sign[seated], strengths)
    return changed[slots[:n]]


def apply_in_turn(images: Tensor, magnitude: Tensor, sign: Tensor, strengths: Strengths) -> Tensor:
    """The first operation on the first m of `images` (uint8 [14 * m, 3, h, w]), the second on the next m, ...

    magnitude: float, 0..1; sign: -1 or 1, for operations that have two directions; both [14 * m].
    """
    each = len(images) // len(OPERATIONS)
    moved = each * len(MOVES)
    done = [sample_nearest(images[:moved], *_moves(magnitude[:moved], sign[:moved], strengths, images.shape))]
    for k, name in enumerate(OPERATIONS[len(MOVES) :], start=len(MOVES)):
        part = slice(k * each, (k + 1) * each)
        done.append(_tone(name, images[part], magnitude[part], sign[part], strengths))
    return torch.cat(done)


def _tone(name: str, images: Tensor, magnitude: Tensor, sign: Tensor, strengths: Strengths) -> Tensor:
    factor = 1 + strengths.enhance * magnitude * sign
    bits = 8 - torch.round(strengths.posterize * magnitude)
    operations: dict[str, Callable[[], Tensor]] = {
        "identity": lambda: images,
        "brightness": lambda: color_ops.brightness(images, factor),
        "color": lambda: color_ops.color(images, factor),
        "contrast": lambda: color_ops.contrast(images, factor),
        "sharpness": lambda: color_ops.sharpness(images, factor),
        "posterize": lambda: color_ops.posterize(images, bits),
        "solarize": lambda: color_ops.solarize(images, 256 - strengths.solarize * magnitude),
        "autocontrast": lambda: color_ops.autocontrast(images),
        "equalize": lambda: color_ops.equalize(images),
    }
    return operations[name]()


def _moves(magnitude: Tensor, sign: Tensor, strengths: Strengths, shape: torch.Size) -> tuple[Tensor, Tensor]:
    """Matrices [m, 2, 2] and offsets [m, 2] of the five moves, equally many of each, for `sample_nearest`."""
    h, w = shape[-2:]
    shear_x, shear_y, right, down, turn = (magnitude * sign).chunk(len(MOVES))
    each = len(turn)
    matrix = torch.eye(2, device=magnitude.device).repeat(len(magnitude), 1, 1).view(len(MOVES), each, 2, 2)
    offset = torch.zeros((len(MOVES), each, 2), device=magnitude.device)
    matrix[0, :, 0, 1] = shear_x * strengths.shear
    matrix[1, :, 1, 0] = shear_y * strengths.shear
    offset[2, :, 0] = right * strengths.translate * (w if strengths.translate_is_share else 1)
    offset[3, :, 1] = down * strengths.translate * (h if strengths.translate_is_share else 1)
    angle = torch.deg2rad(turn * strengths.rotate)
    cos, sin = angle.cos(), angle.sin()
    matrix[4] = torch.stack((cos, -sin, sin, cos), 1).view(each, 2, 2)
    # Pillow turns around the middle, and shears along the upper and the left edge.
    offset[4, :, 0] = w / 2 - cos * w / 2 + sin * h / 2
    offset[4, :, 1] = h / 2 - sin * w / 2 - cos * h / 2
    return matrix.view(-1, 2, 2), offset.view(-1, 2)


def sample_nearest(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """`Image.transform(size, AFFINE)` with Pillow's default, the nearest pixel, and black outside.

    The output pixel with its centre at (x, y) shows what is at matrix @ (x, y) + offset.
    images: uint8 [m, 3, h, w]; matrix: float [m, 2, 2]; offset: float [m, 2].
    """
    m, channels, h, w = images.shape
    x = torch.arange(w, device=images.device) + 0.5
    y = torch.arange(h, device=images.device) + 0.5
    from_x = matrix[:, :, 0, None, None] * x  # [m, 2, 1, w]
    from_y = matrix[:, :, 1, None, None] * y[:, None]  # [m, 2, h, 1]
    column, row = (from_x + from_y + offset[:, :, None, None]).floor().unbind(1)  # [m, h, w] each
    inside = (column >= 0) & (column < w) & (row >= 0) & (row < h)
    source = (row * w + column).where(inside, 0).long().view(m, 1, h * w)
    seen = images.reshape(m, channels, h * w).gather(2, source.expand(-1, channels, -1))
    return seen.view(images.shape) * inside.unsqueeze(1)


def _whole(images: Tensor) -> Tensor:
    """Images as uint8, rounded."""
    return images if images.dtype == torch.uint8 else images.round().clamp(0, 255).to(torch.uint8)
