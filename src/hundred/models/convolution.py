"""A convolution that is a matrix product where its output is a few pixels small."""

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from hundred.models.processor import has_amx

# A library's convolution over few pixels spends its time on the weights. Forward and backward, a product
# took 1/13 of that time for 512 channels of 3x3 pixels to one, and 1/3 to 3x3 pixels. With AVX-512 or AVX2
# the gain ends about there; with AMX, whose convolutions are slow to give the weights' gradient, before 6x6.
FEW_PIXELS = 9
FEW_PIXELS_AMX = 16


class Conv2d(nn.Conv2d):
    """`nn.Conv2d`, with the same parameters, options and results but for rounding.

    In training on a CPU it multiplies matrices where it leaves so few pixels of each image that this is
    quicker, and has neither stride, dilation nor groups.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels, h, w] to [n, out, h', w']."""
        # A tracer's stand-in has no shape to decide by.
        if torch.is_grad_enabled() and not isinstance(x, fx.Proxy) and self._use_matmul(x):
            return self._product(x)
        return super().forward(x)

    def _use_matmul(self, x: Tensor) -> bool:
        plain = self.stride == self.dilation == (1, 1) and self.groups == 1 and self.padding_mode == "zeros"
        if not plain or isinstance(self.padding, str):
            return False
        if x.device.type != "cpu" or x.ndim != 4 or x.shape[1] != self.in_channels:
            return False
        sizes = zip(x.shape[2:], self.padding, self.kernel_size, strict=True)
        height, width = (size + 2 * border - kernel + 1 for size, border, kernel in sizes)
        return min(height, width) > 0 and height * width <= most_pixels(x, padded=any(self.padding))

    def _product(self, x: Tensor) -> Tensor:
        (above, beside), (rows, columns) = map(int, self.padding), self.kernel_size
        if above or beside:
            x = F.pad(x, (beside, beside, above, above))
        # Channels last, so that for a network in that layout none of these moves the weights.
        pixels = x.permute(0, 2, 3, 1)
        height, width = x.shape[2] - rows + 1, x.shape[3] - columns + 1
        patches = [pixels[:, i : i + height, j : j + width] for i in range(rows) for j in range(columns)]
        filters = self.weight.permute(0, 2, 3, 1).reshape(self.out_channels, -1)
        return F.linear(torch.cat(patches, 3), filters, self.bias).permute(0, 3, 1, 2)


def most_pixels(x: Tensor, *, padded: bool) -> int:
    """Up to how many output pixels a product is faster than a convolution of `x` on this CPU."""
    bfloat16 = x.dtype == torch.bfloat16 or (
        torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    )
    if bfloat16 and has_amx():
        return FEW_PIXELS_AMX
    # Without AMX, products in bfloat16 gain less, and padding makes them multiply zeros.
    return 0 if bfloat16 and padded else FEW_PIXELS
