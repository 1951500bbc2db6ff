"""Mixup and CutMix: what is mixed with what, how much, and that targets follow."""

import numpy as np
import pytest
import torch

from hundred.data.augment.mix import CutMix, Mixup, sample_lam
from hundred.errors import UsageError

from .batches import random_images, rng_for

CPU = torch.device("cpu")


def numbered(n: int, h: int = 8, w: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """Images filled with their own number, each of a class of its own."""
    return torch.arange(float(n)).view(n, 1, 1, 1).expand(n, 3, h, w).contiguous(), torch.eye(n)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.5, 1.0, 4.0])
def test_lambda_has_the_beta_distribution(alpha: float) -> None:
    from scipy import stats

    drawn = sample_lam(alpha, 1.0, 20_000, rng_for(1), CPU).double().numpy()
    assert np.isfinite(drawn).all()
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    # Beta(0.1, 0.1) puts a good part of its mass closer to 1 than float32 can tell from 1.
    limits = (1e-7, 1 - 1e-7)
    expected = stats.beta(alpha, alpha).rvs(20_000, random_state=1)
    assert stats.ks_2samp(np.clip(drawn, *limits), np.clip(expected, *limits)).pvalue > 1e-3


def test_mixup_blends_images_as_their_targets_say() -> None:
    images, targets = numbered(64)
    mixed, mixed_targets = Mixup(1.0)(images, targets, rng_for(64))
    assert torch.allclose(mixed_targets.sum(1), torch.ones(64))
    expected = mixed_targets @ torch.arange(64.0)
    assert torch.allclose(mixed, expected.view(-1, 1, 1, 1).expand_as(mixed), atol=1e-4)
    shares = mixed_targets.diagonal()
    assert len(shares.unique()) > 60  # a lambda for each image


def test_cutmix_targets_are_the_exact_area() -> None:
    images, targets = numbered(256, 9, 14)
    mixed, mixed_targets = CutMix(1.0)(images, targets, rng_for(256))
    assert torch.allclose(mixed_targets.sum(1), torch.ones(256))
    for i in range(256):
        assert set(mixed[i].unique().int().tolist()) <= set(mixed_targets[i].nonzero().flatten().tolist())
        own = (mixed[i, 0] == i).float().mean()
        assert mixed_targets[i, i].item() == pytest.approx(own.item(), abs=1e-6)
        strange = mixed[i, 0] != i
        rows, columns = strange.any(1), strange.any(0)
        assert torch.equal(strange, rows[:, None] & columns[None, :])
        assert torch.equal(mixed[i, 0], mixed[i, 2])


def test_cutmix_rectangles_have_the_proportions_and_the_area_of_lambda() -> None:
    h, w = 400, 800
    boxes = CutMix(1.0).sample_boxes(3000, h, w, rng_for(3000), CPU)
    height, width = boxes.bottom - boxes.top, boxes.right - boxes.left
    assert torch.allclose(width, 2 * height, atol=3)
    share = height * width / (h * w)
    assert share.mean().item() == pytest.approx(0.5, abs=0.02)  # of Beta(1, 1)
    assert boxes.share(h, w).mean() < share.mean()  # what sticks out does not count


@pytest.mark.parametrize("mix", [Mixup, CutMix])
def test_probability_leaves_the_other_images_alone(mix: type) -> None:
    images, _targets = numbered(4000, 4, 4)
    images = images + 1
    mixed, _mixed_targets = mix(1.0, prob=0.3)(images, torch.zeros(4000, 2), rng_for(4000))
    untouched = (mixed == images).flatten(1).all(1).float().mean().item()
    # CutMix also changes nothing where its rectangle is too small for a pixel.
    assert untouched == pytest.approx(0.7, abs=0.04 if mix is Mixup else 0.08)


@pytest.mark.parametrize("mix", [Mixup(0.4), CutMix(1.0)])
def test_layout_dtype_range_and_seed(mix: Mixup | CutMix) -> None:
    images, targets = random_images(16, 6, 10).float(), torch.eye(10)[torch.arange(16) % 10]
    before = images.clone()
    mixed, mixed_targets = mix(images, targets, rng_for(16))
    assert mixed.min() >= 0
    assert mixed.max() <= 255
    assert torch.equal(images, before)
    again = mix(images.contiguous(memory_format=torch.channels_last), targets, rng_for(16))
    assert torch.equal(again[0], mixed)
    assert again[0].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(again[1], mixed_targets)
    half, half_targets = mix(images.half(), targets, rng_for(16))
    assert half.dtype == torch.float16
    assert half_targets.dtype == torch.float32
    assert torch.allclose(half.float(), mixed, atol=0.2)


@pytest.mark.parametrize("mix", [Mixup(0), CutMix(0), Mixup(prob=0), CutMix(prob=0)])
def test_zero_settings_change_nothing(mix: Mixup | CutMix) -> None:
    images, targets = numbered(3)
    mixed, mixed_targets = mix(images, targets, rng_for(3))
    assert mixed is images
    assert mixed_targets is targets


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UsageError, match="mixup alpha is -1"):
        Mixup(-1)
    with pytest.raises(UsageError, match="cutmix probability is 3"):
        CutMix(prob=3)
