"""Small networks that learn something of CIFAR-100 in seconds on one core: float [n, 3, 32, 32] to [n,
100]."""

from torch import Tensor, nn

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


def stacked(
    width: int, *, norm: bool = True, dropout: float = 0.0, pooled: bool = False, units: int = 0
) -> nn.Sequential:
    """As in Keras' first example: three times a 3x3 convolution and a 2x2 maximum, with `width`, 2 and 4
    times as many filters, then a hidden layer of `units` (0 is none) and the classes."""
    layers: list[nn.Module] = []
    channels = 3
    for filters in (width, 2 * width, 4 * width):
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=not norm), nn.ReLU()]
        layers += [nn.BatchNorm2d(filters)] if norm else []
        layers += [nn.MaxPool2d(2)] + ([nn.Dropout(dropout)] if dropout else [])
        channels = filters
    layers += [nn.AdaptiveAvgPool2d(1)] if pooled else []
    layers += [nn.Flatten()]
    features = channels * (1 if pooled else 16)
    if units:
        layers += [nn.Linear(features, units), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(units or features, CLASSES))


class Added(nn.Module):
    """Two 3x3 convolutions with batch normalization, added to what came in: [n, c, h, w] to the same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
            layers += [nn.ReLU()]
        self.inner = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Add, then ReLU."""
        return nn.functional.relu(x + self.inner(x))


def residual(width: int) -> nn.Sequential:
    """A convolution of stride 2, two residual blocks with one of stride 2 between them, and the mean over the
    image."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        Added(width),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU(),
        Added(2 * width),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, CLASSES),
    )  # fmt: skip


def paired(width: int, *, dropout: float = 0.0, units: int = 0) -> nn.Sequential:
    """The published school network in small: twice two 3x3 convolutions, the first of stride 2, with batch
    normalization after both, a maximum over 2x2 at the end, then a hidden layer of `units` (0 is none)."""
    layers: list[nn.Module] = []
    channels = 3
    for filters in (width, 2 * width):
        layers += [nn.Conv2d(channels, filters, 3, stride=2, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(filters)]
        layers += [nn.Dropout(dropout)] if dropout else []
        channels = filters
    layers += [nn.MaxPool2d(2), nn.Flatten()]
    features = 16 * channels
    if units:
        layers += [nn.Linear(features, units), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(units or features, CLASSES))


def separable(width: int) -> nn.Sequential:
    """As in MobileNet: a convolution of stride 2, then two of a filter to each channel (stride 2) and a 1x1
    convolution to twice as many, each with batch normalization and SiLU, and the mean over the image."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 3, stride=2, padding=1, bias=False)]
    layers += [nn.BatchNorm2d(width), nn.SiLU()]
    channels = width
    for _ in range(2):
        layers += [nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels, bias=False)]
        layers += [nn.BatchNorm2d(channels), nn.SiLU()]
        layers += [nn.Conv2d(channels, 2 * channels, 1, bias=False), nn.BatchNorm2d(2 * channels), nn.SiLU()]
        channels *= 2
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))


def deep(hidden: int, *, dropout: float = 0.0, norm: bool = True) -> nn.Sequential:
    """Two hidden layers of `hidden` and half as many units, with batch normalization, on the image at half
    its side."""
    layers: list[nn.Module] = [nn.AvgPool2d(2), nn.Flatten()]
    features = 3 * 16 * 16
    for units in (hidden, hidden // 2):
        layers += [nn.Linear(features, units)] + ([nn.BatchNorm1d(units)] if norm else []) + [nn.ReLU()]
        layers += [nn.Dropout(dropout)] if dropout else []
        features = units
    return nn.Sequential(*layers, nn.Linear(features, CLASSES))


class Mixed(nn.Module):
    """A 5x5 filter to each channel, added to what came in, then a 1x1 convolution: [n, c, h, w] to the
    same."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.across = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm = nn.BatchNorm2d(channels)
        self.between = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.GELU(), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Filter, add, mix."""
        mixed: Tensor = self.between(x + self.norm(nn.functional.gelu(self.across(x))))
        return mixed


def patches(width: int, *, depth: int = 2) -> nn.Sequential:
    """As ConvMixer (Trockman and Kolter 2022, arXiv 2201.09792): 4x4 patches to `width` channels, `depth`
    blocks that mix places, then channels, and the mean over the image."""
    return nn.Sequential(
        nn.Conv2d(3, width, 4, stride=4), nn.GELU(), nn.BatchNorm2d(width),
        *(Mixed(width) for _ in range(depth)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, CLASSES),
    )  # fmt: skip
