"""VGG-16 with batch norm for 32x32 images.

K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
arXiv:1409.1556, configuration D of table 1, with batch norm (S. Ioffe, C. Szegedy, ICML 2015,
arXiv:1502.03167) after each convolution. As is usual for CIFAR, the two hidden dense layers have 512 units;
the paper's have 4096, for the 7x7 feature maps of 224x224 images. The five pools leave one pixel of 32x32.
"""

from torch import nn

from hundred.models.convolution import Conv2d
from hundred.models.initialize import he_normal
from hundred.models.keras_layers import named
from hundred.models.registry import register
from hundred.models.validate import dropout_rate, flattened_side

# (convolutions, channels) of each stage, which ends with a 2x2 maximum
STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


@register("vgg16-bn")
def vgg16(classes: int = 100, *, dropout: float = 0.5, image_size: int = 32) -> nn.Sequential:
    """VGG-16 with batch norm: float [n, 3, image_size, image_size] to logits [n, classes].

    For 100 classes 15,299,748 trained weights, and with the moving statistics of batch norm 15,308,196
    parameters. `dropout` is the rate after each of the two hidden dense layers.
    """
    dropout_rate(dropout=dropout)
    side = flattened_side("vgg16-bn", image_size, image_size // 2 ** len(STAGES))
    stages = nn.Sequential()
    channels = 3
    for convolutions, out in STAGES:
        stage = nn.Sequential()
        for _ in range(convolutions):
            stage.append(Conv2d(channels, out, 3, padding=1))
            stage.append(nn.BatchNorm2d(out))
            stage.append(nn.ReLU())
            channels = out
        stage.append(nn.MaxPool2d(2))
        stages.append(stage)
    network = named(
        stages=stages,  # [64, 16, 16], [128, 8, 8], [256, 4, 4], [512, 2, 2], [512, 1, 1]
        flatten=nn.Flatten(),  # [512]
        dense1=nn.Linear(512 * side**2, 512),
        relu1=nn.ReLU(),
        dropout1=nn.Dropout(dropout),
        dense2=nn.Linear(512, 512),
        relu2=nn.ReLU(),
        dropout2=nn.Dropout(dropout),
        logits=nn.Linear(512, classes),
    )
    he_normal(network)
    return network
