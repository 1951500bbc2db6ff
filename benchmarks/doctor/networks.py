"""Small networks that learn something of CIFAR-100 in seconds on one core: float [n, 3, 32, 32] to [n,
100]."""

from torch import nn

CLASSES = 100


def strided(
    width: int, *, norm: bool = True, dropout: float = 0.0, norm_momentum: float = 0.1, pooled: bool = False
) -> nn.Sequential:
    """Three 3x3 convolutions of stride 2 with `width`, 2 and 4 times as many filters, and a dense layer; with
    `pooled` on their means over the image, which leaves it few parameters to learn anything by heart with."""
    layers: list[nn.Module] = []
    channels = 3
    for filters in (width, 2 * width, 4 * width):
        layers.append(nn.Conv2d(channels, filters, 3, stride=2, padding=1, bias=not norm))
        if norm:
            layers.append(nn.BatchNorm2d(filters, momentum=norm_momentum))
        layers.append(nn.ReLU())
        channels = filters
    if pooled:
        layers.append(nn.AdaptiveAvgPool2d(1))
    layers.append(nn.Flatten())
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(channels * (1 if pooled else 16), CLASSES))


def dense(hidden: int, *, dropout: float = 0.0) -> nn.Sequential:
    """A hidden layer of `hidden` units on the image at half its side."""
    layers: list[nn.Module] = [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(3 * 16 * 16, hidden), nn.ReLU()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(hidden, CLASSES))
