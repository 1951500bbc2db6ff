"""Functions on tensors in functional models: TensorFlow's in Keras 2 (TFOpLambda), keras.ops in Keras 3.

They are known by their names in the file; nothing of it is executed.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import nn

from hundred.interchange.read.converters import tensor
from hundred.interchange.read.converters.activation import named_activation, softmax_layer
from hundred.interchange.read.converters.conversion import TENSOR, Conversion, Converted
from hundred.interchange.read.converters.norm import spread
from hundred.interchange.read.converters.pool import resized
from hundred.interchange.read.converters.tensor import setting
from hundred.interchange.read.layers.images import Activation, Combine, Concatenate, Rescale, StackChannels
from hundred.interchange.read.layers.tensors import AddTable
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
            raise c.settings.not_native(f"joins tensors of {list(c.shapes[0])} and {list(other)}")
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
    table = _table(c, constants[0], how)
    if table is not None:
        return table
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


def _plain_constant(value: Any) -> Any:
    """The numbers of a constant tensor as Keras 3 writes it."""
    if isinstance(value, dict) and value.get("class_name") in ("__tensor__", "__numpy__"):
        inner = value.get("config")
        return inner.get("value") if isinstance(inner, dict) else None
    return value


def _nested_shape(value: Any) -> tuple[int, ...]:
    """The shape of nested lists, by their first items."""
    shape = []
    while isinstance(value, list) and value:
        shape.append(len(value))
        value = value[0]
    return tuple(shape)


def _table(c: Conversion, value: Any, how: str) -> Converted | None:
    """x + constants of the shape of x, as embeddings of positions are baked into a file; else None."""
    value, rank = _plain_constant(value), len(c.shape)
    shape = _nested_shape(value)
    if how not in ("add", "subtract") or c.arguments[0] is not TENSOR or rank < 2 or len(shape) < 2:
        return None
    while len(shape) > rank and shape[0] == 1:
        shape, value = shape[1:], value[0]
    if len(shape) > rank or all(side == 1 for side in shape[:-1]):
        return None
    c.needs_channels_last()
    c.settings.values["constant"] = value
    numbers = torch.tensor(c.settings.numbers("constant", 1 << 20), dtype=torch.float32)
    wide = (1,) * (rank - len(shape)) + shape
    if numbers.numel() != prod(shape) or any(a not in (1, b) for a, b in zip(wide, c.shape, strict=True)):
        raise c.settings.wrong("constant", f"numbers of a shape that fits {list(c.shape)}")
    constants = numbers.reshape(wide).expand(c.shape)
    constants = constants if how == "add" else -constants
    return Converted(
        [("", AddTable(constants.permute(2, 0, 1) if rank == 3 else constants.clone()))], c.shape
    )


def _constant(c: Conversion, value: Any) -> torch.Tensor:
    value = _plain_constant(value)
    if isinstance(value, list):
        c.needs_channels_last()
    c.settings.values["constant"] = value
    return spread(c, c.settings.numbers("constant"), "constant")


def concatenate(c: Conversion) -> Converted:
    """Concatenate, as layer or as function, along any axis but the batch."""
    shapes, rank = [list(shape) for shape in c.shapes], len(c.shapes[0])
    axis = setting(c, "axis", -1)
    try:
        place = c.place(axis)
    except ValueError:
        raise c.settings.wrong("axis", f"1 to {rank} or -1 to -{rank}") from None
    for other in shapes[1:]:
        if (
            len(other) != rank
            or other[:place] + other[place + 1 :] != shapes[0][:place] + shapes[0][place + 1 :]
        ):
            raise c.settings.wrong("input shapes", "equal but for the joined axis")
    total = sum(shape[place] for shape in shapes)
    shape = (*shapes[0][:place], total, *shapes[0][place + 1 :])
    dim = place + 1 if rank != 3 else 1 if place == 2 else place + 2
    return Converted([("", Concatenate(dim))], shape)


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
        if name in ("square", "sqrt", "rsqrt", "absolute", "log"):
            return Converted([("", Activation(name))], c.shape)
        if name == "softmax":
            setting(c, "axis", next((v for v in c.arguments if type(v) is int), -1))
            return Converted([("", softmax_layer(c, c.settings, c.shape))], c.shape)
        for key, value in {**c.settings.values, **c.keywords}.items():
            if key in ("alpha", "negative_slope", "axis", "approximate") and value not in (
                None,
                -1,
                True,
                False,
            ):
                raise c.settings.not_native(f"is called with {key}={shown(value)}")
        if name == "gelu" and setting(c, "approximate", False) is not False:
            return Converted([("", nn.GELU("tanh"))], c.shape)
        module = named_activation(c, name, c.shape)
        return Converted([("", module or nn.Identity())], c.shape)

    return convert


def _resize(c: Conversion) -> Converted:
    size = setting(c, "size")
    for key in ("antialias", "preserve_aspect_ratio", "crop_to_aspect_ratio", "pad_to_aspect_ratio"):
        if setting(c, key, False):
            raise c.settings.not_native(f"is set to {key}")
    c.needs_channels_last()
    mode = c.settings.values.get("interpolation") or c.keywords.get("method") or "bilinear"
    c.settings.values["size"] = size
    return resized(c, c.settings.pair("size"), str(mode).lower())


def _stack(c: Conversion) -> Converted:
    """Single channels as a map again."""
    if any(len(shape) != 2 or shape != c.shapes[0] for shape in c.shapes) or setting(c, "axis", 0) not in (
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
    "square": ("math.square", "Square"), "sqrt": ("math.sqrt", "Sqrt"), "rsqrt": ("math.rsqrt", "Rsqrt"),
    "absolute": ("math.abs", "abs", "Abs", "Absolute"), "log": ("math.log", "Log"),
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
    (tensor.reduce("mean"), ("math.reduce_mean", "Mean")),
    (tensor.reduce("max"), ("math.reduce_max", "Max", "Amax")),
    (tensor.reduce("min"), ("math.reduce_min", "Min", "Amin")),
    (tensor.reduce("sum"), ("math.reduce_sum", "Sum")),
    (_resize, ("image.resize", "Resize")),
    (tensor.get_item, ("__operators__.getitem", "GetItem", "strided_slice")),
    (tensor.reshape_function, ("reshape", "Reshape")),
    (tensor.transpose, ("transpose", "Transpose")),
    (tensor.squeeze, ("squeeze", "compat.v1.squeeze", "Squeeze")),
    (tensor.expand_dims, ("expand_dims", "ExpandDims")),
    (tensor.split, ("split", "Split")),
    (tensor.pad, ("pad", "compat.v1.pad", "Pad")),
    (tensor.matmul, ("linalg.matmul", "matmul", "Matmul")),
    (tensor.normalize, ("math.l2_normalize", "linalg.l2_normalize", "nn.l2_normalize", "Normalize")),
    (tensor.extract_patches, ("image.extract_patches", "ExtractPatches")),
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
