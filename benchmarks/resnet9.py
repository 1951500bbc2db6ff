"""ResNet-9, the usual network of speed contests on CIFAR, as a rival: after D. Page, "How to train your
ResNet" (2018), https://myrtle.ai/learn/how-to-train-your-resnet/."""

import torch.nn.functional as F
from torch import Tensor, nn


def _block(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


class ResNet9(nn.Module):
    """float [n, 3, 32, 32] -> logits [n, classes]; `width` channels at first, eight times as many last."""

    def __init__(self, classes: int = 100, width: int = 64) -> None:
        super().__init__()
        self.stem = _block(3, width)
        self.layer1 = _block(width, 2 * width)
        self.residual1 = nn.Sequential(_block(2 * width, 2 * width), _block(2 * width, 2 * width))
        self.layer2 = _block(2 * width, 4 * width)
        self.layer3 = _block(4 * width, 8 * width)
        self.residual3 = nn.Sequential(_block(8 * width, 8 * width), _block(8 * width, 8 * width))
        self.head = nn.Linear(8 * width, classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The maps are halved three times, and then reduced to their largest value."""
        x = F.max_pool2d(self.layer1(self.stem(x)), 2)
        x = x + self.residual1(x)
        x = F.max_pool2d(self.layer2(x), 2)
        x = F.max_pool2d(self.layer3(x), 2)
        x = x + self.residual3(x)
        return 0.125 * self.head(F.adaptive_max_pool2d(x, 1).flatten(1))
