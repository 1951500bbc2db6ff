"""Batches for training, made on the device from images that stay there: shuffle, augment, resize, scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from hundred.data.augment.pipeline import Pipeline
from hundred.data.augment.resize import resize
from hundred.data.augment.rng import AugmentRng
from hundred.data.dataset import Split
from hundred.data.normalize import Normalize


@dataclass(frozen=True)
class Batches:
    """All epochs of a training split, each a function of (seed, epoch) alone, so any epoch can be made again.

    split: on the device that trains. indices: int64 [n], which of its images to train on, on the same device.
    classes: width of mixed targets.
    drop_last: leave out an incomplete last batch; a lone last image is always left out, since batch norm
    cannot train on one.
    """

    split: Split
    indices: Tensor
    batch_size: int
    pipeline: Pipeline
    scaling: Normalize
    seed: int
    classes: int
    dtype: torch.dtype = torch.float32
    drop_last: bool = False

    def __len__(self) -> int:
        """Steps in an epoch."""
        whole, rest = divmod(len(self.indices), self.batch_size)
        keep_rest = rest > 1 and not (self.drop_last and whole > 0)
        return max(whole + int(keep_rest), 1)

    def epoch(self, epoch: int, sizes: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield (inputs, targets) for the first `len(sizes)` steps of `epoch` (from 1).

        `sizes` are the image sides in pixels, step by step (0 is as stored); at most `len(self)` of them.
        inputs: `dtype` [n, 3, size, size], channels last. targets: int64 [n], or float32 [n, classes] where
        images are mixed.
        """
        device = self.split.images.device
        generator = torch.Generator(device).manual_seed(mixed_seed(self.seed, epoch))
        order = self.indices[torch.randperm(len(self.indices), generator=generator, device=device)]
        for step, size in enumerate(sizes):
            indices = order[step * self.batch_size : (step + 1) * self.batch_size]
            yield self._batch(indices, AugmentRng(generator, epoch, indices), size)

    def _batch(self, indices: Tensor, rng: AugmentRng, size: int) -> tuple[Tensor, Tensor]:
        images = self.pipeline(self.split.images.index_select(0, indices), rng)
        if size and size != images.shape[-1]:
            images = resize(images, size)
        inputs = self.scaling(images, self.dtype)
        targets = self.split.fine.index_select(0, indices)
        if self.pipeline.mixes:
            soft = F.one_hot(targets, self.classes).to(torch.float32)
            inputs, targets = self.pipeline.mix(inputs, soft, rng)
        return inputs, targets


def mixed_seed(*parts: int) -> int:
    """A 63-bit seed from small whole numbers, so that (1, 2) and (2, 1) share no stream (SplitMix64)."""
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 31
    return state & 0x7FFFFFFFFFFFFFFF
