"""Keras' layers on sequences [n, steps, features]: poolings and attention; and the layers of ConvNeXt."""

import numpy as np
import torch
from torch import nn

from hundred.interchange.read.converters.activation import with_activation
from hundred.interchange.read.converters.conv import dense as dense_layer
from hundred.interchange.read.converters.conv import same_pads
from hundred.interchange.read.converters.conversion import Conversion, Converted, Shape, parameter
from hundred.interchange.read.layers.tensors import (
    AddTable,
    ChannelScale,
    DotAttention,
    DropPath,
    MultiHeadAttention,
    ReduceAxes,
    SequencePool,
)
from hundred.interchange.read.settings import shown
from hundred.interchange.read.weights.requests import Array


def _steps(c: Conversion) -> tuple[int, int]:
    """(steps, features) of the one sequence."""
    if len(c.shape) != 2:
        raise c.settings.not_native(f"works on a tensor of shape {list(c.shape)}, no sequence")
    if c.settings.text("data_format", "channels_last") != "channels_last":
        raise c.settings.not_native("puts the features of a sequence first")
    return c.shape[0], c.shape[1]


def _single(c: Conversion, key: str, default: int | None) -> int | None:
    value = c.settings.values.get(key, default)
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if value is not None and (type(value) is not int or value < 1):
        raise c.settings.wrong(key, "a whole number from 1")
    return value


def pooling(c: Conversion) -> Converted:
    """MaxPooling1D and AveragePooling1D."""
    steps, features = _steps(c)
    size = _single(c, "pool_size", 2) or 2
    stride = _single(c, "strides", None) or size
    same = c.settings.choice("padding", "valid", ("valid", "same")) == "same"
    pads = same_pads(steps, size, stride) if same else (0, 0)
    out = (steps + sum(pads) - size) // stride + 1
    if out < 1:
        raise c.settings.wrong("pool_size", f"what fits {steps} steps")
    how = "max" if c.settings.class_name.startswith("Max") else "mean"
    return Converted([("", SequencePool(how, size, stride, pads))], (out, features))


def global_pooling(c: Conversion) -> Converted:
    """GlobalMaxPooling1D and GlobalAveragePooling1D."""
    _, features = _steps(c)
    how = "max" if c.settings.class_name.startswith("GlobalMax") else "mean"
    keepdims = c.settings.flag("keepdims", False)
    shape = (1, features) if keepdims else (features,)
    return Converted([("", ReduceAxes(how, [1], keepdims))], shape)


#: The layers inside MultiHeadAttention, as their groups in a `.keras` file are called.
_PROJECTIONS = ("query_dense", "key_dense", "value_dense", "output_dense")


def attention(c: Conversion) -> Converted:
    """MultiHeadAttention over the steps of sequences, called on query, value and perhaps key."""
    s = c.settings
    if len(c.shapes) not in (2, 3) or any(len(shape) != 2 for shape in c.shapes):
        raise s.not_native(f"is called on {', '.join(str(list(shape)) for shape in c.shapes)}, no sequences")
    if s.values.get("use_gate") or s.values.get("seed_generator"):
        raise s.not_native("is set to use_gate")
    if s.values.get("attention_axes") not in (None, [1], 1, [-2]):
        raise s.not_native(f"attends along the axes {shown(s.values['attention_axes'])}")
    for key, value in c.keywords.items():
        if value not in (None, False):
            raise s.not_native(f"is called with {key}={shown(value)}")
    heads, size = s.integer("num_heads"), s.integer("key_dim")
    width = size if s.values.get("value_dim") is None else s.integer("value_dim")
    query, value = c.shapes[0], c.shapes[1]
    key_shape = c.shapes[2] if len(c.shapes) == 3 else value
    if key_shape[0] != value[0]:
        raise s.wrong("input shapes", "key and value of the same number of steps")
    output = s.values.get("output_shape")
    output = output[0] if isinstance(output, list) and len(output) == 1 else output
    output = query[1] if output is None else output
    if isinstance(output, bool) or not isinstance(output, int) or output < 1:
        raise s.not_native(f"has the output_shape {shown(output)}")
    bias, dropout = s.flag("use_bias", True), s.number("dropout", 0.0)
    with torch.device("meta"):
        module = MultiHeadAttention(
            (query[1], key_shape[1], value[1]), heads, (size, width), output, bias=bias, dropout=dropout
        )
    layers = (module.query, module.key, module.value, module.output)

    def give(arrays: list[Array]) -> None:
        for layer, kernel in zip(layers, arrays[:: 1 + bias], strict=True):
            layer.weight = parameter(kernel.reshape(layer.in_features, -1).T)
        for layer, values in zip(layers, arrays[1::2] if bias else [], strict=False):
            layer.bias = parameter(values.reshape(-1))

    kernels: list[Shape] = [
        (query[1], heads, size),
        (key_shape[1], heads, size),
        (value[1], heads, width),
        (heads, width, output),
    ]
    biases: list[Shape] = [(heads, size), (heads, size), (heads, width), (output,)]
    weights: list[tuple[str, Shape, bool]] = []
    places: list[str] = []
    for name, kernel, shift in zip(_PROJECTIONS, kernels, biases, strict=True):
        weights += [("kernel", kernel, True), ("bias", shift, True)][: 1 + bias]
        places += [name] * (1 + bias)
    c.ask(weights, give, places)
    return Converted([("", module)], (query[0], output))


