"""Random crops: every window is a true piece of the padded image, and all of them come up."""

import numpy as np
import pytest
import torch

from hundred.data.augment import Draw, RandomCrop
from hundred.data.augment.crop import FILLS, crop, pad
from hundred.errors import UsageError

NUMPY_MODE = {"reflect": "reflect", "constant": "constant", "nearest": "edge"}


def random_images(n: int, h: int = 32, w: int = 32) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, h, w), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def draw_for(n: int, seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), 1, torch.arange(n))


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("size", [(32, 32), (6, 9)])
def test_padding_equals_numpys(fill: str, dtype: torch.dtype, size: tuple[int, int]) -> None:
    images = random_images(3, *size).to(dtype)
    for padding in (1, 2, 5):
        extra = {"constant_values": 40} if fill == "constant" else {}
        around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
        expected = np.pad(images.numpy(), around, mode=NUMPY_MODE[fill], **extra)
        padded = pad(images, padding, fill, 40)
        assert padded.dtype == dtype
        assert np.array_equal(padded.numpy(), expected)


@pytest.mark.parametrize("size", [(32, 32), (6, 9), (1, 1)])
def test_crop_cuts_the_window_of_each_image(size: tuple[int, int]) -> None:
    padding, (h, w) = 3, size
    padded = random_images(49, h + 6, w + 6)
    top, left = torch.meshgrid(torch.arange(7), torch.arange(7), indexing="ij")
    cut = crop(padded, top.flatten(), left.flatten(), padding)
    assert cut.is_contiguous()
    for image, whole, y, x in zip(cut, padded, top.flatten(), left.flatten(), strict=True):
        assert torch.equal(image, whole[:, y : y + h, x : x + w])


def test_every_window_comes_up_as_often() -> None:
    # One bright pixel in the middle tells where the window was cut.
    images = torch.zeros(5000, 3, 5, 5, dtype=torch.uint8)
    images[:, :, 2, 2] = 255
    after = RandomCrop(2, fill="constant")(images, draw_for(5000))
    assert (after.sum((2, 3)) == 255).all()  # dtype of the sum is int64; the pixel never leaves
    where = after[:, 0].flatten(1).to(torch.int64).argmax(1)
    counts = torch.bincount(where, minlength=25)
    assert counts.min() > 140
    assert counts.max() < 260


def test_same_seed_gives_the_same_crops_and_images_differ() -> None:
    images = random_images(1).expand(100, -1, -1, -1)
    once, again = (RandomCrop(2)(images, draw_for(100, seed=4)) for _ in range(2))
    assert torch.equal(once, again)
    assert len({image.numpy().tobytes() for image in once}) > 15  # of 25 windows


def test_layouts_and_dtypes() -> None:
    images = random_images(8, 10, 14)
    expected = RandomCrop(2)(images, draw_for(8))
    assert expected.dtype == torch.uint8
    last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(RandomCrop(2)(last, draw_for(8)), expected)
    assert torch.equal(RandomCrop(2)(images.float(), draw_for(8)), expected.float())


def test_no_padding_returns_the_images_untouched() -> None:
    images = random_images(4)
    assert RandomCrop(0)(images, draw_for(4)) is images


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageError, match="padding is -1"):
        RandomCrop(-1)
    with pytest.raises(UsageError, match="did you mean 'reflect'"):
        RandomCrop(2, fill="reflekt")
    with pytest.raises(UsageError, match="fill_value is 256"):
        RandomCrop(2, fill_value=256)
    with pytest.raises(UsageError, match="cannot reflect 4 pixels of an image of 4x8"):
        RandomCrop(4)(random_images(1, 4, 8), draw_for(1))
