"""Keras' convolutions of sequences [n, steps, features], as torch's of maps that are one pixel wide."""

from torch import device, nn

from hundred.interchange.read.converters.activation import with_activation
from hundred.interchange.read.converters.conv import same_pads
from hundred.interchange.read.converters.conversion import Conversion, Converted, Modules, parameter
from hundred.interchange.read.layers.tensors import KerasReshape
from hundred.interchange.read.settings import LARGEST, Settings
from hundred.interchange.read.weights.requests import Array


def conv1d(c: Conversion) -> Converted:
    """Conv1D, with groups and dilation; `causal` padding puts all zeros before the first step."""
    s = c.settings
    if len(c.shape) != 2 or s.text("data_format", "channels_last") != "channels_last":
        raise s.not_native(f"works on a tensor of shape {list(c.shape)}, no sequence of features")
    c.needs_channels_last()
    steps, features = c.shape
    filters, groups, bias = s.integer("filters"), s.integer("groups", 1), s.flag("use_bias", True)
    kernel, stride, dilation = (_single(s, key) for key in ("kernel_size", "strides", "dilation_rate"))
    if features % groups or filters % groups:
        raise s.wrong("groups", f"a divisor of {features} features and {filters} filters")
    before, after = 0, 0
    padding = s.choice("padding", "valid", ("valid", "same", "causal"))
    if padding == "same":
        before, after = same_pads(steps, kernel, stride, dilation)
    elif padding == "causal":
        before = (kernel - 1) * dilation
    out = (steps + before + after - (kernel - 1) * dilation - 1) // stride + 1
    if out < 1:
        raise s.wrong("kernel_size", f"what fits a sequence of {steps} steps")
    inside = before if before == after else 0
    with device("meta"):
        conv = nn.Conv2d(
            features, filters, (kernel, 1), (stride, 1), (inside, 0), (dilation, 1), groups, bias
        )

    def give(arrays: list[Array]) -> None:
        conv.weight = parameter(arrays[0].transpose(2, 1, 0)[..., None])  # [out, in / groups, steps, 1]
        if bias:
            conv.bias = parameter(arrays[1])

    shape = (kernel, features // groups, filters)
    c.ask([("kernel", shape, True), ("bias", (filters,), True)][: 1 + bias], give)
    modules: Modules = [("map", KerasReshape((steps, 1, features)))]
    if before != after:
        modules.append(("pad", nn.ZeroPad2d((0, 0, before, after))))
    modules += [("", conv), ("steps", KerasReshape((out, filters)))]
    return with_activation(c, modules, (out, filters))


def _single(s: Settings, key: str) -> int:
    """A whole number, or a list of one."""
    value = s.values.get(key, 1)
    if isinstance(value, list | tuple) and len(value) == 1:
        s.values[key] = value[0]
    return s.integer(key, 1, high=LARGEST)
