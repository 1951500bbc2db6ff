"""The few torch modules that Keras layers need and torch.nn lacks. All take and give channels-first tensors.

The tracer of `trace.py` keeps them whole, so that a network that was read from a Keras file is written back
with the layers it came with.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class FlattenChannelsLast(nn.Module):
    """Flatten [n, c, h, w] in the order of Keras: row, column, channel.

    The Dense kernel behind it therefore keeps the row order of the file. With channels-last memory
    this order is a view, while torch's own order would be a copy.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to [n, h * w * c]."""
        return x.permute(0, 2, 3, 1).flatten(1)


class Crop2d(nn.Module):
    """Cut rows and columns off: `crops` is (left, right, top, bottom), as in nn.ZeroPad2d."""

    def __init__(self, crops: Sequence[int]) -> None:
        super().__init__()
        self.crops = tuple(crops)

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to the smaller [n, c, h - top - bottom, w - left - right]."""
        return F.pad(x, [-crop for crop in self.crops])


class ChannelNorm(nn.Module):
    """Layer normalization over the channels of each pixel of [n, c, h, w] (Ba et al. 2016; axis=-1)."""

    def __init__(self, channels: int, eps: float, scale: bool = True, center: bool = True) -> None:
        super().__init__()
        self.channels, self.eps = channels, eps
        self.weight = nn.Parameter(torch.ones(channels)) if scale else None
        self.bias = nn.Parameter(torch.zeros(channels)) if center else None

    def forward(self, x: Tensor) -> Tensor:
        """(x - mean) / sqrt(variance + eps) * weight + bias, over dimension 1."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), (self.channels,), self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class Rescale(nn.Module):
    """x * scale + offset, with one constant for all ([]) or one for each channel ([c] or [c, 1, 1])."""

    scale: Tensor
    offset: Tensor

    def __init__(self, scale: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale)
        self.register_buffer("offset", offset)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return x * self.scale + self.offset


class Standardize(nn.Module):
    """(x - mean) / std, with one constant for all ([]) or one for each channel ([c] or [c, 1, 1])."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return (x - self.mean) / self.std


class PadMaxPool2d(nn.Module):
    """Max pooling with uneven padding that never wins: `pads` is (left, right, top, bottom)."""

    def __init__(self, kernel_size: Sequence[int], stride: Sequence[int], pads: Sequence[int]) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.pads = tuple(kernel_size), tuple(stride), tuple(pads)

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to [n, c, h', w']."""
        x = F.pad(x, self.pads, value=float("-inf"))
        return F.max_pool2d(x, self.kernel_size, self.stride)


class PadAvgPool2d(nn.Module):
    """Average pooling with uneven padding; the mean is over the true pixels under the window.

    Keras' torch backend alone pads with the edge's pixels and counts them: `repeat_edges`.
    """

    def __init__(
        self,
        kernel_size: Sequence[int],
        stride: Sequence[int],
        pads: Sequence[int],
        repeat_edges: bool = False,
    ) -> None:
        """`pads` is (left, right, top, bottom)."""
        super().__init__()
        self.kernel_size, self.stride, self.pads = tuple(kernel_size), tuple(stride), tuple(pads)
        self.repeat_edges = repeat_edges

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to [n, c, h', w']."""
        if self.repeat_edges:
            return F.avg_pool2d(F.pad(x, self.pads, mode="replicate"), self.kernel_size, self.stride)
        true = F.pad(torch.ones_like(x[:1, :1]), self.pads)
        share = F.avg_pool2d(true, self.kernel_size, self.stride)  # share of the window on the image
        return F.avg_pool2d(F.pad(x, self.pads), self.kernel_size, self.stride) / share


class ChannelPReLU(nn.Module):
    """max(0, x) + weight * min(0, x) with a slope for each value ([c, h, w], broadcast): He et al. 2015."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(tuple(shape)))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return F.relu(x) - self.weight * F.relu(-x)


_PLAIN = {
    "exponential": torch.exp, "square": torch.square, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt,
    "absolute": torch.abs, "log": torch.log, "sin": torch.sin, "cos": torch.cos,
}  # fmt: skip


class Activation(nn.Module):
    """An activation or function of Keras, by name, that torch.nn has not as a module."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        if self.name == "hard_sigmoid_keras2":  # Keras 2's line; Keras 3 and torch use relu6(x + 3) / 6
            return torch.clamp(x * 0.2 + 0.5, 0.0, 1.0)
        if self.name in _PLAIN:
            return _PLAIN[self.name](x)
        raise ValueError(self.name)


class Combine(nn.Module):
    """Several tensors to one: `how` is add, subtract, multiply, divide, average, maximum, minimum."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, *tensors: Tensor) -> Tensor:
        """Elementwise, with broadcasting."""
        total = tensors[0]
        for other in tensors[1:]:
            if self.how in ("add", "average"):
                total = total + other
            elif self.how == "multiply":
                total = total * other
            elif self.how == "subtract":
                total = total - other
            elif self.how == "divide":
                total = total / other
            elif self.how == "maximum":
                total = torch.maximum(total, other)
            else:
                total = torch.minimum(total, other)
        return total * (1 / len(tensors)) if self.how == "average" else total


class ReverseChannels(nn.Module):
    """Channels in reverse: RGB to BGR, which the first ImageNet networks of Caffe took."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return x.flip(1)


class StackChannels(nn.Module):
    """Single channels as one map."""

    def forward(self, *channels: Tensor) -> Tensor:
        """[n, h, w] each to [n, c, h, w]."""
        return torch.stack(channels, 1)


class Concatenate(nn.Module):
    """Join tensors along `dim` (1 is the channels)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *tensors: Tensor) -> Tensor:
        """All shapes equal but for `dim`."""
        return torch.cat(tensors, self.dim)


class GraphModule(nn.Module):
    """A network that is no chain: named layers, and for each step the values it takes.

    Value 0 is the input; step i makes value i + 1. torch.fx can trace it, since the wiring is fixed.
    """

    def __init__(
        self, layers: dict[str, nn.Module], steps: Sequence[tuple[str, tuple[int, ...]]], output: int
    ) -> None:
        """`steps` are (layer name, values taken); `output` is the value given back."""
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.steps = tuple(steps)
        self.output = output
        self._last_use = {value: i for i, (_, taken) in enumerate(self.steps) for value in taken}

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to whatever the last layer gives."""
        values: dict[int, Tensor] = {0: x}
        for i, (name, taken) in enumerate(self.steps):
            values[i + 1] = self.get_submodule(name)(*[values[value] for value in taken])
            for value in set(taken):  # a value that is not needed again is freed at once
                if self._last_use[value] == i and value != self.output:
                    del values[value]
        return values[self.output]

    def without_step(self, index: int) -> "GraphModule":
        """The same network without step `index`, which takes the input alone: its users take the input."""
        name = self.steps[index][0]

        def moved(value: int) -> int:
            return 0 if value == index + 1 else value - (value > index + 1)

        steps = [
            (step, tuple(moved(value) for value in taken))
            for i, (step, taken) in enumerate(self.steps)
            if i != index
        ]
        layers = {key: layer for key, layer in self.named_children() if key != name}
        return GraphModule(layers, steps, moved(self.output))
