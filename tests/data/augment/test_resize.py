"""Shrinking by matrix products, held against torch's antialiased interpolation."""

import pytest
import torch
import torch.nn.functional as F

from hundred.data.augment.resize import resize
from hundred.errors import UsageError

from .batches import random_images


@pytest.mark.parametrize("size", [24, 20, 16, 12, 1, 31, 40, (20, 32), (32, 20), (17, 9)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_equals_interpolate(size: int | tuple[int, int], layout: torch.memory_format) -> None:
    images = random_images(5)
    expected = F.interpolate(images.float(), size=size, mode="bilinear", antialias=True, align_corners=False)
    for given in (images, images.float()):
        shrunk = resize(given.contiguous(memory_format=layout), size)
        assert shrunk.dtype == torch.float32
        assert shrunk.is_contiguous(memory_format=layout)
        assert torch.allclose(shrunk, expected, atol=1e-3)


def test_keeps_flat_colours_and_the_range() -> None:
    assert torch.allclose(resize(torch.full((1, 3, 32, 32), 255.0), 20), torch.tensor(255.0))
    shrunk = resize(random_images(50), 20)
    assert shrunk.min() >= 0
    assert shrunk.max() <= 255


def test_autocast_does_not_blur_it() -> None:
    images = random_images(4)
    expected = resize(images, 20)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(resize(images, 20), expected)


def test_the_size_it_has_is_the_identity() -> None:
    images = random_images(2)
    assert resize(images, 32) is images


def test_no_size_is_named() -> None:
    with pytest.raises(UsageError, match="image size is 0"):
        resize(random_images(1), 0)
