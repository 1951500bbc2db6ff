"""Keras' activations, by name and as layers, as torch modules."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from hundred.interchange.read.converters.conversion import Conversion, Converted, Modules, Shape, parameter
from hundred.interchange.read.layers.images import Activation, ChannelPReLU
from hundred.interchange.read.settings import CustomObject, Settings, shown
from hundred.interchange.read.weights.requests import Array

#: Names that mean the same in Keras 2 and 3 and need no parameter.
_PLAIN: dict[str, Callable[[], nn.Module]] = {
    # The last axis of Keras is dimension 1 of [n, c, h, w] and of [n, f].
    "softmax": lambda: nn.Softmax(1),
    "log_softmax": lambda: nn.LogSoftmax(1),
    "leaky_relu": lambda: nn.LeakyReLU(0.2),  # Keras' default for the name
    "exponential": lambda: Activation("exponential"),
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "swish": nn.SiLU,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "mish": nn.Mish,
    "hard_swish": nn.Hardswish,
    "hard_silu": nn.Hardswish,
    "celu": nn.CELU,
    "log_sigmoid": nn.LogSigmoid,
    "tanh_shrink": nn.Tanhshrink,
    "soft_shrink": nn.Softshrink,
    "hard_shrink": nn.Hardshrink,
    "hard_tanh": nn.Hardtanh,
}


def with_activation(c: Conversion, modules: Modules, shape: Shape) -> Converted:
    """`modules`, and behind them what the layer's `activation` names."""
    extra = named_activation(c, c.settings.values.get("activation"), shape)
    return Converted([*modules, ("activation", extra)] if extra is not None else modules, shape)


def named_activation(c: Conversion, value: Any, shape: Shape) -> nn.Module | None:
    """The module for an `activation` as configs have it: a name, an activation layer, or nothing."""
    s = c.settings
    if isinstance(value, dict):
        name, inner = value.get("class_name"), value.get("config")
        if name == "function" and isinstance(inner, str):
            value = inner  # {"class_name": "function", "config": "my_function"}
        elif isinstance(name, str) and isinstance(inner, dict):
            settings = Settings(inner, s.layer, name)
            if name == "Activation":
                return named_activation(c, inner.get("activation"), shape)
            if name in _LAYERS:
                return _LAYERS[name](c, settings, shape)
            if name == "PReLU":
                raise s.not_native("has PReLU as its activation")
            raise CustomObject(s.layer, s.class_name, f"has the custom activation {shown(name)}", name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise s.wrong("activation", "the name of an activation")
    return _by_name(c, value.removeprefix("keras.activations."), shape)


def _by_name(c: Conversion, name: str, shape: Shape) -> nn.Module | None:
    if name.endswith("softmax") and len(shape) == 3 and c.channels_first:
        raise c.settings.not_native(f"has a {shown(name)} along another axis than the channels")
    if name.endswith("softmax") and not shape:
        raise c.settings.not_native(f"has a {shown(name)} of single numbers")
    if name.endswith("softmax") and len(shape) not in (1, 3):
        return nn.Softmax(-1) if name == "softmax" else nn.LogSoftmax(-1)
    if name == "linear":
        return None
    if name == "hard_sigmoid":
        return Activation("hard_sigmoid_keras2") if c.version < 3 else nn.Hardsigmoid()
    if name in _PLAIN:
        return _PLAIN[name]()
    if name in ("glu", "sparsemax", "squareplus", "threshold", "sparse_plus", "sparse_sigmoid"):
        raise c.settings.not_native(f"has the activation {name}, which has no native counterpart")
    reason = f"has the custom activation {shown(name)}"
    raise CustomObject(c.settings.layer, c.settings.class_name, reason, name)


def _relu(_: Conversion, s: Settings, __: Shape) -> nn.Module:
    largest, slope, threshold = (
        s.optional_number("max_value"),
        s.optional_number("negative_slope") or 0.0,
        s.optional_number("threshold") or 0.0,
    )
    if threshold != 0:
        raise s.not_native("has a threshold")
    if largest is None:
        return nn.LeakyReLU(slope) if slope else nn.ReLU()
    if slope:
        raise s.not_native("has both a largest value and a slope")
    return nn.ReLU6() if largest == 6 else nn.Hardtanh(0.0, largest)


def _leaky_relu(_: Conversion, s: Settings, __: Shape) -> nn.Module:
    key = "negative_slope" if s.values.get("negative_slope") is not None else "alpha"
    return nn.LeakyReLU(s.number(key, 0.3))


def _elu(_: Conversion, s: Settings, __: Shape) -> nn.Module:
    return nn.ELU(s.number("alpha", 1.0))


def softmax_layer(c: Conversion, s: Settings, shape: Shape) -> nn.Module:
    """Softmax along any one axis."""
    axis = s.values.get("axis", -1)
    if isinstance(axis, list) and len(axis) == 1:
        axis = axis[0]
    rank = len(shape)
    if type(axis) is not int or not -rank <= axis <= rank or axis == 0:
        raise s.not_native(f"works along the axis {shown(axis)} of {list(shape)}")
    axis = axis % (rank + 1)
    if rank not in (1, 3):
        return nn.Softmax(axis)
    if c.channels_first and rank == 3:
        return nn.Softmax(axis)
    return nn.Softmax(1 if axis == rank else axis + 1)


_LAYERS = {"ReLU": _relu, "LeakyReLU": _leaky_relu, "ELU": _elu, "Softmax": softmax_layer}


def activation_layer(c: Conversion) -> Converted:
    """ReLU, LeakyReLU, ELU, Softmax as layers of their own."""
    return Converted([("", _LAYERS[c.settings.class_name](c, c.settings, c.shape))], c.shape)


def activation(c: Conversion) -> Converted:
    """The Activation layer."""
    module = named_activation(c, c.settings.values.get("activation"), c.shape)
    return Converted([("", module if module is not None else nn.Identity())], c.shape)


def prelu(c: Conversion) -> Converted:
    """PReLU with its slopes shared over no, one or both image axes."""
    s = c.settings
    c.needs_channels_last()
    shape = list(c.shape)
    for axis in s.values.get("shared_axes") or []:
        if type(axis) is not int or not 1 <= axis <= len(shape):
            raise s.wrong("shared_axes", f"axes from 1 to {len(shape)}")
        shape[axis - 1] = 1
    with torch.device("meta"):
        module = ChannelPReLU(_first(tuple(shape)))

    def give(arrays: list[Array]) -> None:
        array = arrays[0]
        module.weight = parameter(array.transpose(2, 0, 1) if array.ndim == 3 else array)

    c.ask([("alpha", tuple(shape), True)], give)
    return Converted([("", module)], c.shape)


def _first(shape: Shape) -> Shape:
    return (shape[2], shape[0], shape[1]) if len(shape) == 3 else shape
