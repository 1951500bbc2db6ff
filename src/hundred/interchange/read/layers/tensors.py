"""Torch modules for Keras layers that work on tensors of any rank: sequences, attention, slices, reductions.

Tensors of rank 4 (with the batch) are feature maps, channels first as everywhere here; all others have the
order of Keras. Every module turns a map to Keras' order, works by Keras' axes, and turns the result back.
`axis` and `axes` count from 1, since 0 is the batch.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def to_keras(x: Tensor) -> Tensor:
    """[n, c, h, w] to [n, h, w, c]; every other rank as it is."""
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def from_keras(x: Tensor) -> Tensor:
    """[n, h, w, c] to [n, c, h, w]; every other rank as it is."""
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


class KerasReshape(nn.Module):
    """Keras' Reshape: values in the order of Keras, shaped to `target` (without the batch)."""

    def __init__(self, target: Sequence[int]) -> None:
        super().__init__()
        self.target = tuple(target)

    def forward(self, x: Tensor) -> Tensor:
        """[n, ...] to [n, *target], a map channels first."""
        return from_keras(to_keras(x).reshape((-1, *self.target)))


class KerasPermute(nn.Module):
    """Keras' Permute: `dims` are the input's axes, from 1 on, in the order of the output."""

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.dims = tuple(dims)

    def forward(self, x: Tensor) -> Tensor:
        """[n, ...] to its axes in another order."""
        return from_keras(to_keras(x).permute(0, *self.dims))


class LastAxisBatchNorm(nn.Module):
    """Batch normalization of the last axis of [n, ..., features], by the `norm` of [n, features]."""

    def __init__(self, norm: nn.BatchNorm1d) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return self.norm(x.flatten(0, -2)).view(x.shape)


class AxesLayerNorm(nn.Module):
    """Layer normalization over `axes` (Ba et al. 2016), with weights of the shape of these axes."""

    def __init__(
        self, shape: Sequence[int], axes: Sequence[int], eps: float, scale: bool = True, center: bool = True
    ) -> None:
        """`shape` is of the axes that are normalized, in their order."""
        super().__init__()
        self.axes, self.eps = tuple(axes), eps
        self.weight = nn.Parameter(torch.ones(tuple(shape))) if scale else None
        self.bias = nn.Parameter(torch.zeros(tuple(shape))) if center else None

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        x = to_keras(x)
        last = tuple(range(x.ndim - len(self.axes), x.ndim))
        moved = x.movedim(self.axes, last)
        normed = F.layer_norm(moved, moved.shape[last[0] :], self.weight, self.bias, self.eps)
        return from_keras(normed.movedim(last, self.axes))


class SequencePool(nn.Module):
    """Max or mean pooling over the steps of [n, steps, features]; `pads` (before, after) never count."""

    def __init__(self, how: str, size: int, stride: int, pads: Sequence[int]) -> None:
        super().__init__()
        self.how, self.size, self.stride, self.pads = how, size, stride, tuple(pads)

    def forward(self, x: Tensor) -> Tensor:
        """[n, steps, features] to [n, steps', features]."""
        x = x.transpose(1, 2)
        if self.how == "max":
            x = F.max_pool1d(F.pad(x, self.pads, value=float("-inf")), self.size, self.stride)
        else:
            true = F.avg_pool1d(F.pad(torch.ones_like(x[:1, :1]), self.pads), self.size, self.stride)
            x = F.avg_pool1d(F.pad(x, self.pads), self.size, self.stride) / true
        return x.transpose(1, 2)


class ReduceAxes(nn.Module):
    """The mean, the largest, the smallest or the sum over `axes`."""

    def __init__(self, how: str, axes: Sequence[int], keepdims: bool) -> None:
        super().__init__()
        self.how, self.axes, self.keepdims = how, tuple(axes), keepdims

    def forward(self, x: Tensor) -> Tensor:
        """[n, ...] without `axes`, or with 1 there."""
        x = to_keras(x)
        if self.how == "mean":
            x = x.mean(self.axes, keepdim=self.keepdims)
        elif self.how == "sum":
            x = x.sum(self.axes, keepdim=self.keepdims)
        elif self.how == "max":
            x = x.amax(self.axes, keepdim=self.keepdims)
        else:
            x = x.amin(self.axes, keepdim=self.keepdims)
        return from_keras(x)


class Slice(nn.Module):
    """A part of each axis: for each but the batch (start, stop, step), or one index that drops the axis."""

    def __init__(self, parts: Sequence[tuple[int, int, int] | int]) -> None:
        """Starts, stops and indices count from 0 and lie within the axis; steps are above 0."""
        super().__init__()
        self.parts = tuple(parts)

    def forward(self, x: Tensor) -> Tensor:
        """[n, ...] to its part."""
        places = [part if isinstance(part, int) else slice(*part) for part in self.parts]
        return from_keras(to_keras(x)[(slice(None), *places)])


