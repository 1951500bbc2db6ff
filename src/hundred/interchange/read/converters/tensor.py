"""Layers and functions that move, cut, join or summarise axes of tensors of any rank, as torch modules.

Functions are known by their names in the file, TensorFlow's (Keras 2) or those of keras.ops (Keras 3);
nothing of the file is executed. Their arguments are in the layer's config (Keras 3) or in the call (Keras 2).
"""

from collections.abc import Sequence
from math import prod
from typing import Any

from torch import nn

from hundred.interchange.read.converters.conv import same_pads
from hundred.interchange.read.converters.conversion import TENSOR, Conversion, Converted, Shape
from hundred.interchange.read.layers.images import ReverseChannels
from hundred.interchange.read.layers.tensors import (
    ExtractPatches,
    KerasPermute,
    KerasReshape,
    L2Normalize,
    MatMul,
    PadAxes,
    ReduceAxes,
    Slice,
)
from hundred.interchange.read.settings import shown

#: Values in one window of extracted patches: its square is the size of the kernel that takes them.
_LARGEST_PATCH = 1 << 12
_MOST_PARTS = 1 << 10


def setting(c: Conversion, key: str, default: Any = None) -> Any:
    """An argument of a function: in its config (Keras 3) or in the call (Keras 2)."""
    value = c.settings.values.get(key, c.keywords.get(key, default))
    c.settings.values[key] = value  # for messages
    return value


def _constants(c: Conversion) -> list[Any]:
    """The call's positional constants, in order."""
    return [value for value in c.arguments if value is not TENSOR]


def _whole_numbers(value: Any) -> list[int] | None:
    """A list of whole numbers as configs have it, or None."""
    if isinstance(value, dict):
        value = value.get("items")
    if isinstance(value, list | tuple) and all(type(item) is int for item in value):
        return list(value)
    return None


def reshape(c: Conversion) -> Converted:
    """Reshape to any shape, one side of which may be -1."""
    target = _whole_numbers(c.settings.values.get("target_shape"))
    if target is None:
        raise c.settings.wrong("target_shape", "a list of whole numbers")
    return _reshaped(c, target, "target_shape")


def reshape_function(c: Conversion) -> Converted:
    """tf.reshape and keras.ops.reshape, whose shape begins with the batch."""
    key = "newshape" if "newshape" in c.settings.values else "shape"
    target = _whole_numbers(setting(c, key, next(iter(_constants(c)), None)))
    if not target or (target[0] != -1 and -1 in target[1:]):
        raise c.settings.not_native(f"shapes to {shown(target)}")
    return _reshaped(c, target[1:], key)


