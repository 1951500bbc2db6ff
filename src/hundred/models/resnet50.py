"""ResNet-50 exactly as `keras.applications.ResNet50`, between the study's upsampling and head.

K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385,
table 1, in the form that Keras gives it: convolutions have biases, padding is done by separate layers,
the stride is on the first 1x1 convolution of a stage (later variants put it on the 3x3), and batch norm has
epsilon 1.001e-5. Layers have Keras' names, so that its published weights load by name.
"""

from typing import Literal

from torch import Tensor, nn

from hundred.models.initialize import glorot_uniform
from hundred.models.keras_layers import batch_norm, batch_norm_flat
from hundred.models.registry import register
from hundred.models.validate import dropout_rate, one_of

EPSILON = 1.001e-5  # keras/src/applications/resnet.py
# Stages conv2 to conv5: (name, blocks, channels inside a block, stride of the first block)
STAGES = (("conv2", 3, 64, 1), ("conv3", 4, 128, 2), ("conv4", 6, 256, 2), ("conv5", 3, 512, 2))
WIDENING = 4  # a block puts out four times the channels that it works with


class Backbone(nn.Module):
    """Keras' ResNet50 without its top: float [n, 3, h, w] to [n, 2048, h/32, w/32], rounded up.

    23,587,712 parameters. The layers of a block lie directly in the backbone, not in a module of their own,
    because Keras' names are flat: `conv2_block1_1_conv`, `conv2_block1_1_bn`, ...
    """

    def __init__(self) -> None:
        """Draw the weights as Keras does: Glorot uniform, zero biases."""
        super().__init__()
        self.conv1_pad = nn.ZeroPad2d(3)
        self.conv1_conv = nn.Conv2d(3, 64, 7, stride=2)
        self.conv1_bn = batch_norm(64, EPSILON)
        self.conv1_relu = nn.ReLU()
        self.pool1_pad = nn.ZeroPad2d(1)
        self.pool1_pool = nn.MaxPool2d(3, stride=2)
        channels = 64
        for stage, blocks, inside, stride in STAGES:
            for number in range(1, blocks + 1):
                first = number == 1
                self._add_block(f"{stage}_block{number}", channels, inside, stride if first else 1, first)
                channels = WIDENING * inside
        glorot_uniform(self)

    def _add_block(self, name: str, channels: int, inside: int, stride: int, projected: bool) -> None:
        """The layers of one bottleneck block; a `projected` one has a convolution on its shortcut."""
        outside = WIDENING * inside
        if projected:
            self.add_module(f"{name}_0_conv", nn.Conv2d(channels, outside, 1, stride=stride))
            self.add_module(f"{name}_0_bn", batch_norm(outside, EPSILON))
        self.add_module(f"{name}_1_conv", nn.Conv2d(channels, inside, 1, stride=stride))
        self.add_module(f"{name}_1_bn", batch_norm(inside, EPSILON))
        self.add_module(f"{name}_1_relu", nn.ReLU())
        self.add_module(f"{name}_2_conv", nn.Conv2d(inside, inside, 3, padding=1))
        self.add_module(f"{name}_2_bn", batch_norm(inside, EPSILON))
        self.add_module(f"{name}_2_relu", nn.ReLU())
        self.add_module(f"{name}_3_conv", nn.Conv2d(inside, outside, 1))
        self.add_module(f"{name}_3_bn", batch_norm(outside, EPSILON))
        self.add_module(f"{name}_out", nn.ReLU())

    def _block(self, name: str, x: Tensor) -> Tensor:
        """One bottleneck block: [n, channels, h, w] to [n, 4 * inside, h/stride, w/stride]."""
        shortcut = x
        if hasattr(self, f"{name}_0_conv"):
            shortcut = self._layers(x, f"{name}_0_conv", f"{name}_0_bn")
        x = self._layers(x, f"{name}_1_conv", f"{name}_1_bn", f"{name}_1_relu")
        x = self._layers(x, f"{name}_2_conv", f"{name}_2_bn", f"{name}_2_relu")
        x = self._layers(x, f"{name}_3_conv", f"{name}_3_bn")
        return self._layers(shortcut + x, f"{name}_out")

    def _layers(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
        return x

    def forward(self, images: Tensor) -> Tensor:
        """float [n, 3, h, w] to features [n, 2048, h/32, w/32]."""
        x = self.conv1_conv(self.conv1_pad(images))  # [n, 64, h/2, w/2]
        x = self.conv1_relu(self.conv1_bn(x))
        x = self.pool1_pool(self.pool1_pad(x))  # [n, 64, h/4, w/4]
        for stage, blocks, _inside, _stride in STAGES:
            for number in range(1, blocks + 1):
                x = self._block(f"{stage}_block{number}", x)  # 256, 512, 1024, 2048 channels after the stages
        return x


class StudyResNet50(nn.Module):
    """The study's baseline: upsampling, ResNet-50, global average, dropout, dense 256, batch norm, logits."""

    def __init__(self, classes: int, upsample: int, dropout: float) -> None:
        """`upsample` is the whole number by which height and width grow first; 1 leaves them."""
        super().__init__()
        # torch's default, half-pixel centres, is what Keras' UpSampling2D(interpolation="bilinear") does.
        self.upsampling = nn.Upsample(scale_factor=upsample, mode="bilinear") if upsample > 1 else None
        self.resnet50 = Backbone()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(2048, 256)
        self.relu = nn.ReLU()
        self.norm = batch_norm_flat(256)
        self.logits = nn.Linear(256, classes)
        for layer in (self.dense, self.logits):
            glorot_uniform(layer)

    def forward(self, images: Tensor) -> Tensor:
        """float [n, 3, h, w] to logits [n, classes]."""
        x = images if self.upsampling is None else self.upsampling(images)  # [n, 3, 7h, 7w] for upsample=7
        x = self.resnet50(x)  # [n, 2048, h', w']
        x = self.dropout(self.flatten(self.avg_pool(x)))  # [n, 2048]
        x = self.norm(self.relu(self.dense(x)))  # [n, 256]
        return self.logits(x)


@register("resnet50")
def resnet50(
    classes: int = 100,
    *,
    upsample: int = 7,
    dropout: float = 0.25,
    freeze: Literal["none", "all-but-batch-norm"] = "none",
) -> StudyResNet50:
    """The study's ResNet-50 baseline.

    upsample: 1 to 7; 32x32 images become 224x224 with 7, as in the study.
    dropout: the rate before the dense layer.
    freeze: "all-but-batch-norm" leaves only the batch norms of the backbone, and the head, to be trained, for
        use with weights that were trained elsewhere. As in Keras, a batch norm that trains uses the
        statistics of the batch while training and moves its means and variances.
    """
    one_of(range(1, 8), upsample=upsample)
    dropout_rate(dropout=dropout)
    network = StudyResNet50(classes, upsample, dropout)
    if freeze == "all-but-batch-norm":
        freeze_all_but_batch_norm(network.resnet50)
    return network


def freeze_all_but_batch_norm(network: nn.Module) -> None:
    """Keep gradients from all weights of `network` but those of its batch norms (`requires_grad`)."""
    for layer in network.modules():
        trains = isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
        for weight in layer.parameters(recurse=False):
            weight.requires_grad_(trains)
