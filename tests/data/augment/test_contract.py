"""What holds for every augmentation, whatever it does."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hundred.data.augment.automatic import RandAugment, TrivialAugment
from hundred.data.augment.crop import RandomCrop
from hundred.data.augment.erase import Cutout, RandomErasing
from hundred.data.augment.flip import AlternatingFlip, RandomFlip
from hundred.data.augment.geometry import Geometry
from hundred.data.augment.mix import CutMix, Mixup
from hundred.data.augment.photometric import Brightness, ChannelShift
from hundred.data.augment.resize import resize
from hundred.data.augment.rng import AugmentRng, Mix, Transform

from .batches import rng_for, smooth_images

TRANSFORMS = [
    Geometry(rotation=30, width_shift=0.2, height_shift=3, shear=10, zoom=0.3, horizontal_flip=True),
    Geometry(rotation=30, fill="constant"),
    Geometry(rotation=30, fill="reflect"),
    Geometry(width_shift=0.9, fill="wrap"),
    Geometry(horizontal_flip=True, vertical_flip=True),
    RandomCrop(2, fill="nearest"),
    RandomFlip(),
    AlternatingFlip(),
    Brightness((0.5, 2)),
    ChannelShift(50),
    Cutout(3),
    RandomErasing(0.7),
    RandomErasing(1.0, value="random"),
    TrivialAugment(),
    RandAugment(2, 7),
]
MIXES = [Mixup(0.4), CutMix(1.0)]
every_transform = pytest.mark.parametrize("transform", TRANSFORMS, ids=repr)
every_mix = pytest.mark.parametrize("mix", MIXES, ids=repr)


@every_transform
@settings(max_examples=12, deadline=None, derandomize=True)
@given(n=st.integers(0, 20), h=st.integers(1, 40), w=st.integers(1, 40), seed=st.integers(0, 99))
def test_any_batch_keeps_its_shape_and_range(transform: Transform, n: int, h: int, w: int, seed: int) -> None:
    images = smooth_images(n, h, w, seed)
    before = images.clone()
    for given_images in (images, images.float()):
        changed = transform(given_images, rng_for(n, seed))
        assert changed.shape == images.shape
        assert changed.dtype in (given_images.dtype, torch.float32)
        assert ((changed >= 0) & (changed <= 255)).all()
        assert torch.equal(changed, transform(given_images, rng_for(n, seed)))
    assert torch.equal(images, before)


@every_transform
def test_an_image_depends_on_no_other(transform: Transform) -> None:
    images = smooth_images(40)
    others = images.flip(0).clone()
    others[7] = images[7]
    assert torch.equal(transform(images, rng_for(40))[7], transform(others, rng_for(40))[7])


@every_transform
def test_equal_images_get_draws_of_their_own(transform: Transform) -> None:
    changed = transform(smooth_images(1).expand(64, -1, -1, -1), rng_for(64))
    assert len({image.numpy().tobytes() for image in changed}) > 1


def on_no_device(call: Callable[[AugmentRng, torch.Tensor], object]) -> None:
    """Run where tensors have no values, so that asking for one fails, as does a tensor on another device."""
    nowhere = torch.device("meta")
    call(AugmentRng(None, 1, torch.arange(24, device=nowhere)), torch.empty((24, 3, 32, 32), device=nowhere))


@every_transform
def test_transforms_never_wait_for_the_device(transform: Transform) -> None:
    on_no_device(lambda rng, images: transform(images.to(torch.uint8), rng))
    on_no_device(lambda rng, images: transform(images, rng))


@every_mix
def test_mixes_never_wait_for_the_device(mix: Mix) -> None:
    on_no_device(lambda rng, images: mix(images, torch.empty((24, 100), device="meta"), rng))


def test_resizing_never_waits_for_the_device() -> None:
    on_no_device(lambda rng, images: resize(images, 20))
    with pytest.raises(RuntimeError):  # and this is what waiting would do
        on_no_device(lambda rng, images: images.sum().item())
