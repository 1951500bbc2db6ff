"""Small torch networks that between them use every layer and function that can be exported."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 5


class _Of(nn.Module):
    """A function around a few layers, so that a network of functions fits on a line."""

    def __init__(self, forward: Callable[..., Tensor], **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self._forward = forward

    def forward(self, x: Tensor) -> Tensor:
        return self._forward(self, x)


def _head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]


def _net(*layers: nn.Module, channels: int = 6) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), *layers, *_head(channels))


def _after(function: Callable[[Tensor], Tensor], channels: int = 6) -> nn.Module:
    return _net(_Of(lambda self, x: function(x)), channels=channels)


class Whitened(nn.Module):
    """As fast CIFAR networks are: frozen whitening, groups with shortcuts, two poolings, scaled logits."""

    def __init__(self) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 6, 2)
        self.whiten.requires_grad_(False)
        self.conv1 = nn.Conv2d(12, 8, 3, padding="same", bias=False)
        self.norm1 = nn.BatchNorm2d(8, affine=False)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(8)
        self.head = nn.Linear(16, CLASSES, bias=False)
        self.scale = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.whiten(x)
        x = F.gelu(torch.cat([x, -x], 1))
        x = F.silu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        x = x + F.gelu(self.norm2(self.conv2(x)), approximate="tanh")
        x = torch.cat([x.amax((2, 3)), x.mean(dim=[-2, -1])], dim=1)
        return self.head(x) * self.scale * (1 / 9)


class Scaled(nn.Module):
    """Constants for each channel, as parameters and buffers, on maps and on features."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.gain = nn.Parameter(torch.rand(4, 1, 1))
        self.register_buffer("shift", torch.rand(1, 4, 1, 1))
        self.linear = nn.Linear(4, CLASSES)
        self.bias = nn.Parameter(torch.rand(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x) * self.gain.exp() + self.shift
        x = 1 - x / 2
        x = x.mean((2, 3), keepdim=True)
        x = x.view(x.size(0), -1)
        return self.linear(x) - self.bias


class Reused(nn.Module):
    """One layer called twice, a value used by three."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.shared = nn.Conv2d(4, 4, 3, padding=1)
        self.linear = nn.Linear(4, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y = self.shared(F.relu(x))
        z = self.shared(F.relu(y))
        x = x * torch.sigmoid(y) - z
        return self.linear(torch.flatten(F.adaptive_max_pool2d(x, 1), 1))


class OfFunctions(nn.Module):
    """Weights of its own and torch's functions, as layers of a user's own class reduce to."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(6, 3, 3, 3) / 5)
        self.norm = nn.BatchNorm2d(6)
        self.out = nn.Parameter(torch.randn(6, CLASSES))
        self.linear = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.kernel - self.kernel.mean((1, 2, 3), keepdim=True)  # weight standardization
        x = F.conv2d(x, kernel, stride=2, padding=1)
        n = self.norm
        x = F.batch_norm(x, n.running_mean, n.running_var, n.weight, n.bias, False, 0.1, n.eps)
        x = F.group_norm(F.relu(x), 3).mean((2, 3))
        x = F.layer_norm(F.linear(x, self.linear.weight, self.linear.bias), (6,))
        return x @ self.out


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "strides": lambda: _net(
        nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.Conv2d(8, 4, 5, (2, 3), (2, 1)), channels=4,
    ),
    "even kernels": lambda: _net(
        nn.Conv2d(6, 8, 4, stride=2, padding=1), nn.Conv2d(8, 4, 2, padding=(0, 1)), channels=4,
    ),
    "dilation": lambda: _net(
        nn.Conv2d(6, 8, 3, dilation=2, padding=2), nn.Conv2d(8, 4, 3, dilation=(1, 3)), channels=4,
    ),
    "groups": lambda: _net(nn.Conv2d(6, 12, 3, groups=3), channels=12),
    "depthwise": lambda: _net(
        nn.Conv2d(6, 12, 3, 2, 1, groups=6, bias=False), nn.Conv2d(12, 4, 1), channels=4,
    ),
    "transposed": lambda: _net(
        nn.ConvTranspose2d(6, 4, 3, 2, 1), nn.ConvTranspose2d(4, 4, 2, 2, bias=False), channels=4,
    ),
    "norms": lambda: _net(
        nn.BatchNorm2d(6, eps=1e-2, momentum=0.4, affine=False), nn.LayerNorm([6, 32, 32]), nn.Identity(),
    ),
    "group norm": lambda: _net(nn.GroupNorm(3, 6)),
    "flat norms": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 5, 4), nn.Flatten(), nn.Dropout(0.3), nn.BatchNorm1d(196), nn.ReLU(),
        nn.Linear(196, 9), nn.LayerNorm(9), nn.BatchNorm1d(9, momentum=None), nn.Linear(9, CLASSES),
    ),
    "flattened twice": lambda: _Of(
        lambda self, x: (lambda y: self.a(y) + self.b(F.leaky_relu(y)))(self.conv(x).reshape(x.shape[0], -1)),
        conv=nn.Conv2d(3, 4, 5, 4), a=nn.Linear(196, CLASSES), b=nn.Linear(196, CLASSES),
    ),
    "flattened for more than linear layers": lambda: _Of(
        lambda self, x: self.b(self.a(torch.softmax(torch.flatten(self.conv(x), 1), 1))),
        conv=nn.Conv2d(3, 4, 5, 4), a=nn.LayerNorm(196), b=nn.Linear(196, CLASSES),
    ),
    "activations": lambda: _net(
        nn.ReLU(), nn.LeakyReLU(0.2), nn.ELU(0.7), nn.SELU(), nn.SiLU(), nn.GELU(),
        nn.GELU(approximate="tanh"),
    ),
    "more activations": lambda: _net(
        nn.Sigmoid(), nn.Tanh(), nn.Softplus(), nn.Softsign(), nn.Hardswish(), nn.Hardsigmoid(), nn.Mish(),
        nn.ReLU6(), nn.Hardtanh(-0.5, 0.5), nn.CELU(), nn.PReLU(6), nn.PReLU(), nn.Softmax(1),
    ),
    "activation functions": lambda: _after(
        lambda x: F.elu(F.selu(F.leaky_relu(F.relu6(x * 3), 0.1))) + F.hardswish(x).clamp(0, 2)
        - x.clamp(min=0) + torch.tanh(x) * x.sigmoid() + F.mish(x) + F.softplus(x) + (-x).exp(),
    ),
    "max pools": lambda: _net(
        nn.MaxPool2d(3, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(3, 1, 1),
        nn.MaxPool2d(3, 2, ceil_mode=True),
    ),
    "mean pools": lambda: _net(
        nn.AvgPool2d(3, 2, 1), nn.AvgPool2d(3, 1, 1, count_include_pad=False),
        nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.AvgPool2d(2),
    ),
    "pool functions": lambda: _after(
        lambda x: F.adaptive_avg_pool2d(F.avg_pool2d(F.max_pool2d(x, 2), 3, stride=1, padding=1), (8, 4)),
    ),
    "pads and crops": lambda: _net(
        nn.ZeroPad2d((1, 2, 3, 0)), _Of(lambda self, x: F.pad(x, (-1, 1, -2, -1))), nn.ConstantPad2d(1, 0.0),
    ),
    "upsampling": lambda: _net(
        nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=(1, 2), mode="bilinear"),
        nn.Upsample(scale_factor=3, mode="bilinear"),
        _Of(lambda self, x: F.interpolate(x, size=(200, 130), mode="bilinear", align_corners=False)),
    ),
    "dropouts": lambda: _net(
        nn.Dropout2d(0.3), nn.Dropout(0.2), _Of(lambda self, x: F.dropout(x, 0.1, self.training)),
    ),
    "whitened": Whitened,
    "scaled": Scaled,
    "reused": Reused,
    "functions with weights": OfFunctions,
    "ends in a softmax": lambda: nn.Sequential(_net(nn.ReLU()), nn.Softmax(1)),
    "squeezed": lambda: _Of(
        lambda self, x: self.out(F.adaptive_avg_pool2d(self.conv(x), 1).squeeze(-1).squeeze(-1)),
        conv=nn.Conv2d(3, 6, 3), out=nn.Linear(6, CLASSES),
    ),
    "gated channels": lambda: _Of(
        lambda self, x: self.out(
            (self.conv(x) * self.gate(F.adaptive_avg_pool2d(self.conv(x), 1))).mean((2, 3))
        ),
        conv=nn.Conv2d(3, 6, 3), gate=nn.Sequential(nn.Conv2d(6, 6, 1), nn.Sigmoid()),
        out=nn.Linear(6, CLASSES),
    ),
}  # fmt: skip


def build(name: str) -> nn.Module:
    """The network `name` with random weights and random moving averages, in evaluation mode."""
    torch.manual_seed(sum(map(ord, name)))
    return shaken(NETWORKS[name]())


def shaken(network: nn.Module) -> nn.Module:
    """The network in evaluation mode, its norms and moving averages drawn, so that none leaves its input."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
        norms = nn.BatchNorm1d | nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm
        if isinstance(module, norms) and module.weight is not None:
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    return network.eval()


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
