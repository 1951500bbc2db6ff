"""Brightness and channel shift, held against Keras."""

import numpy as np
import pytest
import torch

from hundred.data.augment import color_ops
from hundred.data.augment.photometric import Brightness, ChannelShift, shift_channels
from hundred.data.augment.rng import AugmentRng
from hundred.errors import UsageError

from .batches import random_images, rng_for, smooth_images


def through_keras(images: torch.Tensor, **drawn: list[float]) -> torch.Tensor:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(data_format="channels_last")
    changed = []
    for i, image in enumerate(images.numpy()):
        parameters = {name: values[i] for name, values in drawn.items()}
        changed.append(generator.apply_transform(image.transpose(1, 2, 0).astype("float32"), parameters))
    return torch.from_numpy(np.stack(changed).transpose(0, 3, 1, 2))


FACTORS = [0.0, 0.2, 0.5, 0.97, 1.0, 1.03, 1.5, 2.7]


def test_brightness_equals_keras() -> None:
    images = random_images(8)
    assert torch.equal(
        color_ops.brightness(images, torch.tensor(FACTORS)).float(), through_keras(images, brightness=FACTORS)
    )


def test_brightness_of_floats_equals_keras() -> None:
    images = random_images(8).float() * 0.9993
    for i, factor in enumerate(FACTORS):
        ours = Brightness((factor, factor))(images[i : i + 1], rng_for(1))
        if factor != 1:  # where Hundred leaves the image alone, and Keras cuts its fractions off
            assert torch.equal(ours, through_keras(images[i : i + 1], brightness=[factor]))


def test_channel_shift_equals_keras() -> None:
    images, amounts = smooth_images(6), [0.0, 3.25, -3.25, 40.5, -90.0, 255.0]
    ours = shift_channels(images, torch.tensor(amounts))
    assert torch.equal(ours, through_keras(images, channel_shift_intensity=amounts))


def test_draws_are_uniform_over_the_range() -> None:
    from scipy import stats

    grey = torch.full((3000, 3, 1, 2), 100.0)
    grey[..., 1] = 0  # the darkest and the lightest that a shift may reach
    grey[:, 0] = 200
    bright = Brightness((0.5, 2.5))(torch.full((3000, 3, 1, 1), 100, dtype=torch.uint8), rng_for(3000))
    assert bright.dtype == torch.uint8
    assert stats.kstest(bright[:, 0, 0, 0].double().numpy() + 0.5, stats.uniform(50, 200).cdf).pvalue > 1e-3
    shifted = ChannelShift(60)(grey, rng_for(3000, seed=1))[:, 1, 0, 0] - 100
    assert stats.kstest(shifted.double().numpy(), stats.uniform(-60, 120).cdf).pvalue > 1e-3


@pytest.mark.parametrize("transform", [Brightness((0.1, 3)), ChannelShift(200)])
def test_range_layout_and_seed(transform: Brightness | ChannelShift) -> None:
    images = random_images(16, 7, 9)
    changed = transform(images, rng_for(16))
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert torch.equal(changed, transform(images, rng_for(16)))
    last = transform(images.contiguous(memory_format=torch.channels_last), rng_for(16))
    assert torch.equal(last, changed)
    assert transform(images, AugmentRng(None, 1, torch.arange(16))).shape == images.shape


def test_neutral_settings_return_the_images_untouched() -> None:
    images = random_images(2)
    assert Brightness((1, 1))(images, rng_for(2)) is images
    assert ChannelShift(0)(images, rng_for(2)) is images


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageError, match=r"brightness range is \(1.5, 0.5\)"):
        Brightness((1.5, 0.5))
    with pytest.raises(UsageError, match="channel shift range is -3"):
        ChannelShift(-3)
