"""Mirroring: what it does to pixels, how often, and that alternating flips take turns."""

from itertools import pairwise

import pytest
import torch

from hundred.data.augment.flip import (
    HORIZONTAL,
    VERTICAL,
    AlternatingFlip,
    RandomFlip,
    choose,
    flip_where,
    hash32,
)
from hundred.data.augment.rng import AugmentRng
from hundred.errors import UsageError

from .batches import random_images, rng_for


def flipped(before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
    """Which images were mirrored, after checking that every image is either mirrored or as it was."""
    as_was = (before == after).flatten(1).all(1)
    mirrored = (before.flip(3) == after).flatten(1).all(1)
    assert (as_was ^ mirrored).all()
    return mirrored


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("axis", [HORIZONTAL, VERTICAL])
def test_masked_flip_is_an_involution_of_the_masked_images(dtype: torch.dtype, axis: int) -> None:
    images = random_images(9, 6, 11).to(dtype)
    mask = torch.tensor([True, False, True] * 3)
    once = flip_where(images, mask, axis)
    assert once.dtype == dtype
    assert once.is_contiguous()
    assert torch.equal(once[mask], images[mask].flip(axis))
    assert torch.equal(once[~mask], images[~mask])
    assert torch.equal(flip_where(once, mask, axis), images)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_flips_keep_a_channels_last_layout(dtype: torch.dtype) -> None:
    images = random_images(6).to(dtype)
    mask = torch.tensor([True, False] * 3)
    given = images.contiguous(memory_format=torch.channels_last)
    once = flip_where(given, mask)
    assert once.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(once, flip_where(images, mask))


def test_choosing_bytes_leaves_both_sources_alone() -> None:
    ones, others = random_images(4), random_images(4).flip(0)
    before = ones.clone(), others.clone()
    mask = torch.tensor([True, False, False, True])
    assert torch.equal(choose(mask, ones, others), torch.where(mask.view(-1, 1, 1, 1), ones, others))
    assert torch.equal(ones, before[0])
    assert torch.equal(others, before[1])


def test_random_flip_mirrors_the_asked_share() -> None:
    images = random_images(4000, 2, 4)
    images[:, 0, 0] = torch.arange(4)  # so that no image is its own mirror image
    for probability in (0.0, 0.3, 0.5, 1.0):
        after = RandomFlip(probability)(images, rng_for(4000))
        assert flipped(images, after).float().mean().item() == pytest.approx(probability, abs=0.03)


def test_alternating_flip_shows_both_sides_in_any_two_epochs() -> None:
    images = random_images(1000)
    flip = AlternatingFlip(seed=3)
    sides = [flipped(images, flip(images, rng_for(1000, epoch=epoch))) for epoch in range(5)]
    for now, then in pairwise(sides):
        assert (now ^ then).all()
    assert sides[0].float().mean().item() == pytest.approx(0.5, abs=0.06)


def test_alternating_flip_goes_by_index_whatever_the_order_and_generator() -> None:
    images, order = random_images(100), torch.randperm(100, generator=torch.Generator().manual_seed(1))
    flip = AlternatingFlip()
    straight = flip(images, rng_for(100))
    shuffled = flip(images[order], AugmentRng(None, 1, order))
    assert torch.equal(shuffled, straight[order])


def test_another_seed_starts_other_images_on_the_other_side() -> None:
    images, rng = random_images(1000), rng_for(1000)
    one, other = (flipped(images, AlternatingFlip(seed)(images, rng)) for seed in (0, 1))
    assert (one ^ other).float().mean().item() == pytest.approx(0.5, abs=0.06)


def test_hash_is_murmurs_finalizer_and_spreads_every_bit() -> None:
    hashed = hash32(torch.arange(50_000), seed=7)
    assert hashed.min() >= 0
    assert hashed.max() < 2**32
    assert len(hashed.unique()) == 50_000  # a bijection of 32-bit numbers
    bits = (hashed[:, None] >> torch.arange(32)) & 1
    assert (bits.double().mean(0) - 0.5).abs().max() < 0.015
    neighbours = (bits[1:] ^ bits[:-1]).double().mean(0)
    assert (neighbours - 0.5).abs().max() < 0.015


def test_wrong_probability_is_named() -> None:
    with pytest.raises(UsageError, match=r"probability is 1\.5"):
        RandomFlip(1.5)
