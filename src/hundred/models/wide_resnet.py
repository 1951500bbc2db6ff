"""Wide residual networks for 32x32 images.

S. Zagoruyko, N. Komodakis, "Wide Residual Networks", BMVC 2016, arXiv:1605.07146, table 1, with blocks of two
3x3 convolutions, B(3,3). Batch norm and ReLU come before each convolution, after K. He et al., "Identity
Mappings in Deep Residual Networks", ECCV 2016, arXiv:1603.05027.
"""

from torch import Tensor, nn

from hundred.errors import UsageError
from hundred.models.initialize import he_normal
from hundred.models.registry import register
from hundred.models.validate import at_least, dropout_rate

STEM = 16  # channels of the first convolution, whatever the width


class WideBlock(nn.Module):
    """Norm, ReLU, convolution, twice, beside a shortcut: [n, channels, h, w] to [n, out, h/stride, w/stride].

    Where the number of channels changes, the shortcut is a 1x1 convolution of the normalized input.
    """

    def __init__(self, channels: int, out: int, stride: int, dropout: float) -> None:
        """`dropout` is the rate between the two convolutions, figure 1(d) of the paper; 0 leaves it out."""
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        self.relu2 = nn.ReLU()
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        changes = stride != 1 or channels != out
        self.projection = nn.Conv2d(channels, out, 1, stride=stride, bias=False) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels, h, w] to [n, out, h/stride, w/stride]."""
        active = self.relu1(self.norm1(x))
        y = self.relu2(self.norm2(self.conv1(active)))
        if self.dropout is not None:
            y = self.dropout(y)
        y = self.conv2(y)
        shortcut = x if self.projection is None else self.projection(active)
        return y + shortcut


class WideResNet(nn.Module):
    """A stem of 16 channels, three groups of blocks, global average, logits."""

    def __init__(self, classes: int, depth: int, width: int, dropout: float) -> None:
        """`depth` counts convolutions, and is 6 n + 4 for n blocks a group."""
        super().__init__()
        blocks = (depth - 4) // 6
        self.conv = nn.Conv2d(3, STEM, 3, padding=1, bias=False)
        self.groups = nn.Sequential()
        channels = STEM
        for out, stride in ((16 * width, 1), (32 * width, 2), (64 * width, 2)):
            group = nn.Sequential(WideBlock(channels, out, stride, dropout))
            for _ in range(blocks - 1):
                group.append(WideBlock(out, out, 1, dropout))
            self.groups.append(group)
            channels = out
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.logits = nn.Linear(channels, classes)
        he_normal(self)

    def forward(self, images: Tensor) -> Tensor:
        """float [n, 3, h, w] to logits [n, classes]."""
        x = self.conv(images)  # [n, 16, h, w]
        x = self.groups(x)  # for width 10: [n, 160, h, w], [n, 320, h/2, w/2], [n, 640, h/4, w/4]
        x = self.relu(self.norm(x))
        x = self.flatten(self.pool(x))  # [n, 640]
        return self.logits(x)


@register("wide-resnet-28-10")
def wide_resnet(classes: int = 100, *, depth: int = 28, width: int = 10, dropout: float = 0.0) -> WideResNet:
    """WRN-28-10. For 100 classes 36,536,884 trained weights (the paper's 36.5 million), and with the moving
    statistics of batch norm 36,554,836 parameters.

    depth: 10, 16, 22, 28, 34, 40, ...
    width: how many times 16, 32 and 64 channels the three groups have.
    dropout: the rate inside each block; the paper's CIFAR figures with dropout use 0.3.
    """
    at_least(1, width=width)
    dropout_rate(dropout=dropout)
    if depth < 10 or depth % 6 != 4:
        raise UsageError(f"model option depth must be 10, 16, 22, 28, 34, 40 and so on by 6, not {depth}")
    return WideResNet(classes, depth, width, dropout)
