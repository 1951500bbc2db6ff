"""Keras' normalization and scaling layers as torch modules."""

import numpy as np
import torch
from torch import nn

from hundred.interchange.read.converters.conversion import Conversion, Converted, parameter, tensor
from hundred.interchange.read.layers.images import ChannelNorm, Rescale, Standardize
from hundred.interchange.read.layers.tensors import (
    AxesLayerNorm,
    FrozenBatchNorm1d,
    FrozenBatchNorm2d,
    LastAxisBatchNorm,
)
from hundred.interchange.read.settings import shown
from hundred.interchange.read.weights.requests import Array


def _axes(c: Conversion, default: int) -> list[int]:
    """`axis` as a list of axes counted from 1, the last being the channels (0 is the batch)."""
    value = c.settings.values.get("axis", default)
    axes = value if isinstance(value, list) else [value]
    try:
        return sorted(c.place(axis) + 1 for axis in axes)
    except ValueError:
        dimensions = f"axes of a tensor of {len(c.shape) + 1} dimensions"
        raise c.settings.wrong("axis", dimensions) from None


def _positive_epsilon(c: Conversion) -> float:
    epsilon = c.settings.number("epsilon", 1e-3)
    if epsilon < 0:
        raise c.settings.wrong("epsilon", "a number from 0 on")
    return epsilon


def batch_norm(c: Conversion) -> Converted:
    """BatchNormalization over the last axis. torch's momentum is one minus Keras'."""
    s = c.settings
    if _axes(c, -1) != [len(c.shape)]:
        raise s.not_native(f"normalizes over the axis {shown(s.values.get('axis'))}, not over the channels")
    if s.values.get("renorm"):
        raise s.not_native("uses batch renormalization")
    channels = c.shape[-1]
    scale, center = s.flag("scale", True), s.flag("center", True)
    momentum = min(max(1 - s.number("momentum", 0.99), 0.0), 1.0)
    # Keras 2 and 3 keep a layer that is not trainable in inference mode: its averages stay.
    still, is_map = c.inference or not c.trainable, len(c.shape) == 3
    kind: type[nn.BatchNorm1d | nn.BatchNorm2d] = (
        (FrozenBatchNorm2d if still else nn.BatchNorm2d)
        if is_map
        else (FrozenBatchNorm1d if still else nn.BatchNorm1d)
    )
    with torch.device("meta"):
        norm = kind(channels, _positive_epsilon(c), momentum, affine=scale or center)

    def give(arrays: list[Array]) -> None:
        values = dict(zip([weight[0] for weight in weights], arrays, strict=True))
        if scale or center:  # torch has both or none: a missing one is the constant that changes nothing
            norm.weight = parameter(values.get("gamma", np.ones(channels, np.float32)))
            norm.bias = parameter(values.get("beta", np.zeros(channels, np.float32)))
            norm.weight.requires_grad_(scale)
            norm.bias.requires_grad_(center)
        norm.running_mean = tensor(values["moving_mean"])
        norm.running_var = tensor(values["moving_variance"])
        norm.num_batches_tracked = torch.tensor(0)

    weights = [("gamma", (channels,), True)] if scale else []
    weights += [("beta", (channels,), True)] if center else []
    weights += [("moving_mean", (channels,), False), ("moving_variance", (channels,), False)]
    c.ask(weights, give)
    if isinstance(norm, nn.BatchNorm1d) and len(c.shape) != 1:
        return Converted([("", LastAxisBatchNorm(norm))], c.shape)
    return Converted([("", norm)], c.shape)


def layer_norm(c: Conversion) -> Converted:
    """LayerNormalization over the last axis, a whole feature map, or any other axes."""
    s = c.settings
    axes, rank = _axes(c, -1), len(c.shape)
    if s.values.get("rms_scaling"):
        raise s.not_native("is set to rms_scaling")
    scale, center, epsilon = s.flag("scale", True), s.flag("center", True), _positive_epsilon(c)
    whole = rank == 3 and axes == [1, 2, 3]
    if whole:
        c.needs_channels_last()
    last = axes == [rank]
    if not whole and not last:
        c.needs_channels_last()
    shape = tuple(c.shape[axis - 1] for axis in axes)
    norm: nn.LayerNorm | ChannelNorm | AxesLayerNorm
    with torch.device("meta"):
        if not whole and not last:
            norm = AxesLayerNorm(shape, axes, epsilon, scale, center)
        elif rank == 3 and not whole:
            norm = ChannelNorm(shape[0], epsilon, scale, center)
        else:
            native = (shape[2], shape[0], shape[1]) if whole else shape
            norm = nn.LayerNorm(native, epsilon, elementwise_affine=scale or center)

    def give(arrays: list[Array]) -> None:
        values = dict(zip([weight[0] for weight in weights], arrays, strict=True))
        if whole:
            values = {name: array.transpose(2, 0, 1) for name, array in values.items()}
        if isinstance(norm, nn.LayerNorm) and (scale or center):
            native = tuple(norm.normalized_shape)
            values.setdefault("gamma", np.ones(native, np.float32))
            values.setdefault("beta", np.zeros(native, np.float32))
        if "gamma" in values:
            norm.weight = parameter(values["gamma"])
        if "beta" in values:
            norm.bias = parameter(values["beta"])

    weights = [("gamma", shape, True)] if scale else []
    weights += [("beta", shape, True)] if center else []
    c.ask(weights, give)
    return Converted([("", norm)], c.shape)