class PadAxes(nn.Module):
    """Zeros around: (before, after) for each axis but the batch."""

    def __init__(self, pads: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.pads = tuple((int(before), int(after)) for before, after in pads)

    def forward(self, x: Tensor) -> Tensor:
        """[n, ...] to the larger tensor."""
        return from_keras(F.pad(to_keras(x), [side for pair in self.pads[::-1] for side in pair]))


class L2Normalize(nn.Module):
    """x / max(its Euclidean length along `axis`, `eps`)."""

    def __init__(self, axis: int, eps: float = 1e-12) -> None:
        super().__init__()
        self.axis, self.eps = axis, eps

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return from_keras(F.normalize(to_keras(x), dim=self.axis, eps=self.eps))


class MatMul(nn.Module):
    """The product of two tensors' last two axes, each transposed before or not."""

    def __init__(self, transpose_a: bool = False, transpose_b: bool = False) -> None:
        super().__init__()
        self.transpose_a, self.transpose_b = transpose_a, transpose_b

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """[n, rows, inner] and [n, inner, columns] to [n, rows, columns]."""
        a = a.transpose(-1, -2) if self.transpose_a else a
        return a @ (b.transpose(-1, -2) if self.transpose_b else b)


class AddTable(nn.Module):
    """x + a table of the shape of x without the batch, such as embeddings of positions."""

    def __init__(self, table: Tensor, trainable: bool = False) -> None:
        """`table` broadcasts over x, channels first where x is a map."""
        super().__init__()
        self.table = nn.Parameter(table, requires_grad=trainable)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return x + self.table


class ExtractPatches(nn.Module):
    """Windows of a map as its channels, in the order row, column, channel; `pads` as in nn.ZeroPad2d."""

    def __init__(
        self,
        channels: int,
        size: Sequence[int],
        stride: Sequence[int],
        pads: Sequence[int],
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.channels, self.size, self.stride = channels, tuple(size), tuple(stride)
        self.pads, self.dilation = tuple(pads), dilation

    def forward(self, x: Tensor) -> Tensor:
        """[n, c, h, w] to [n, rows * columns * c, h', w']."""
        x = F.conv2d(F.pad(x, self.pads), self.kernel(x), stride=self.stride, dilation=self.dilation)
        return x

    def kernel(self, like: Tensor) -> Tensor:
        """[rows * columns * c, c, rows, columns], 1 where a value is taken and 0 elsewhere."""
        rows, columns = self.size
        picks = torch.eye(rows * columns * self.channels, dtype=like.dtype, device=like.device)
        return picks.view(-1, rows, columns, self.channels).permute(0, 3, 1, 2)


class ChannelScale(nn.Module):
    """x * weight, one weight for each channel or feature: LayerScale (Touvron et al. 2021)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return x * (self.weight[:, None, None] if x.ndim == 4 else self.weight)


class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016): in training, each image's whole branch is dropped by `rate`."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        if not self.training or self.rate == 0:
            return x
        kept = torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device) >= self.rate
        return x * kept / (1 - self.rate)


class MultiHeadAttention(nn.Module):
    """Keras' MultiHeadAttention over the steps of [n, steps, features] (Vaswani et al. 2017).

    Head h has the outputs h * size to (h + 1) * size of the projections.
    """

    def __init__(
        self,
        features: tuple[int, int, int],
        heads: int,
        sizes: tuple[int, int],
        output: int,
        *,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        """`features` of query, key and value; `sizes` of a head's key and value; `output` features."""
        super().__init__()
        self.heads, self.sizes, self.dropout = heads, sizes, dropout
        self.query = nn.Linear(features[0], heads * sizes[0], bias)
        self.key = nn.Linear(features[1], heads * sizes[0], bias)
        self.value = nn.Linear(features[2], heads * sizes[1], bias)
        self.output = nn.Linear(heads * sizes[1], output, bias)

    def forward(self, query: Tensor, value: Tensor, key: Tensor | None = None) -> Tensor:
        """[n, steps, f] and [n, steps', f'] to [n, steps, output], in Keras' order of arguments."""
        key = value if key is None else key
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, size)).transpose(1, 2)  # [n, heads, steps, size]
            for layer, x, size in (
                (self.query, query, self.sizes[0]),
                (self.key, key, self.sizes[0]),
                (self.value, value, self.sizes[1]),
            )
        )
        dropout = self.dropout if self.training else 0.0
        x = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        return self.output(x.transpose(1, 2).flatten(-2))


class DotAttention(nn.Module):
    """Keras' Attention without a scale: softmax(query keys^T) values."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, query: Tensor, value: Tensor, key: Tensor | None = None) -> Tensor:
        """[n, steps, f] and [n, steps', f'] to [n, steps, f']."""
        scores = query @ (value if key is None else key).transpose(1, 2)
        return self.dropout(scores.softmax(-1)) @ value


class FrozenBatchNorm1d(nn.BatchNorm1d):
    """Batch normalization that Keras marks as not trainable: it keeps its moving averages in training too."""

    def train(self, mode: bool = True) -> "FrozenBatchNorm1d":
        """Stay in evaluation mode."""
        return super().train(False)


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """As `FrozenBatchNorm1d`, of maps."""

    def train(self, mode: bool = True) -> "FrozenBatchNorm2d":
        """Stay in evaluation mode."""
        return super().train(False)


class Logarithm(nn.Module):
    """log(x), held above -88: probabilities as logits."""

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as `x`."""
        return x.clamp_min(torch.finfo(torch.float32).tiny).log()
