"""ResNet-18 for 32x32 images.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385:
the 18-layer network of table 1, with the stem that is usual for CIFAR: one 3x3 convolution without stride in
place of the 7x7 with stride 2, and no max pooling, so that 32x32 pixels reach the first stage.
"""

from torch import Tensor, nn

from hundred.models.convolution import Conv2d
from hundred.models.initialize import he_normal
from hundred.models.registry import register
from hundred.models.validate import at_least

# (channels, stride of the first block); two blocks each
STAGES = ((1, 1), (2, 2), (4, 2), (8, 2))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: [n, channels, h, w] to [n, out, h/stride, w/stride].

    Where the shape changes, the shortcut is a 1x1 convolution with batch norm (option B of the paper).
    """

    def __init__(self, channels: int, out: int, stride: int) -> None:
        """`stride` is that of the first convolution and of the shortcut."""
        super().__init__()
        self.conv1 = Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(out)
        self.relu1 = nn.ReLU()
        self.conv2 = Conv2d(out, out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != out:
            self.shortcut.append(nn.Conv2d(channels, out, 1, stride=stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(out))
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """[n, channels, h, w] to [n, out, h/stride, w/stride]."""
        y = self.relu1(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return self.relu2(y + self.shortcut(x))


class ResNet18(nn.Module):
    """A stem, four stages of two blocks each, global average, logits."""

    def __init__(self, classes: int, width: int) -> None:
        """`width` is the number of channels in the first stage; each later stage has twice as many."""
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.stages = nn.Sequential()
        channels = width
        for factor, stride in STAGES:
            out = factor * width
            self.stages.append(nn.Sequential(BasicBlock(channels, out, stride), BasicBlock(out, out, 1)))
            channels = out
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.logits = nn.Linear(channels, classes)
        he_normal(self)

    def forward(self, images: Tensor) -> Tensor:
        """float [n, 3, h, w] to logits [n, classes]."""
        x = self.relu(self.norm(self.conv(images)))  # [n, 64, h, w]
        x = self.stages(x)  # [n, 64, h, w], [n, 128, h/2, w/2], [n, 256, h/4, w/4], [n, 512, h/8, w/8]
        x = self.flatten(self.pool(x))  # [n, 512]
        return self.logits(x)


@register("resnet18")
def resnet18(classes: int = 100, *, width: int = 64) -> ResNet18:
    """ResNet-18 for CIFAR. For 100 classes 11,220,132 trained weights, and with the moving statistics of
    batch norm 11,229,732 parameters. `width` is the number of channels in the first stage.
    """
    at_least(1, width=width)
    return ResNet18(classes, width)
