"""Random crops: every window is a true piece of the padded image, and all of them come up."""

import numpy as np
import pytest
import torch

from hundred.data.augment.crop import FILLS, RandomCrop, crop, pad
from hundred.data.augment.memory_layout import from_planes, to_planes
from hundred.errors import UsageError

from .batches import random_images, rng_for

LAYOUTS = (torch.contiguous_format, torch.channels_last)
NUMPY_MODE = {"reflect": "reflect", "constant": "constant", "nearest": "edge"}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("size", [(32, 32), (6, 9)])
def test_padding_equals_numpys(fill: str, dtype: torch.dtype, size: tuple[int, int]) -> None:
    images = random_images(3, *size).to(dtype)
    for padding in (1, 2, 5):
        extra = {"constant_values": 40} if fill == "constant" else {}
        around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
        expected = np.pad(images.numpy(), around, mode=NUMPY_MODE[fill], **extra)
        for layout in LAYOUTS:
            padded = pad(to_planes(images.contiguous(memory_format=layout)), padding, fill, 40)
            assert padded.dtype == dtype
            assert padded.is_contiguous()
            assert np.array_equal(from_planes(padded).numpy(), expected)


@pytest.mark.parametrize("size", [(32, 32), (6, 9), (1, 1)])
def test_crop_cuts_the_window_of_each_image(size: tuple[int, int]) -> None:
    padding, (h, w) = 3, size
    padded = random_images(49, h + 6, w + 6)
    top, left = torch.meshgrid(torch.arange(7), torch.arange(7), indexing="ij")
    for layout in LAYOUTS:
        planes = to_planes(padded.contiguous(memory_format=layout))
        cut = crop(planes, top.flatten(), left.flatten(), padding)
        assert cut.is_contiguous()
        for image, whole, y, x in zip(from_planes(cut), padded, top.flatten(), left.flatten(), strict=True):
            assert torch.equal(image, whole[:, y : y + h, x : x + w])


def test_every_window_comes_up_as_often() -> None:
    # One bright pixel in the middle tells where the window was cut.
    images = torch.zeros(5000, 3, 5, 5, dtype=torch.uint8)
    images[:, :, 2, 2] = 255
    after = RandomCrop(2, fill="constant")(images, rng_for(5000))
    assert (after.sum((2, 3)) == 255).all()  # dtype of the sum is int64; the pixel never leaves
    where = after[:, 0].flatten(1).to(torch.int64).argmax(1)
    counts = torch.bincount(where, minlength=25)
    assert counts.min() > 140
    assert counts.max() < 260


def test_same_seed_gives_the_same_crops_and_images_differ() -> None:
    images = random_images(1).expand(100, -1, -1, -1)
    once, again = (RandomCrop(2)(images, rng_for(100, seed=4)) for _ in range(2))
    assert torch.equal(once, again)
    assert len({image.numpy().tobytes() for image in once}) > 15  # of 25 windows


def test_layouts_and_dtypes() -> None:
    images = random_images(8, 10, 14)
    expected = RandomCrop(2)(images, rng_for(8))
    assert expected.dtype == torch.uint8
    assert expected.is_contiguous()
    last = RandomCrop(2)(images.contiguous(memory_format=torch.channels_last), rng_for(8))
    assert torch.equal(last, expected)
    assert last.is_contiguous(memory_format=torch.channels_last)
    turned = images.transpose(2, 3)  # neither of the two layouts
    assert torch.equal(RandomCrop(2)(turned, rng_for(8)), RandomCrop(2)(turned.contiguous(), rng_for(8)))
    assert torch.equal(RandomCrop(2)(images.float(), rng_for(8)), expected.float())


def test_no_padding_returns_the_images_untouched() -> None:
    images = random_images(4)
    assert RandomCrop(0)(images, rng_for(4)) is images


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageError, match="padding is -1"):
        RandomCrop(-1)
    with pytest.raises(UsageError, match="did you mean 'reflect'"):
        RandomCrop(2, fill="reflekt")
    with pytest.raises(UsageError, match="fill_value is 256"):
        RandomCrop(2, fill_value=256)
    with pytest.raises(UsageError, match="cannot reflect 4 pixels of an image of 4x8"):
        RandomCrop(4)(random_images(1, 4, 8), rng_for(1))