def _reshaped(c: Conversion, target: Sequence[int], key: str) -> Converted:
    c.needs_channels_last()
    c.settings.values[key] = list(target)
    total, known = prod(c.shape), prod(side for side in target if side != -1)
    open_sides = list(target).count(-1)
    if known < 1 or total % known or min(target, default=1) < -1 or open_sides > 1:
        raise c.settings.wrong(key, f"a shape of {total} values")
    if open_sides == 0 and known != total:
        raise c.settings.wrong(key, f"a shape of {total} values")
    shape: Shape = tuple(total // known if side == -1 else side for side in target)
    if c.channels_first and len(shape) == 3:
        shape = (*shape[1:], shape[0])
        if shape[:2] != (1, 1):
            raise c.settings.not_native(
                f"shapes features to {list(target)} in a model that works channels-first"
            )
    if shape == c.shape:
        return Converted([("", nn.Identity())], shape)
    return Converted([("", KerasReshape(shape))], shape)


def permute(c: Conversion) -> Converted:
    """Permute, by axes from 1 on."""
    c.needs_channels_last()
    dims = _whole_numbers(c.settings.values.get("dims"))
    if dims is None or sorted(dims) != list(range(1, len(c.shape) + 1)):
        raise c.settings.wrong("dims", f"the numbers from 1 to {len(c.shape)} in some order")
    return Converted([("", KerasPermute(dims))], tuple(c.shape[dim - 1] for dim in dims))


def transpose(c: Conversion) -> Converted:
    """tf.transpose and keras.ops.transpose, which leave the batch where it is."""
    c.needs_channels_last()
    given = setting(c, "axes", c.keywords.get("perm", next(iter(_constants(c)), None)))
    dims, rank = _whole_numbers(given), len(c.shape)
    if dims is None or sorted(dims) != list(range(rank + 1)) or dims[0] != 0:
        raise c.settings.not_native(f"transposes to {shown(given)}")
    return Converted([("", KerasPermute(dims[1:]))], tuple(c.shape[dim - 1] for dim in dims[1:]))


def squeeze(c: Conversion) -> Converted:
    """Axes of one value are dropped."""
    c.needs_channels_last()
    places = _axes(c, setting(c, "axis", next(iter(_constants(c)), None)))
    if not places or any(c.shape[place - 1] != 1 for place in places):
        raise c.settings.not_native(
            f"squeezes the axes {shown(c.settings.values['axis'])} of {list(c.shape)}"
        )
    shape = tuple(side for place, side in enumerate(c.shape, 1) if place not in places)
    return Converted([("", KerasReshape(shape))], shape)


def expand_dims(c: Conversion) -> Converted:
    """An axis of one value is put in."""
    c.needs_channels_last()
    axis, rank = setting(c, "axis", next(iter(_constants(c)), None)), len(c.shape)
    if type(axis) is not int or not -rank - 1 <= axis <= rank + 1 or axis == 0:
        raise c.settings.not_native(f"puts an axis in at {shown(axis)}")
    place = axis - 1 if axis > 0 else rank + axis + 1
    shape = (*c.shape[:place], 1, *c.shape[place:])
    return Converted([("", KerasReshape(shape))], shape)


def _axes(c: Conversion, axis: Any) -> list[int]:
    """`axis` as axes counted from 1 in Keras' order, or NotNative."""
    rank = len(c.shape)
    values = [axis] if type(axis) is int else _whole_numbers(axis)
    if values is None or any(not -rank <= value <= rank or value == 0 for value in values):
        raise c.settings.not_native(f"works over the axes {shown(axis)} of a tensor of {rank + 1} dimensions")
    return sorted({value % (rank + 1) for value in values})


def reduce(how: str) -> Any:
    """The converter of the mean, sum, largest or smallest over some axes."""

    def convert(c: Conversion) -> Converted:
        axes = _axes(c, setting(c, "axis", next((v for v in _constants(c) if not isinstance(v, bool)), None)))
        keepdims = setting(c, "keepdims", False) is True
        if c.channels_first and len(c.shape) == 3:  # to places in the order rows, columns, channels
            axes = sorted((axis + 1) % 3 + 1 for axis in axes)
        kept = [1 if place in axes else side for place, side in enumerate(c.shape, 1)]
        shape = tuple(kept) if keepdims else tuple(s for p, s in enumerate(c.shape, 1) if p not in axes)
        if c.channels_first and len(c.shape) == 3 and axes != [1, 2]:
            raise c.settings.not_native("works along other axes in a model that works channels-first")
        if axes == [1, 2] and len(c.shape) == 3 and how in ("mean", "max"):
            pool = nn.AdaptiveAvgPool2d(1) if how == "mean" else nn.AdaptiveMaxPool2d(1)
            flat = [] if keepdims else [("flatten", nn.Flatten())]
            return Converted([("", pool), *flat], shape)
        return Converted([("", ReduceAxes(how, axes, keepdims))], shape)

    return convert


def normalize(c: Conversion) -> Converted:
    """L2 normalization along one axis: UnitNormalization, tf.math.l2_normalize, keras.ops.normalize."""
    c.needs_channels_last()
    order = setting(c, "order", 2)
    axes = _axes(c, setting(c, "axis", next(iter(_constants(c)), -1)))
    if order != 2 or len(axes) != 1:
        raise c.settings.not_native(f"normalizes by the order {shown(order)} along {axes}")
    epsilon = setting(c, "epsilon") or 1e-12
    if not isinstance(epsilon, int | float) or not 0 < epsilon < 1:
        raise c.settings.wrong("epsilon", "a number from 0 to 1")
    # TensorFlow compares the sum of squares with it, Keras 3 the length.
    return Converted([("", L2Normalize(axes[0], float(epsilon) ** (0.5 if c.version < 3 else 1)))], c.shape)


def matmul(c: Conversion) -> Converted:
    """The product of two tensors' last two axes, as function, or as the Dot layer of two sequences."""
    c.needs_channels_last()
    if len(c.shapes) != 2 or {len(shape) for shape in c.shapes} != {2}:
        raise c.settings.not_native(f"multiplies {', '.join(str(list(shape)) for shape in c.shapes)}")
    first, second = bool(setting(c, "transpose_a", False)), bool(setting(c, "transpose_b", False))
    return _product(c, first, second)


def dot(c: Conversion) -> Converted:
    """Dot of two sequences along one axis of each."""
    axes = c.settings.values.get("axes")
    pair = [axes, axes] if type(axes) is int else _whole_numbers(axes)
    if pair is None or len(pair) != 2 or [len(shape) for shape in c.shapes] != [2, 2]:
        raise c.settings.not_native("is no product of two sequences along one axis")
    if c.settings.flag("normalize", False):
        raise c.settings.not_native("normalizes what it multiplies")
    first, second = (axis % 3 for axis in pair)
    return _product(c, first == 1, second == 2)


def _product(c: Conversion, first: bool, second: bool) -> Converted:
    a = c.shapes[0][::-1] if first else c.shapes[0]
    b = c.shapes[1][::-1] if second else c.shapes[1]
    if a[1] != b[0]:
        raise c.settings.wrong("input shapes", f"matrices that fit, not {list(a)} and {list(b)}")
    return Converted([("", MatMul(first, second))], (a[0], b[1]))


def pad(c: Conversion) -> Converted:
    """tf.pad and keras.ops.pad with zeros, channels included."""
    c.needs_channels_last()
    given = setting(
        c,
        "pad_width",
        c.keywords.get("paddings", next((v for v in _constants(c) if isinstance(v, list)), None)),
    )
    mode = str(setting(c, "mode", "constant")).lower()
    if mode != "constant" or setting(c, "constant_values", None) not in (None, 0, 0.0):
        raise c.settings.not_native("pads with something else than zeros")
    if isinstance(given, dict):
        given = given.get("value", (given.get("config") or {}).get("value"))
    pairs = [_whole_numbers(each) for each in given] if isinstance(given, list) else []
    if len(pairs) != len(c.shape) + 1 or any(p is None or len(p) != 2 or min(p) < 0 for p in pairs):
        raise c.settings.not_native(f"pads by {shown(given)}")
    sides = [(each[0], each[1]) for each in pairs if each is not None]
    if sides[0] != (0, 0):
        raise c.settings.not_native("pads the batch")
    shape = tuple(side + sum(more) for side, more in zip(c.shape, sides[1:], strict=True))
    return Converted([("", PadAxes(sides[1:]))], shape)


def sequence_padding(c: Conversion) -> Converted:
    """ZeroPadding1D."""
    value = c.settings.values.get("padding", 1)
    sides = [value, value] if type(value) is int else _whole_numbers(value)
    if len(c.shape) != 2 or sides is None or len(sides) != 2 or min(sides) < 0:
        raise c.settings.wrong("padding", "one or two whole numbers, on a sequence")
    shape = (c.shape[0] + sum(sides), c.shape[1])
    return Converted([("", PadAxes([(sides[0], sides[1]), (0, 0)]))], shape)


def sequence_cropping(c: Conversion) -> Converted:
    """Cropping1D."""
    value = c.settings.values.get("cropping", 1)
    sides = [value, value] if type(value) is int else _whole_numbers(value)
    if len(c.shape) != 2 or sides is None or len(sides) != 2 or min(sides) < 0 or sum(sides) >= c.shape[0]:
        raise c.settings.wrong("cropping", "one or two whole numbers less than the steps of a sequence")
    steps = c.shape[0]
    parts = [(sides[0], steps - sides[1], 1), (0, c.shape[1], 1)]
    return Converted([("", Slice(parts))], (steps - sum(sides), c.shape[1]))


def split(c: Conversion) -> Converted:
    """tf.split and keras.ops.split into equal parts or at given places: one output for each part."""
    c.needs_channels_last()
    constants = _constants(c)
    sections = next((c.settings.values[key] for key in ("indices_or_sections",) if key in c.settings.values),
                    c.keywords.get("num_or_size_splits", next(iter(constants), None)))  # fmt: skip
    axes = _axes(c, setting(c, "axis", constants[1] if len(constants) > 1 else -1))
    if len(axes) != 1:
        raise c.settings.not_native(f"splits along {axes}")
    size = c.shape[axes[0] - 1]
    if type(sections) is int and 0 < sections <= _MOST_PARTS and size % sections == 0:
        ends = [size // sections * i for i in range(1, sections + 1)]
    elif (places := _whole_numbers(sections)) is not None and c.version >= 3:
        ends = [*places, size]
    elif places is not None and -1 not in places:
        ends = [sum(places[: i + 1]) for i in range(len(places))]
    else:
        raise c.settings.not_native(f"splits {size} values into {shown(sections)}")
    starts = [0, *ends[:-1]]
    if (
        len(ends) > _MOST_PARTS
        or ends[-1] != size
        or any(not 0 <= a < b for a, b in zip(starts, ends, strict=True))
    ):
        raise c.settings.not_native(f"splits {size} values into {shown(sections)}")
    parts = []
    for start, end in zip(starts, ends, strict=True):
        cuts = [(0, side, 1) for side in c.shape]
        cuts[axes[0] - 1] = (start, end, 1)
        shape = (*c.shape[: axes[0] - 1], end - start, *c.shape[axes[0] :])
        parts.append(Converted([("part", Slice(cuts))], shape))
    return Converted([], c.shape, tuple(parts))


def get_item(c: Conversion) -> Converted:
    """x[:, 0], x[..., 1:3], x[:, ::2, ::2], and x[..., ::-1], the channels of a map in reverse."""
    c.needs_channels_last()
    spec = c.keywords.get("slice_spec", next((each for each in c.arguments if isinstance(each, list)), None))
    given = list(spec) if isinstance(spec, list) else [spec]
    rank = len(c.shape)
    if any(_is(each, "ellipsis") for each in given):
        place = next(i for i, each in enumerate(given) if _is(each, "ellipsis"))
        given[place : place + 1] = [None] * (rank + 1 - len(given) + 1)
    given += [None] * (rank + 1 - len(given))
    whole = _part(given[0], 1) == (0, 1, 1)
    if len(given) != rank + 1 or not whole:
        raise c.settings.not_native(f"cuts out {shown(spec)}")
    if (
        rank == 3
        and _reverses(given[3])
        and all(_part(each, s) == (0, s, 1) for each, s in zip(given[1:3], c.shape[:2], strict=True))
    ):
        return Converted([("", ReverseChannels(c.shape[2]))], c.shape)
    parts = [_part(each, side) for each, side in zip(given[1:], c.shape, strict=True)]
    if any(part is None for part in parts):
        raise c.settings.not_native(f"cuts out {shown(spec)}")
    cuts = [part for part in parts if part is not None]
    shape = tuple(len(range(*part)) for part in cuts if not isinstance(part, int))
    if 0 in shape:
        raise c.settings.not_native(f"cuts out nothing ({shown(spec)})")
    return Converted([("", Slice(cuts))], shape)


def _is(value: Any, kind: str) -> bool:
    """Whether `value` is a slice or an ellipsis as Keras 2 or Keras 3 writes it."""
    return isinstance(value, dict) and str(value.get("class_name", "slice")).strip("_") == kind


def _fields(each: Any) -> dict[str, Any]:
    inner = each.get("config")
    return inner if isinstance(inner, dict) else each


def _reverses(each: Any) -> bool:
    if not _is(each, "slice"):
        return False
    given = _fields(each)
    return given.get("start") is None and given.get("stop") is None and str(given.get("step")) == "-1"


def _part(each: Any, side: int) -> tuple[int, int, int] | int | None:
    """What of an axis of `side` places is taken, as `Slice` has it; None where that is unknown here."""
    if each is None:
        return (0, side, 1)
    if type(each) is int:
        return each % side if -side <= each < side else None
    if not _is(each, "slice"):
        return None
    given = _fields(each)
    values = [given.get(key) for key in ("start", "stop", "step")]
    if any(value is not None and type(value) is not int for value in values) or (values[2] or 1) < 1:
        return None
    return slice(*values).indices(side)


def extract_patches(c: Conversion) -> Converted:
    """tf.image.extract_patches and keras.ops.image.extract_patches."""
    c.needs_channels_last()
    rows, columns, channels = c.image_shape()
    size = _window(setting(c, "size", c.keywords.get("sizes")))
    strides = setting(c, "strides", None)
    stride = size if strides is None else _window(strides)
    rate = setting(c, "dilation_rate", c.keywords.get("rates", 1))
    if size is None or stride is None or _window(rate) not in ((1, 1), None):
        raise c.settings.not_native("extracts patches in a way not known here")
    pads = (0, 0, 0, 0)
    if str(setting(c, "padding", "valid")).lower() == "same":
        pads = (*same_pads(columns, size[1], stride[1]), *same_pads(rows, size[0], stride[0]))
    out = (
        (rows + pads[2] + pads[3] - size[0]) // stride[0] + 1,
        (columns + pads[0] + pads[1] - size[1]) // stride[1] + 1,
    )
    if min(out) < 1 or size[0] * size[1] * channels > _LARGEST_PATCH:
        raise c.settings.wrong("size", f"what fits an input of {rows}x{columns}")
    return Converted(
        [("", ExtractPatches(channels, size, stride, pads))], (*out, size[0] * size[1] * channels)
    )


def _window(value: Any) -> tuple[int, int] | None:
    """(rows, columns) from one number, two, or TensorFlow's four."""
    numbers = [value, value] if type(value) is int else _whole_numbers(value)
    if numbers is not None and len(numbers) == 4:
        numbers = numbers[1:3]
    if numbers is None or len(numbers) != 2 or min(numbers) < 1:
        return None
    return numbers[0], numbers[1]
