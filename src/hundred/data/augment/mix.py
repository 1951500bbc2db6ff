"""Blend pairs of images and their targets.

Mixup: Zhang et al., "mixup: Beyond Empirical Risk Minimization" (ICLR 2018, arXiv 1710.09412).
CutMix: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers" (ICCV 2019,
arXiv 1905.04899).

Each image is paired with another of a random permutation of the batch, and each pair draws its own lambda, as
the papers' formulas have it; their code draws one for the whole batch, which makes a batch of plain images,
or of half-and-half ones, now and then. On a batch tensor the two cost the same.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from hundred.data.augment.boxes import Boxes
from hundred.data.augment.rng import AugmentRng
from hundred.errors import UsageError

_KNOTS = 8192  # of the table that turns uniform numbers into those of a beta distribution


@dataclass(frozen=True)
class Mixup:
    """lambda of an image and 1 - lambda of its partner, lambda from Beta(alpha, alpha); targets the same way.

    prob: of each image being mixed at all. Nothing happens at alpha 0.
    Raises UsageError for a wrong setting.
    """

    alpha: float = 1.0
    prob: float = 1.0

    def __post_init__(self) -> None:
        _check("mixup", self.alpha, self.prob)

    def __call__(self, images: Tensor, targets: Tensor, rng: AugmentRng) -> tuple[Tensor, Tensor]:
        """Images float [n, 3, h, w], targets float [n, classes]; see `Mix`."""
        if self.alpha == 0 or self.prob == 0:
            return images, targets
        lam = sample_lam(self.alpha, self.prob, len(images), rng, images.device)
        partner = rng.permutation(len(images), images.device)
        kept = lam.to(images.dtype).view(-1, 1, 1, 1)
        return torch.lerp(images[partner], images, kept), _mix_targets(targets, partner, lam)


@dataclass(frozen=True)
class CutMix:
    """A rectangle of the partner pasted into each image; targets by the area that each really covers.

    The rectangle has the proportions of the image and 1 - lambda of its area, lambda from Beta(alpha,
    alpha), and is centred anywhere, so that it is cut off at the border as in the paper.
    prob: of each image being mixed at all. Nothing happens at alpha 0.
    Raises UsageError for a wrong setting.
    """

    alpha: float = 1.0
    prob: float = 1.0

    def __post_init__(self) -> None:
        _check("cutmix", self.alpha, self.prob)

    def __call__(self, images: Tensor, targets: Tensor, rng: AugmentRng) -> tuple[Tensor, Tensor]:
        """Images float [n, 3, h, w], targets float [n, classes]; see `Mix`."""
        if self.alpha == 0 or self.prob == 0:
            return images, targets
        h, w = images.shape[-2:]
        boxes = self.sample_boxes(len(images), h, w, rng, images.device)
        partner = rng.permutation(len(images), images.device)
        mixed = torch.where(boxes.mask(h, w), images[partner], images)
        return mixed, _mix_targets(targets, partner, 1 - boxes.share(h, w))

    def sample_boxes(self, n: int, h: int, w: int, rng: AugmentRng, device: torch.device) -> Boxes:
        """What to paste into each of `n` images; empty where nothing is."""
        side = (1 - sample_lam(self.alpha, self.prob, n, rng, device)).sqrt()
        height, width = (side * h).floor(), (side * w).floor()
        top = rng.integers(h, n, device=device) - (height / 2).floor()
        left = rng.integers(w, n, device=device) - (width / 2).floor()
        return Boxes(top, left, top + height, left + width)


def sample_lam(alpha: float, prob: float, n: int, rng: AugmentRng, device: torch.device) -> Tensor:
    """`n` numbers of Beta(alpha, alpha), float32 on `device`; 1 where, by `prob`, nothing is mixed."""
    chance = rng.uniform(2, n, device=device)
    where = chance[0] * _KNOTS
    below = where.floor().clamp_max(_KNOTS - 1)
    knots = _beta_quantiles(alpha, device)
    start = below.long()
    value = torch.lerp(knots[start], knots[start + 1], where - below)
    return torch.where(chance[1] < prob, value, 1.0)


@lru_cache(maxsize=16)
def _beta_quantiles(alpha: float, device: torch.device) -> Tensor:
    """Quantiles of Beta(alpha, alpha) at 0, 1 / _KNOTS, ... 1: float32 [_KNOTS + 1].

    Inverting the distribution takes one uniform number per image from the draw's own generator; torch's
    sampler of beta distributions takes no generator.
    """
    from scipy.special import betaincinv

    points = torch.arange(_KNOTS + 1, dtype=torch.float64) / _KNOTS
    return torch.from_numpy(betaincinv(alpha, alpha, points.numpy())).to(device, torch.float32)


def _mix_targets(targets: Tensor, partner: Tensor, lam: Tensor) -> Tensor:
    return torch.lerp(targets[partner], targets, lam.to(targets.dtype).view(-1, 1))


def _check(what: str, alpha: float, prob: float) -> None:
    if not 0 <= alpha < math.inf:
        raise UsageError(f"{what} alpha is {alpha}: give a number, 0 or more")
    if not 0 <= prob <= 1:
        raise UsageError(f"{what} probability is {prob}: give a number from 0 to 1")
