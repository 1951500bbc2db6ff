"""Rectangles of pixels, one per image of a batch: what erasing hides and what CutMix exchanges."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Boxes:
    """Rows top to below `bottom`, columns left to below `right`; [n] each, ints or whole floats.

    A box may stick out of its image; one whose bottom is not below its top is empty.
    """

    top: Tensor
    left: Tensor
    bottom: Tensor
    right: Tensor

    def mask(self, h: int, w: int) -> Tensor:
        """Which pixels are inside: bool [n, 1, h, w]."""
        rows = torch.arange(h, device=self.top.device)
        columns = torch.arange(w, device=self.top.device)
        in_rows = (rows >= self.top[:, None]) & (rows < self.bottom[:, None])  # [n, h]
        in_columns = (columns >= self.left[:, None]) & (columns < self.right[:, None])  # [n, w]
        return in_rows[:, None, :, None] & in_columns[:, None, None, :]

    def share(self, h: int, w: int) -> Tensor:
        """How much of its image each box covers, exactly: float32 [n], 0..1."""
        rows = self.bottom.clamp(0, h) - self.top.clamp(0, h)
        columns = self.right.clamp(0, w) - self.left.clamp(0, w)
        return rows.clamp_min(0).float() * columns.clamp_min(0).float() / (h * w)