def group_norm(c: Conversion) -> Converted:
    """GroupNormalization over the last axis of a feature map."""
    s = c.settings
    channels = c.image_shape()[2]
    if _axes(c, -1) != [3]:
        raise s.not_native("groups along another axis than the channels")
    groups = s.integer("groups", 32, low=-1)
    groups = channels if groups == -1 else groups
    if groups < 1 or channels % groups:
        raise s.wrong("groups", f"a divisor of {channels} channels")
    scale, center = s.flag("scale", True), s.flag("center", True)
    with torch.device("meta"):
        norm = nn.GroupNorm(groups, channels, _positive_epsilon(c), affine=scale or center)

    def give(arrays: list[Array]) -> None:
        values = dict(zip([weight[0] for weight in weights], arrays, strict=True))
        if scale or center:
            norm.weight = parameter(values.get("gamma", np.ones(channels, np.float32)))
            norm.bias = parameter(values.get("beta", np.zeros(channels, np.float32)))

    weights = [("gamma", (channels,), True)] if scale else []
    weights += [("beta", (channels,), True)] if center else []
    c.ask(weights, give)
    return Converted([("", norm)], c.shape)


def spread(c: Conversion, values: list[float], key: str) -> torch.Tensor:
    """One constant for all, or one for each channel, shaped to broadcast channels-first."""
    if len(values) == 1:
        return torch.tensor(values[0], dtype=torch.float32)
    if len(values) != c.shape[-1]:
        raise c.settings.wrong(key, f"one number or {c.shape[-1]}")
    constants = torch.tensor(values, dtype=torch.float32)
    return constants[:, None, None] if len(c.shape) == 3 else constants


def rescaling(c: Conversion) -> Converted:
    """Rescaling: x * scale + offset."""
    s = c.settings
    if "offset" not in s.values:
        s.values["offset"] = 0.0
    module = Rescale(spread(c, s.numbers("scale"), "scale"), spread(c, s.numbers("offset"), "offset"))
    return Converted([("", module)], c.shape)


def normalization(c: Conversion) -> Converted:
    """Normalization: (x - mean) / sqrt(variance), both from the config or, where adapted, from weights.

    `axis` is null, or an empty list in Keras 2.12 on, where one mean and variance hold for all.
    """
    s = c.settings
    if s.values.get("invert"):
        raise s.not_native("is set to invert")
    axes = [] if s.values.get("axis", -1) is None else _axes(c, -1)
    if axes not in ([], [len(c.shape)]):
        raise s.not_native(f"normalizes over the axes {axes}")
    if s.values.get("mean") is not None:
        mean, variance = s.numbers("mean"), s.numbers("variance")
        if min(variance) < 0:
            raise s.wrong("variance", "numbers from 0 on")
        std = [max(value**0.5, 1e-7) for value in variance]
        return Converted([("", Standardize(spread(c, mean, "mean"), spread(c, std, "variance")))], c.shape)
    channels = (c.shape[-1],) if axes else ()
    with torch.device("meta"):
        module = Standardize(torch.zeros(()), torch.ones(()))

    def give(arrays: list[Array]) -> None:
        form = (-1, 1, 1) if axes and len(c.shape) == 3 else channels
        module.mean = tensor(arrays[0]).reshape(form)
        # Keras' own epsilon keeps the divisor from 0.
        module.std = tensor(np.maximum(np.sqrt(np.maximum(arrays[1], 0)), 1e-7)).reshape(form)

    c.ask([("mean", channels, False), ("variance", channels, False), ("count", (), False)], give)
    return Converted([("", module)], c.shape)