def einsum_dense(c: Conversion) -> Converted:
    """EinsumDense where it is Dense on the last axis, or a factor for each feature; with any bias."""
    equation = c.settings.text("equation", "").replace("...", "").replace(" ", "")
    inside, _, given = equation.partition("->")
    taken, _, kernel = inside.partition(",")
    rank = len(c.shape)
    bias_axes = c.settings.values.get("bias_axes")
    c.needs_channels_last()
    plain = rank > 0 and len(taken) == len(set(taken)) == rank + 1
    if plain and kernel == taken[-1] and given == taken:
        return _feature_factors(c, taken, bias_axes)
    dense = plain and len(kernel) == 2 and kernel[0] == taken[-1] and given == taken[:-1] + kernel[1]
    if dense and bias_axes in (None, kernel[1]):
        units = c.settings.values.get("output_shape")
        last = units[-1] if isinstance(units, list | tuple) and units else units
        c.settings.values |= {"units": last, "use_bias": bias_axes is not None}
        return dense_layer(c)
    raise c.settings.not_native(f"computes {shown(equation)}")


def _feature_factors(c: Conversion, letters: str, bias_axes: object) -> Converted:
    features = c.shape[-1]
    with torch.device("meta"):
        factors = ChannelScale(features)
    modules: list[tuple[str, nn.Module]] = [("", factors)]
    weights: list[tuple[str, Shape, bool]] = [("kernel", (features,), True)]
    table = None
    if bias_axes is not None:
        if not isinstance(bias_axes, str) or not letters.endswith(bias_axes) or letters[0] in bias_axes:
            raise c.settings.not_native(f"has a bias along {shown(bias_axes)}")
        table = AddTable(torch.zeros(()), c.trainable)
        modules.append(("table", table))
        weights.append(("bias", c.shape[-len(bias_axes) :], True))

    def give(arrays: list[Array]) -> None:
        factors.weight = parameter(arrays[0])
        if table is not None:
            wide = np.array(np.broadcast_to(arrays[1], c.shape))
            table.table = parameter(wide.transpose(2, 0, 1) if len(c.shape) == 3 else wide)

    c.ask(weights, give)
    return with_activation(c, modules, c.shape)


def attention_of_lists(c: Conversion) -> Converted:
    """Attention of [query, value] or [query, value, key], without a scale of its own: Luong et al. 2015."""
    s = c.settings
    if len(c.shapes) not in (2, 3) or any(len(shape) != 2 for shape in c.shapes):
        raise s.not_native(f"is called on {', '.join(str(list(shape)) for shape in c.shapes)}, no sequences")
    if s.values.get("use_scale") or s.text("score_mode", "dot") != "dot" or s.values.get("use_causal_mask"):
        raise s.not_native("scales its scores, or is causal")
    if c.keywords:
        raise s.not_native(f"is called with {shown(next(iter(c.keywords)))}")
    module = DotAttention(s.number("dropout", 0.0))
    return Converted([("", module)], (c.shapes[0][0], c.shapes[1][1]))


def layer_scale(c: Conversion) -> Converted:
    """LayerScale of keras.applications' ConvNeXt: a factor for each channel."""
    if not c.shape:
        raise c.settings.not_native("works on single numbers")
    channels = c.shape[-1]
    c.needs_channels_last()
    with torch.device("meta"):
        module = ChannelScale(channels)

    def give(arrays: list[Array]) -> None:
        module.weight = parameter(np.asarray(arrays[0]))

    c.ask([("gamma", (channels,), True)], give)
    return Converted([("", module)], c.shape)


def stochastic_depth(c: Conversion) -> Converted:
    """StochasticDepth of keras.applications' ConvNeXt: branches are dropped in training alone."""
    names = ("drop_path_rate", "rate", "drop_prob", "drop_prop", "drop_rate")
    rate = next((c.settings.values[key] for key in names if key in c.settings.values), 0.0)
    if not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise c.settings.wrong("drop_path_rate", "a fraction below 1")
    module: nn.Module = DropPath(float(rate))
    return Converted([("", module)], c.shape)
