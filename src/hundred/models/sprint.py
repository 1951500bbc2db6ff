"""The network of the `sprint` recipe: a whitening layer and three groups, most work at few pixels.

After K. Jordan's airbench (2024, arXiv:2404.00498): a frozen first convolution that whitens 2x2 patches,
groups of convolution - pooling - batch norm - activation, identity-like starting filters, and a scaled head.
The shape of the groups - cheap 1x1 convolutions where maps are large, a last group three times as wide as the
one before, where they are small - follows what entries to the CIFAR-100 speed contest of the AIDDA Institute
(2026) report to pay. docs/performance.md has our own measurements.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from hundred.models.convolution import Conv2d
from hundred.models.registry import register
from hundred.models.validate import at_least

PATCH = 2
# Jordan's value: batch norms forget fast enough that a run of few hundred steps has settled statistics.
MOMENTUM = 0.4


class Shape(NamedTuple):
    """Kernel sizes of a group's three convolutions, and the second one's channels as a share of the width."""

    first: int
    second: int
    third: int
    inner: float


# The larger the maps, the smaller the kernels: most operations are where maps are small.
SHAPES = (Shape(3, 1, 1, 1.0), Shape(3, 3, 1, 3 / 4), Shape(2, 3, 3, 2 / 3))


class Group(nn.Module):
    """Convolution - pooling - batch norm - activation, then two more convolutions with a shortcut.

    float [n, before, h, w] -> float [n, width, h' // 2, w' // 2], where h' is h, and h - 1 for an even first
    kernel, which is not padded.
    """

    def __init__(self, before: int, width: int, shape: Shape) -> None:
        super().__init__()
        inner = max(1, int(width * shape.inner))
        self.first = _convolution(before, width, shape.first)
        self.pool = nn.MaxPool2d(2)
        self.first_norm = nn.BatchNorm2d(width, momentum=MOMENTUM)
        self.second = _convolution(width, inner, shape.second)
        self.second_norm = nn.BatchNorm2d(inner, momentum=MOMENTUM)
        self.third = _convolution(inner, width, shape.third)
        self.third_norm = nn.BatchNorm2d(width, momentum=MOMENTUM)
        self.activation = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.first_norm(self.pool(self.first(x))))
        y = self.activation(self.second_norm(self.second(x)))
        return self.activation(self.third_norm(self.third(y)) + x)


def _convolution(before: int, after: int, kernel: int) -> nn.Conv2d:
    return Conv2d(before, after, kernel, padding=kernel // 2 if kernel % 2 else 0, bias=False)


class Sprint(nn.Module):
    """float [n, 3, h, w] with h and w of 16 or more -> logits float [n, classes].

    `prepare` sets the whitening layer from training images and is to be called once before training.
    whitening_bias: whether that layer's bias trains; else it stays zero, and nothing goes back through the
    largest maps.
    """

    def __init__(
        self, classes: int, widths: tuple[int, int, int], scale: float, *, whitening_bias: bool = True
    ) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 2 * 3 * PATCH**2, PATCH)
        self.activation = nn.SiLU()
        befores = (self.whiten.out_channels, *widths[:2])
        self.groups = nn.ModuleList(
            Group(before, width, shape) for before, width, shape in zip(befores, widths, SHAPES, strict=True)
        )
        self.head = nn.Linear(widths[-1], classes, bias=False)
        self.scale = scale
        self._start()
        self.whiten.get_parameter("bias").requires_grad_(whitening_bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.whiten(x))
        for group in self.groups:
            x = group(x)
        x = x.amax((2, 3)) + x.mean((2, 3))  # [n, width]
        return self.head(x) * self.scale

    def _start(self) -> None:
        self.whiten.weight.requires_grad_(False)
        self.whiten.get_parameter("bias").data.zero_()
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module is not self.whiten:
                # The first filters pass their input through; the rest are drawn.
                nn.init.dirac_(module.weight[: module.in_channels])
            if isinstance(module, nn.BatchNorm2d):
                module.weight.requires_grad_(False)

    @torch.no_grad()
    def prepare(self, images: Tensor) -> None:
        """Set the first layer to whiten 2x2 patches of `images` (float [n, 3, h, w], as the network takes).

        Filters are the eigenvectors of the patches' covariance over the root of their eigenvalue, and their
        negatives, so that no half of a direction is lost in the activation.
        """
        patches = images.float().unfold(2, PATCH, 1).unfold(3, PATCH, 1)  # [n, 3, h', w', 2, 2]
        patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3 * PATCH**2)
        patches = patches - patches.mean(0)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (vectors / (values + 5e-4).sqrt()).T.flip(0).reshape(-1, 3, PATCH, PATCH)
        self.whiten.weight.copy_(torch.cat([filters, -filters]))


@register("sprint")
def sprint(
    classes: int = 100,
    *,
    width1: int = 32,
    width2: int = 128,
    width3: int = 384,
    scale: float = 1.25 / 9,
    whitening_bias: bool = True,
) -> nn.Module:
    """The sprint network. `width1` to `width3` are its groups' channels; `scale` multiplies its logits.

    `whitening_bias` = false leaves the first layer's bias at zero: a tenth less time (docs/performance.md).
    """
    at_least(1, width1=width1, width2=width2, width3=width3)
    return Sprint(classes, (width1, width2, width3), scale, whitening_bias=whitening_bias)
