"""Means over an epoch, accumulated on the device so that reading them waits for it once, not every step."""

from collections.abc import Callable

import torch
from torch import Tensor


class RunningMetrics:
    """Sums of loss and correct predictions over images."""

    def __init__(self, device: torch.device) -> None:
        """Start at nothing."""
        self._loss = torch.zeros(
            (), dtype=torch.float64 if device.type != "mps" else torch.float32, device=device
        )
        self._correct = torch.zeros((), dtype=torch.int64, device=device)
        self.images = 0

    def add(self, loss: Tensor, correct: Tensor, images: int) -> None:
        """Add a batch: its mean loss, its number of correct predictions, its number of images."""
        self._loss += loss.detach().to(self._loss.dtype) * images
        self._correct += correct
        self.images += images

    def combine(self, all_reduce: Callable[[Tensor], None]) -> None:
        """Let `all_reduce` replace the sums (float64 [3], on the device) by those of several processes."""
        sums = torch.stack(
            [self._loss, self._correct.to(self._loss.dtype), self._loss.new_tensor(self.images)]
        )
        all_reduce(sums)
        self._loss, self._correct, self.images = sums[0], sums[1].long(), int(sums[2])

    @property
    def loss(self) -> float:
        """Mean loss per image; waits for the device."""
        return float(self._loss) / max(self.images, 1)

    @property
    def accuracy(self) -> float:
        """Fraction predicted right; waits for the device."""
        return int(self._correct) / max(self.images, 1)
