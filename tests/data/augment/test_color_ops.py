"""Image operations, held against Pillow's."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from hundred.data.augment import color_ops

from .batches import random_images, smooth_images

N = 12


def images() -> torch.Tensor:
    """Noise, smooth pictures, flat colours, black and white, and a picture of two colours."""
    special = torch.zeros(4, 3, 32, 32, dtype=torch.uint8)
    special[1] = 255
    special[2] = torch.tensor([3, 200, 90]).view(3, 1, 1)
    special[3, :, :16] = 7
    return torch.cat([random_images(N - 8), smooth_images(4), special])


def through_pillow(batch: torch.Tensor, operation: Callable[[Image.Image, int], Image.Image]) -> torch.Tensor:
    rows = [
        np.asarray(operation(Image.fromarray(image.permute(1, 2, 0).contiguous().numpy()), i))
        for i, image in enumerate(batch)
    ]
    return torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)


def test_invert() -> None:
    assert torch.equal(
        color_ops.invert(images()), through_pillow(images(), lambda image, i: ImageOps.invert(image))
    )


def test_posterize() -> None:
    bits = torch.tensor([1, 2, 3, 4, 5, 6, 7, 8, 1, 4, 6, 8])
    expected = through_pillow(images(), lambda image, i: ImageOps.posterize(image, int(bits[i])))
    assert torch.equal(color_ops.posterize(images(), bits), expected)
    assert torch.equal(color_ops.posterize(images(), bits.float()), expected)
    assert (color_ops.posterize(images(), torch.zeros(N)) == 0).all()


def test_solarize() -> None:
    thresholds = torch.tensor([0, 1, 7.5, 60, 128, 128.1, 200, 255, 256, 90, 3, 4])
    expected = through_pillow(images(), lambda image, i: ImageOps.solarize(image, float(thresholds[i])))
    assert torch.equal(color_ops.solarize(images(), thresholds), expected)


@pytest.mark.parametrize("name", ["autocontrast", "equalize"])
@pytest.mark.parametrize("size", [(32, 32), (64, 48), (5, 7)])
def test_operations_on_histograms(name: str, size: tuple[int, int]) -> None:
    batch = torch.cat([smooth_images(40, *size), random_images(4, *size)])
    for each in (batch, images()):
        expected = through_pillow(each, lambda image, i: getattr(ImageOps, name)(image))
        assert torch.equal(getattr(color_ops, name)(each), expected)


def test_grey() -> None:
    expected = through_pillow(images(), lambda image, i: image.convert("L").convert("RGB"))
    assert torch.equal(color_ops.grey(images()).expand(-1, 3, -1, -1), expected)


def test_smooth() -> None:
    expected = through_pillow(images(), lambda image, i: image.filter(ImageFilter.SMOOTH))
    assert torch.equal(color_ops.smooth(images()), expected)


@pytest.mark.parametrize("name", ["brightness", "color", "contrast", "sharpness"])
def test_enhancements(name: str) -> None:
    enhance = getattr(ImageEnhance, name.capitalize())
    for factors in torch.linspace(0, 2.3, 4 * N).view(N, 4).t().tolist():
        expected = through_pillow(images(), lambda image, i, f=factors: enhance(image).enhance(f[i]))
        difference = (getattr(color_ops, name)(images(), torch.tensor(factors)).int() - expected.int()).abs()
        # One level apart where a product that is a whole number is rounded down by one and up by the other.
        assert difference.max() <= 1
        assert (difference > 0).float().mean() < 1e-3
    assert torch.equal(getattr(color_ops, name)(images(), torch.ones(N)), images())


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (3, 3)])
def test_any_size(size: tuple[int, int]) -> None:
    batch = smooth_images(3, *size)
    for name in ("autocontrast", "equalize", "invert", "smooth"):
        assert getattr(color_ops, name)(batch).shape == batch.shape
    assert torch.equal(
        color_ops.smooth(batch), through_pillow(batch, lambda image, i: image.filter(ImageFilter.SMOOTH))
    )
