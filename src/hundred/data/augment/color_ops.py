"""Pillow's `ImageOps` and `ImageEnhance` on batches: uint8 [n, 3, h, w] in and out, a parameter per image.

Same arithmetic as Pillow, which works in whole levels and cuts fractions off. These are what automatic
augmentation is made of.
"""

import torch
from torch import Tensor

LEVELS = 256


def invert(images: Tensor) -> Tensor:
    """255 minus each value (`ImageOps.invert`)."""
    return 255 - images


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest `bits` (whole numbers [n], 0..8) of each value (`ImageOps.posterize`)."""
    mask = 256 - torch.pow(2, 8 - bits)
    return images & _per_image(mask.to(torch.uint8))


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert the values at or above `threshold` (float [n]) (`ImageOps.solarize`)."""
    return torch.where(images < _per_image(threshold), images, 255 - images)


def autocontrast(images: Tensor) -> Tensor:
    """Stretch each channel to 0..255; a flat one stays (`ImageOps.autocontrast`)."""
    channels = images.flatten(2)  # [n, 3, h * w]
    # Pillow computes in float64 and cuts off, so float32 would be a level short now and then.
    low, high = channels.amin(2, keepdim=True).double(), channels.amax(2, keepdim=True).double()
    scale = torch.full_like(low, 255) / (high - low).clamp_min(1)  # 255 / x would multiply by 1 / x
    levels = torch.arange(LEVELS, device=images.device, dtype=torch.float64)
    table = (levels * scale + -low * scale).clamp(0, 255).to(torch.uint8)  # [n, 3, 256]
    return _look_up(images, torch.where(high > low, table, levels.to(torch.uint8)))


def equalize(images: Tensor) -> Tensor:
    """Spread the values of each channel evenly over 0..255 (`ImageOps.equalize`)."""
    pixels = images.flatten(2).long()  # [n, 3, h * w]
    counts = torch.zeros((*pixels.shape[:2], LEVELS), dtype=torch.int64, device=images.device)
    counts.scatter_add_(2, pixels, torch.ones_like(pixels))
    lightest = counts.gather(2, pixels.amax(2, keepdim=True))
    step = (pixels.shape[2] - lightest) // 255
    below = counts.cumsum(2) - counts
    table = ((step // 2 + below) // step.clamp_min(1)).clamp_max(255).to(torch.uint8)
    levels = torch.arange(LEVELS, device=images.device, dtype=torch.uint8)
    return _look_up(images, torch.where(step > 0, table, levels))


def grey(images: Tensor) -> Tensor:
    """Luma of ITU-R 601-2 as Pillow rounds it: uint8 [n, 1, h, w] (`convert("L")`)."""
    red, green, blue = images.int().unbind(1)
    return ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).to(torch.uint8).unsqueeze(1)


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """From black at factor 0 through the image at 1 to brighter (`ImageEnhance.Brightness`)."""
    return _blend(torch.zeros_like(images), images, factor)


def color(images: Tensor, factor: Tensor) -> Tensor:
    """From grey at factor 0 through the image at 1 to more colourful (`ImageEnhance.Color`)."""
    return _blend(grey(images), images, factor)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """From the mean grey at factor 0 through the image at 1 to more contrast (`ImageEnhance.Contrast`)."""
    mean = (grey(images).double().mean((1, 2, 3), keepdim=True) + 0.5).floor()
    return _blend(mean, images, factor)


def sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """From smoothed at factor 0 through the image at 1 to sharper (`ImageEnhance.Sharpness`)."""
    return _blend(smooth(images), images, factor)


def smooth(images: Tensor) -> Tensor:
    """Mean of 3x3 pixels, the centre counting five times; the edge stays (`ImageFilter.SMOOTH`)."""
    if min(images.shape[-2:]) < 3:
        return images
    values = images.int()
    rows = values[:, :, :-2] + values[:, :, 1:-1] + values[:, :, 2:]
    around = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    smoothed = images.clone()
    smoothed[:, :, 1:-1, 1:-1] = (2 * (around + 4 * values[:, :, 1:-1, 1:-1]) + 13) // 26
    return smoothed


def _blend(start: Tensor, images: Tensor, factor: Tensor) -> Tensor:
    """`start` at factor 0, `images` at 1, beyond it outside 0..1; fractions cut off, as `Image.blend`."""
    start = start.float()
    blended = start + _per_image(factor.float()) * (images.float() - start)
    return blended.clamp_(0, 255).to(torch.uint8)


def _look_up(images: Tensor, table: Tensor) -> Tensor:
    """Each value of uint8 [n, 3, h, w] replaced through its channel's own table, uint8 [n, 3, 256]."""
    return table.gather(2, images.flatten(2).long()).view(images.shape)


def _per_image(values: Tensor) -> Tensor:
    """[n] as [n, 1, 1, 1]."""
    return values.view(-1, 1, 1, 1)
