"""The two ways in which a batch of images is laid out in memory, as one shape.

Channels-last bytes pay on a CPU: pixels stay together when they move, and the float32 channels-last batch
that a network wants is then a plain copy. Measured on one core at batch 512: 0.3 microseconds an image to
make that batch from channels-last bytes, 2 to 4 from contiguous ones.
"""

import torch
from torch import Tensor


def is_channels_last(images: Tensor) -> bool:
    """Whether [n, c, h, w] is stored pixel by pixel; what fits both layouts counts as contiguous."""
    return not images.is_contiguous() and images.is_contiguous(memory_format=torch.channels_last)


def to_planes(images: Tensor) -> Tensor:
    """[n, c, h, w] as contiguous planes [n, outer, h, w, inner]: a view, with outer, inner = c, 1 or 1, c.

    What moves pixels along the middle axes works on both layouts alike. Any third layout is made contiguous.
    """
    if is_channels_last(images):
        return images.permute(0, 2, 3, 1).unsqueeze(1)
    return images.contiguous().unsqueeze(4)


def from_planes(planes: Tensor) -> Tensor:
    """[n, outer, h, w, inner] as images [n, c, h, w], in the layout that `to_planes` saw."""
    if planes.shape[4] == 1:
        return planes.squeeze(4)
    return planes.squeeze(1).permute(0, 3, 1, 2)
