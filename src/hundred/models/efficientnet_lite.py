"""EfficientNet-Lite0 as it was published for ImageNet, on enlarged images.

M. Tan, Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019,
arXiv:1905.11946, table 1, in the Lite form (R. Liu, TensorFlow blog, March 2020): no squeeze-and-excitation,
ReLU6 for swish, stem and head of fixed width. Convolutions pad as TensorFlow's "same" does. Modules have
the names of the published PyTorch weights without their underscores, so that these load by name.
"""

from math import ceil

from torch import Tensor, nn

from hundred.models.registry import register
from hundred.models.validate import dropout_rate, one_of

EPSILON, MOMENTUM = 1e-3, 0.01
STEM, HEAD = 32, 1280
# Stages: (blocks, kernel, stride of the first block, widening inside a block, channels)
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class Block(nn.Module):
    """An inverted bottleneck: [n, channels, h, w] to [n, out, h/stride, w/stride], rounded up."""

    def __init__(  # noqa: PLR0917
        self, channels: int, out: int, kernel: int, stride: int, widening: int, side: int
    ) -> None:
        super().__init__()
        inside = channels * widening
        self.expands = widening > 1
        if self.expands:
            self.expand_conv = nn.Conv2d(channels, inside, 1, bias=False)
            self.bn0 = batch_norm(inside)
        self.pad = same_padding(side, kernel, stride)
        self.depthwise_conv = nn.Conv2d(inside, inside, kernel, stride, groups=inside, bias=False)
        self.bn1 = batch_norm(inside)
        self.project_conv = nn.Conv2d(inside, out, 1, bias=False)
        self.bn2 = batch_norm(out)
        self.relu = nn.ReLU6()
        self.adds = stride == 1 and channels == out

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        x = inputs
        if self.expands:
            x = self.relu(self.bn0(self.expand_conv(x)))
        x = self.relu(self.bn1(self.depthwise_conv(self.pad(x))))
        x = self.bn2(self.project_conv(x))
        return x + inputs if self.adds else x


class EfficientNetLite0(nn.Module):
    """float [n, 3, h, w], pixels in 0..1, to logits [n, classes]; the images are enlarged first."""

    def __init__(self, classes: int, upsample: int, dropout: float, image_size: int) -> None:
        """upsample: the whole number by which height and width grow; 1 leaves them."""
        super().__init__()
        self.upsampling = nn.Upsample(scale_factor=upsample, mode="bilinear") if upsample > 1 else None
        side = image_size * upsample
        self.pad = same_padding(side, 3, 2)
        self.conv_stem = nn.Conv2d(3, STEM, 3, 2, bias=False)
        self.bn0 = batch_norm(STEM)
        channels, side, blocks = STEM, ceil(side / 2), []
        for count, kernel, stride, widening, out in STAGES:
            for number in range(count):
                step = stride if number == 0 else 1
                blocks.append(Block(channels, out, kernel, step, widening, side))
                channels, side = out, ceil(side / step)
        self.blocks = nn.Sequential(*blocks)
        self.conv_head = nn.Conv2d(channels, HEAD, 1, bias=False)
        self.bn1 = batch_norm(HEAD)
        self.relu = nn.ReLU6()
        self.avg_pooling = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(HEAD, classes)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        x = images if self.upsampling is None else self.upsampling(images)
        x = x * (255 / 128) - 127 / 128  # the pixels that the published weights were trained on
        x = self.relu(self.bn0(self.conv_stem(self.pad(x))))  # [n, 32, h/2, w/2]
        x = self.blocks(x)  # [n, 320, h/32, w/32]
        x = self.relu(self.bn1(self.conv_head(x)))  # [n, 1280, h/32, w/32]
        return self.fc(self.dropout(self.flatten(self.avg_pooling(x))))


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """With the settings of the published network."""
    return nn.BatchNorm2d(channels, eps=EPSILON, momentum=MOMENTUM)


def same_padding(side: int, kernel: int, stride: int) -> nn.ZeroPad2d:
    """TensorFlow's "same" padding of an image of `side` pixels: the odd pixel goes to the right and below."""
    total = max((ceil(side / stride) - 1) * stride + kernel - side, 0)
    return nn.ZeroPad2d((total // 2, total - total // 2, total // 2, total - total // 2))


@register("efficientnet-lite0")
def efficientnet_lite0(
    classes: int = 100, *, upsample: int = 3, dropout: float = 0.2, image_size: int = 32
) -> EfficientNetLite0:
    """EfficientNet-Lite0, for use with its ImageNet weights (model.weights = "imagenet").

    upsample: 1 to 7; images of 32x32 become 96x96 with 3.
    """
    one_of(range(1, 8), upsample=upsample)
    dropout_rate(dropout=dropout)
    return EfficientNetLite0(classes, upsample, dropout, image_size)
