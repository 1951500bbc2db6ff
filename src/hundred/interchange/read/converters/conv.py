"""Keras' convolutions and Dense as torch modules, with kernels turned from (rows, columns, in, out)."""

from torch import device, nn

from hundred.interchange.read.converters.activation import with_activation
from hundred.interchange.read.converters.conversion import Conversion, Converted, Modules, parameter
from hundred.interchange.read.layers.images import Crop2d
from hundred.interchange.read.weights.requests import Array


def same_pads(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Zeros before and after one side under Keras' `same` padding: the odd one comes after.

    The output has ceil(size / stride) places.
    """
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def window(
    c: Conversion, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
    """Zeros as (left, right, top, bottom), and the output's (rows, columns), for the layer's `padding`."""
    rows, columns, _ = c.image_shape()
    pads = (0, 0, 0, 0)
    if c.settings.choice("padding", "valid", ("valid", "same")) == "same":
        vertical = same_pads(rows, kernel[0], stride[0], dilation[0])
        horizontal = same_pads(columns, kernel[1], stride[1], dilation[1])
        pads = (*horizontal, *vertical)
    out = (
        (rows + pads[2] + pads[3] - (kernel[0] - 1) * dilation[0] - 1) // stride[0] + 1,
        (columns + pads[0] + pads[1] - (kernel[1] - 1) * dilation[1] - 1) // stride[1] + 1,
    )
    if min(out) < 1:
        raise c.settings.wrong("kernel_size" if "kernel_size" in c.settings.values else "pool_size",
                               f"what fits an input of {rows}x{columns}")  # fmt: skip
    return pads, out


def _padded(pads: tuple[int, int, int, int]) -> tuple[Modules, tuple[int, int]]:
    """Even padding goes into the convolution as (rows, columns), uneven becomes a layer before it."""
    if pads[0] == pads[1] and pads[2] == pads[3]:
        return [], (pads[2], pads[0])
    return [("pad", nn.ZeroPad2d(pads))], (0, 0)


def conv2d(c: Conversion) -> Converted:
    """Conv2D, with groups and dilation."""
    s = c.settings
    c.needs_own_format()
    channels = c.image_shape()[2]
    filters, groups = s.integer("filters"), s.integer("groups", 1)
    kernel, stride, dilation = s.pair("kernel_size"), s.pair("strides", 1), s.pair("dilation_rate", 1)
    if channels % groups or filters % groups:
        raise s.wrong("groups", f"a divisor of {channels} channels and {filters} filters")
    pads, out = window(c, kernel, stride, dilation)
    before, padding = _padded(pads)
    bias = s.flag("use_bias", True)
    with device("meta"):
        conv = nn.Conv2d(channels, filters, kernel, stride, padding, dilation, groups, bias)

    def give(arrays: list[Array]) -> None:
        conv.weight = parameter(arrays[0].transpose(3, 2, 0, 1))  # [out, in / groups, rows, columns]
        if bias:
            conv.bias = parameter(arrays[1])

    c.ask(
        [("kernel", (*kernel, channels // groups, filters), True), ("bias", (filters,), True)][: 1 + bias],
        give,
    )
    return with_activation(c, [*before, ("", conv)], (*out, filters))


def depthwise_conv2d(c: Conversion) -> Converted:
    """DepthwiseConv2D: every channel has filters of its own."""
    s = c.settings
    c.needs_own_format()
    channels, multiplier = c.image_shape()[2], s.integer("depth_multiplier", 1)
    kernel, stride, dilation = s.pair("kernel_size"), s.pair("strides", 1), s.pair("dilation_rate", 1)
    pads, out = window(c, kernel, stride, dilation)
    before, padding = _padded(pads)
    bias, filters = s.flag("use_bias", True), channels * multiplier
    with device("meta"):
        conv = nn.Conv2d(channels, filters, kernel, stride, padding, dilation, channels, bias)

    def give(arrays: list[Array]) -> None:
        conv.weight = parameter(_depthwise(arrays[0]))
        if bias:
            conv.bias = parameter(arrays[1])

    name = "depthwise_kernel" if c.version < 3 else "kernel"
    c.ask([(name, (*kernel, channels, multiplier), True), ("bias", (filters,), True)][: 1 + bias], give)
    return with_activation(c, [*before, ("", conv)], (*out, filters))


def separable_conv2d(c: Conversion) -> Converted:
    """SeparableConv2D: a depthwise convolution, then a 1x1 convolution with bias and activation."""
    s = c.settings
    c.needs_own_format()
    channels, multiplier, filters = c.image_shape()[2], s.integer("depth_multiplier", 1), s.integer("filters")
    kernel, stride, dilation = s.pair("kernel_size"), s.pair("strides", 1), s.pair("dilation_rate", 1)
    pads, out = window(c, kernel, stride, dilation)
    before, padding = _padded(pads)
    bias, middle = s.flag("use_bias", True), channels * multiplier
    with device("meta"):
        depthwise = nn.Conv2d(channels, middle, kernel, stride, padding, dilation, channels, bias=False)
        pointwise = nn.Conv2d(middle, filters, 1, bias=bias)

    def give(arrays: list[Array]) -> None:
        depthwise.weight = parameter(_depthwise(arrays[0]))
        pointwise.weight = parameter(arrays[1].transpose(3, 2, 0, 1))
        if bias:
            pointwise.bias = parameter(arrays[2])

    weights = [
        ("depthwise_kernel", (*kernel, channels, multiplier), True),
        ("pointwise_kernel", (1, 1, middle, filters), True),
        ("bias", (filters,), True),
    ]
    c.ask(weights[: 2 + bias], give)
    return with_activation(c, [*before, ("depthwise", depthwise), ("", pointwise)], (*out, filters))


def _depthwise(kernel: Array) -> Array:
    """(rows, columns, channels, multiplier) to torch's [channels * multiplier, 1, rows, columns]."""
    rows, columns, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)


