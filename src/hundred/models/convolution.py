"""A convolution that is a matrix product where its output is a few pixels small."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# With the weights of many channels and hardly a pixel to use them on, a library's convolution spends its time on
# weights: 512 channels of 3x3 pixels to one took 4 to 13 times as long as the product, to 3x3 pixels 1.2 to 3 times
# (oneDNN's AMX, AVX-512 and AVX2 kernels in bfloat16 and float32). From 6x6 pixels on the convolution is quicker.
FEW_PIXELS = 9


class Conv2d(nn.Conv2d):
    """`nn.Conv2d`, with the same parameters, results but for rounding, and options.

    In training on a CPU it multiplies matrices where it leaves `FEW_PIXELS` or fewer of each image and has
    neither padding, stride, dilation nor groups.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels, h, w] to [n, out, h', w']."""
        if torch.is_grad_enabled() and x.device.type == "cpu" and self._leaves_few_pixels(x):
            return self._product(x)
        return super().forward(x)

    def _leaves_few_pixels(self, x: Tensor) -> bool:
        plain = self.stride == self.dilation == (1, 1) and self.padding == (0, 0) and self.groups == 1
        if not plain or x.ndim != 4 or x.shape[1] != self.in_channels:
            return False
        height, width = self._output_size(x)
        return 0 < height and 0 < width and height * width <= FEW_PIXELS

    def _output_size(self, x: Tensor) -> tuple[int, int]:
        return x.shape[2] - self.kernel_size[0] + 1, x.shape[3] - self.kernel_size[1] + 1

    def _product(self, x: Tensor) -> Tensor:
        height, width = self._output_size(x)
        rows, columns = self.kernel_size
        pixels = x.permute(0, 2, 3, 1)
        # Channels last, so that for a network in that layout none of these moves the weights.
        patches = [pixels[:, i : i + height, j : j + width] for i in range(rows) for j in range(columns)]
        filters = self.weight.permute(0, 2, 3, 1).reshape(self.out_channels, -1)
        return F.linear(torch.cat(patches, 3), filters, self.bias).permute(0, 3, 1, 2)
