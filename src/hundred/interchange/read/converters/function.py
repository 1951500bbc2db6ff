"""Functions on tensors in functional models: TensorFlow's in Keras 2 (TFOpLambda), keras.ops in Keras 3.

They are known by their names in the file; nothing of it is executed.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from hundred.interchange.read.converters.activation import named_activation
from hundred.interchange.read.converters.conversion import TENSOR, Conversion, Converted, Modules
from hundred.interchange.read.converters.norm import spread
from hundred.interchange.read.converters.pool import resized
from hundred.interchange.read.layers import (
    Combine,
    Concatenate,
    Rescale,
    ReverseChannels,
    StackChannels,
    TakeChannel,
)
from hundred.interchange.read.settings import shown

Function = Callable[[Conversion], Converted]


def combine(how: str) -> Function:
    """The converter of a layer or function that works value by value on several tensors."""

    def convert(c: Conversion) -> Converted:
        return _with_constant(c, how) if len(c.shapes) == 1 else _of_tensors(c, how)

    return convert


def _of_tensors(c: Conversion, how: str) -> Converted:
    shape = list(c.shapes[0])
    for other in c.shapes[1:]:
        if len(other) != len(shape):
            raise c.settings.not_native("joins tensors of unlike rank")
        for i, (a, b) in enumerate(zip(shape, other, strict=True)):
            if a != b and 1 not in (a, b):
                raise c.settings.wrong(
                    "input shapes", f"shapes that fit: {list(c.shapes[0])} and {list(other)} do not"
                )
            shape[i] = max(a, b)
    if how in ("subtract", "divide") and len(c.shapes) != 2:
        raise c.settings.not_native(f"is called on {len(c.shapes)} tensors")
    return Converted([("", Combine(how))], tuple(shape))


def _with_constant(c: Conversion, how: str) -> Converted:
    """A tensor and a constant, one for all or one for each channel, as `x * 2` makes them."""
    given = [value for value in c.arguments if value is not TENSOR and value is not None]
    constants = [value for value in given if not isinstance(value, str)]  # a string is a name or a format
    if len(constants) != 1:
        raise c.settings.not_native("is called on one tensor")
    first = c.arguments[0] is not TENSOR
    constant = _constant(c, constants[0])
    one, zero = torch.ones_like(constant), torch.zeros_like(constant)
    if how == "divide" and not first and bool((constant != 0).all()):
        scale, offset = (1 / constant.double()).float(), zero
    elif how in ("multiply", "add"):
        scale, offset = (constant, zero) if how == "multiply" else (one, constant)
    elif how == "subtract":
        scale, offset = (-one, constant) if first else (one, -constant)
    else:
        raise c.settings.not_native(f"is called on a tensor and {shown(constants[0])}")
    return Converted([("", Rescale(scale, offset))], c.shape)


def _constant(c: Conversion, value: Any) -> torch.Tensor:
    if isinstance(value, dict) and value.get("class_name") == "__tensor__":
        inner = value.get("config")
        value = inner.get("value") if isinstance(inner, dict) else None
    if isinstance(value, list):
        c.needs_channels_last()
    c.settings.values["constant"] = value
    return spread(c, c.settings.numbers("constant"), "constant")


def concatenate(c: Conversion) -> Converted:
    """Concatenate, as layer or as function, along any axis but the batch."""
    shapes, rank = [list(shape) for shape in c.shapes], len(c.shapes[0])
    axis = _setting(c, "axis", -1)
    try:
        place = c.place(axis)
    except ValueError:
        raise c.settings.wrong("axis", f"1 to {rank} or -1 to -{rank}") from None
    if rank == 2:
        raise c.settings.not_native("joins single channels")
    for other in shapes[1:]:
        if (
            len(other) != rank
            or other[:place] + other[place + 1 :] != shapes[0][:place] + shapes[0][place + 1 :]
        ):
            raise c.settings.wrong("input shapes", "equal but for the joined axis")
    total = sum(shape[place] for shape in shapes)
    shape = (*shapes[0][:place], total, *shapes[0][place + 1 :])
    return Converted([("", Concatenate(1 if place == rank - 1 else place + 2))], shape)


def _setting(c: Conversion, key: str, default: Any = None) -> Any:
    """An argument of a function: in its config (Keras 3) or in the call (Keras 2)."""
    value = c.settings.values.get(key, c.keywords.get(key, default))
    c.settings.values[key] = value  # for messages
    return value


def _negative(c: Conversion) -> Converted:
    return Converted([("", Rescale(torch.tensor(-1.0), torch.tensor(0.0)))], c.shape)


def _same(c: Conversion) -> Converted:
    return Converted([("", nn.Identity())], c.shape)


def _cast(c: Conversion) -> Converted:
    kind = c.settings.values.get("dtype", c.keywords.get("dtype"))
    kinds = [kind, *(value for value in c.arguments if isinstance(value, str))]
    if not any(str(each).startswith(("float", "bfloat")) for each in kinds):
        raise c.settings.not_native(f"turns numbers into {shown(kind)}")
    return _same(c)


def _activation(name: str) -> Function:
    def convert(c: Conversion) -> Converted:
        for key, value in {**c.settings.values, **c.keywords}.items():
            if key in ("alpha", "negative_slope", "axis", "approximate") and value not in (
                None,
                -1,
                True,
                False,
            ):
                raise c.settings.not_native(f"is called with {key}={shown(value)}")
        if name == "gelu" and _setting(c, "approximate", False) is not False:
            return Converted([("", nn.GELU("tanh"))], c.shape)
        module = named_activation(c, name, c.shape)
        return Converted([("", module or nn.Identity())], c.shape)

    return convert


def _reduce(kind: type[nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d]) -> Function:
    """The mean or the largest value over rows and columns."""

    def convert(c: Conversion) -> Converted:
        channels, axes = c.image_shape()[2], _setting(c, "axis")
        try:
            places = sorted(c.place(axis) for axis in axes) if isinstance(axes, list) else []
        except ValueError:
            places = []
        if places != [0, 1]:
            raise c.settings.not_native(f"works over the axes {shown(axes)}, not over rows and columns")
        pool: Modules = [("", kind(1))]
        if _setting(c, "keepdims", False) is True:
            return Converted(pool, (1, 1, channels))
        return Converted([*pool, ("flatten", nn.Flatten())], (channels,))

    return convert


def _resize(c: Conversion) -> Converted:
    size = _setting(c, "size")
    for key in ("antialias", "preserve_aspect_ratio", "crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        if _setting(c, key, False):
            raise c.settings.not_native(f"is set to {key}")
    c.needs_channels_last()
    mode = c.settings.values.get("interpolation") or c.keywords.get("method") or "bilinear"
    c.settings.values["size"] = size
    return resized(c, c.settings.pair("size"), str(mode).lower())


def _is(value: Any, kind: str) -> bool:
    """Whether `value` is a slice or an ellipsis as Keras 2 or Keras 3 writes it."""
    return isinstance(value, dict) and str(value.get("class_name", "slice")).strip("_") == kind


def _item(c: Conversion) -> Converted:
    """x[..., k], one channel, and x[..., ::-1], the channels in reverse, with `:` for `...` too."""
    c.needs_channels_last()
    channels = c.image_shape()[2]
    spec = c.keywords.get("slice_spec", next((each for each in c.arguments if isinstance(each, list)), None))
    *before, last = spec if isinstance(spec, list) and spec else [None]
    whole = [_is(each, "ellipsis") or (_is(each, "slice") and _steps(each) in ("", "1")) for each in before]
    if before and all(whole) and len(before) in ((1,) if _is(before[0], "ellipsis") else (3,)):
        if type(last) is int and -channels <= last < channels:
            return Converted([("", TakeChannel(channels, last % channels))], c.shape[:2])
        if _is(last, "slice") and _steps(last) == "-1":
            return Converted([("", ReverseChannels(channels))], c.shape)
    raise c.settings.not_native(f"cuts out {shown(spec)}")


def _steps(each: Any) -> str:
    """A slice that starts and ends nowhere as its step, in text; else `part`."""
    inner = each.get("config")
    given = inner if isinstance(inner, dict) else each
    if given.get("start") is None and given.get("stop") is None:
        return "" if given.get("step") is None else str(given["step"])
    return "part"


def _stack(c: Conversion) -> Converted:
    """Single channels as a map again."""
    if any(len(shape) != 2 or shape != c.shapes[0] for shape in c.shapes) or _setting(c, "axis", 0) not in (
        -1,
        3,
    ):
        raise c.settings.not_native("stacks other tensors than single channels")
    return Converted([("", StackChannels())], (*c.shapes[0], len(c.shapes)))


_ACTIVATIONS = {
    "relu": ("nn.relu", "Relu"), "relu6": ("nn.relu6", "Relu6"), "swish": ("nn.swish", "nn.silu", "Silu"),
    "sigmoid": ("math.sigmoid", "nn.sigmoid", "Sigmoid"), "tanh": ("math.tanh", "nn.tanh", "Tanh"),
    "softmax": ("nn.softmax", "Softmax"), "gelu": ("nn.gelu", "Gelu"), "elu": ("nn.elu", "Elu"),
    "selu": ("nn.selu", "Selu"), "softplus": ("math.softplus", "nn.softplus", "Softplus"),
    "softsign": ("nn.softsign", "Softsign"), "exponential": ("math.exp", "Exp"),
    "leaky_relu": ("nn.leaky_relu", "LeakyRelu"), "hard_silu": ("HardSilu",), "mish": ("Mish",),
}  # fmt: skip
_OTHERS: list[tuple[Function, tuple[str, ...]]] = [
    (combine("add"), ("math.add", "__operators__.add", "nn.bias_add", "math.add_n", "Add")),
    (combine("subtract"), ("math.subtract", "__operators__.sub", "Subtract")),
    (combine("multiply"), ("math.multiply", "__operators__.mul", "Multiply")),
    (combine("divide"), ("math.truediv", "math.divide", "__operators__.truediv", "TrueDivide", "Divide")),
    (combine("maximum"), ("math.maximum", "Maximum")),
    (combine("minimum"), ("math.minimum", "Minimum")),
    (concatenate, ("concat", "Concatenate")),
    (_negative, ("math.negative", "__operators__.neg", "Negative")),
    (_cast, ("cast", "Cast")),
    (_same, ("identity", "stop_gradient", "StopGradient")),
    (_reduce(nn.AdaptiveAvgPool2d), ("math.reduce_mean", "Mean")),
    (_reduce(nn.AdaptiveMaxPool2d), ("math.reduce_max", "Max", "Amax")),
    (_resize, ("image.resize", "Resize")),
    (_item, ("__operators__.getitem", "GetItem")),
    (_stack, ("stack", "Stack")),
]
#: By TensorFlow's name, with a dot or in small letters, or by the name of keras.ops' class.
FUNCTIONS: dict[str, Function] = {
    **{name: function for function, names in _OTHERS for name in names},
    **{name: _activation(mine) for mine, names in _ACTIVATIONS.items() for name in names},
}


def tf_function(c: Conversion) -> Converted:
    """TFOpLambda and SlicingOpLambda: Keras 2's records of a TensorFlow function."""
    name = c.settings.text("function", "")
    if name not in FUNCTIONS:
        raise c.settings.not_native(f"is the TensorFlow function {shown(name)}, which is not known here")
    return FUNCTIONS[name](c)