def conv2d_transpose(c: Conversion) -> Converted:
    """Conv2DTranspose: the whole result is made and then cut as Keras cuts it."""
    s = c.settings
    c.needs_own_format()
    rows, columns, channels = c.image_shape()
    filters, kernel, stride = s.integer("filters"), s.pair("kernel_size"), s.pair("strides", 1)
    if s.pair("dilation_rate", 1) != (1, 1) or s.values.get("output_padding") is not None:
        raise s.not_native("has a dilation or an output_padding")
    same = s.choice("padding", "valid", ("valid", "same")) == "same"
    crops, extra, out = [], [], []
    for size, k, step in zip((rows, columns), kernel, stride, strict=True):
        full = (size - 1) * step + k
        wanted = size * step + (0 if same else max(k - step, 0))
        extra.append(max(wanted - full, 0))
        cut = max(full - wanted, 0)
        crops.append((cut // 2, cut - cut // 2))
        out.append(wanted)
    bias = s.flag("use_bias", True)
    with device("meta"):
        conv = nn.ConvTranspose2d(channels, filters, kernel, stride, 0, 0, bias=bias)

    def give(arrays: list[Array]) -> None:
        conv.weight = parameter(arrays[0].transpose(3, 2, 0, 1))  # [in, out, rows, columns]
        if bias:
            conv.bias = parameter(arrays[1])

    c.ask([("kernel", (*kernel, filters, channels), True), ("bias", (filters,), True)][: 1 + bias], give)
    modules: Modules = [("", conv)]
    if any(extra):  # a stride above the kernel leaves places that only the bias reaches
        raise s.not_native("has a stride larger than its kernel")
    if any(side for pair in crops for side in pair):
        modules.append(("crop", Crop2d((*crops[1], *crops[0]))))
    return with_activation(c, modules, (out[0], out[1], filters))


def dense(c: Conversion) -> Converted:
    """Dense is a linear layer on the last axis, on a feature map a 1x1 convolution."""
    s = c.settings
    units, bias, shape = s.integer("units"), s.flag("use_bias", True), c.shape
    if not shape:
        raise s.not_native("works on single numbers")
    c.needs_channels_last()
    is_map = len(shape) == 3
    features = shape[-1]
    layer: nn.Linear | nn.Conv2d
    with device("meta"):
        layer = nn.Conv2d(features, units, 1, bias=bias) if is_map else nn.Linear(features, units, bias)

    def give(arrays: list[Array]) -> None:
        kernel = arrays[0].transpose(1, 0)  # [out, in]
        layer.weight = parameter(kernel[:, :, None, None] if is_map else kernel)
        if bias:
            layer.bias = parameter(arrays[1])

    c.ask([("kernel", (features, units), True), ("bias", (units,), True)][: 1 + bias], give)
    return with_activation(c, [("", layer)], (*shape[:-1], units))
