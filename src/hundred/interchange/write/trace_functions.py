"""How each torch function and tensor method is written on the tape; `trace_modules` uses these too."""

import math
import operator
from typing import Any

import torch
import torch.nn.functional as F

from hundred.interchange.write.graph import as_array
from hundred.interchange.write.op_call import Handler, OpCall, Unknown, Value, pair


def activation(use: OpCall, name: str, **extra: Any) -> str:
    """An elementwise activation that Keras and ONNX both have."""
    return use.add("activation", name=name, **extra)


def _linear_map(use: OpCall, taken: str, scale: float, offset: float, hint: str) -> str:
    return use.tape.add(
        "rescale",
        [taken],
        use.value.shape,
        weights={"scale": scale, "offset": offset},
        hint=f"{use.hint}{hint}",
    )


def gelu_of(use: OpCall, approximate: str = "none") -> str:
    """Hendrycks and Gimpel 2016. Old Keras has the exact form alone; the tanh form is built of parts."""
    if approximate == "none":
        return activation(use, "gelu")
    x, tape = use.value.name, use.tape
    cube = tape.add("combine", [x, x, x], use.value.shape, how="multiply", hint=f"{use.hint}_cube")
    root = math.sqrt(2 / math.pi)
    inner = tape.add(
        "combine",
        [_linear_map(use, x, root, 0, "_first"), _linear_map(use, cube, 0.044715 * root, 0, "_third")],
        how="add",
        hint=f"{use.hint}_inner",
    )
    bent = tape.add("activation", [inner], name="tanh", hint=f"{use.hint}_tanh")
    share = _linear_map(use, bent, 0.5, 0.5, "_share")
    return tape.add("combine", [x, share], how="multiply", hint=use.hint)


def hard_sigmoid(use: OpCall) -> str:
    """relu6(x + 3) / 6."""
    moved = _linear_map(use, use.value.name, 1 / 6, 0.5, "_line")
    return use.tape.add("activation", [moved], name="relu_up_to", alpha=1.0, hint=use.hint)


def hard_swish(use: OpCall) -> str:
    """x * relu6(x + 3) / 6."""
    moved = _linear_map(use, use.value.name, 1 / 6, 0.5, "_line")
    gate = use.tape.add("activation", [moved], name="relu_up_to", alpha=1.0, hint=f"{use.hint}_gate")
    return use.tape.add("combine", [use.value.name, gate], how="multiply", hint=use.hint)


def mish(use: OpCall) -> str:
    """x * tanh(softplus(x))."""
    soft = use.tape.add("activation", [use.value.name], name="softplus", hint=f"{use.hint}_softplus")
    bent = use.tape.add("activation", [soft], name="tanh", hint=f"{use.hint}_tanh")
    return use.tape.add("combine", [use.value.name, bent], how="multiply", hint=use.hint)


def clipped(use: OpCall, low: Any, high: Any) -> str:
    """x held within low..high."""
    if low == 0 and high is None:
        return activation(use, "relu")
    if low is None or high is None or not high > low:
        raise Unknown(f"clips to {low}..{high}")
    if low == 0:
        return activation(use, "relu_up_to", alpha=float(high))
    moved = _linear_map(use, use.value.name, 1.0, -float(low), "_line")
    held = use.tape.add(
        "activation", [moved], name="relu_up_to", alpha=float(high - low), hint=f"{use.hint}_held"
    )
    return _linear_map(use, held, 1.0, float(low), "")


def softmax_along(use: OpCall, dim: Any) -> str:
    """Softmax over channels or features."""
    if dim not in (1, -len(use.value.shape)):
        raise Unknown(f"works along dimension {dim}; 1 alone goes")
    return use.add("softmax")


def pool_with(use: OpCall, how: str, kernel: Any, *, stride: Any, padding: Any, count_padding: bool) -> str:
    """Pooling; where ceil_mode added places, the padding after the map is what is left to fill them."""
    image, kernel = use.image(), pair(kernel)
    stride = kernel if stride is None or stride == [] else pair(stride)
    top, left = pair(padding)
    sides, plain = [], []
    for before, size, out, k, step in zip(
        (left, top), image.shape[:0:-1], use.shape[:0:-1], kernel[::-1], stride[::-1], strict=True
    ):
        needed = (out - 1) * step + k - size - before
        plain.append(needed <= before)
        sides += [before, max(needed, before if how == "max" and needed > 0 else 0, 0)]
    if how == "mean" and count_padding and not all(plain):
        raise Unknown("counts padding in its mean and rounds its size up")
    if how == "mean" and count_padding:
        sides = [left, left, top, top]
    return use.add(
        "pool", how=how, kernel=kernel, stride=stride, sides=tuple(sides), count_padding=count_padding
    )


def adaptive_pool(use: OpCall, how: str) -> str:
    """Pooling to a given size that divides the map."""
    _, rows, columns = use.image().shape
    out = use.shape[1:]
    if out == (1, 1):
        return use.add("global_pool", how=how, keepdims=True)
    if rows % out[0] or columns % out[1]:
        raise Unknown(f"pools {rows}x{columns} to {out[0]}x{out[1]}, which does not divide it")
    kernel = (rows // out[0], columns // out[1])
    return use.add("pool", how=how, kernel=kernel, stride=kernel, sides=(0, 0, 0, 0), count_padding=False)


def _reduce(how: str) -> Handler:
    def write(use: OpCall) -> str:
        dims = use.argument(1, "dim")
        dims = [dims] if isinstance(dims, int) else list(dims or [])
        image, rank = use.image(), 4
        if sorted(dim % rank for dim in dims) != [2, 3]:
            raise Unknown(f"works along the dimensions {dims}; (2, 3) alone go")
        keepdims = bool(use.argument(2, "keepdim", False))
        return use.tape.add("global_pool", [image.name], use.shape, how=how, keepdims=keepdims, hint=use.hint)

    return write


def pad_or_crop(use: OpCall, sides: tuple[int, ...]) -> str:
    """Zeros around, or rows and columns cut off where a side is negative."""
    if len(sides) != 4 or len(use.value.shape) != 3:
        raise Unknown("pads other dimensions than rows and columns")
    taken, channels, rows, columns = use.value.name, *use.value.shape
    added = tuple(max(side, 0) for side in sides)
    cut = tuple(max(-side, 0) for side in sides)
    if any(added):
        shape = (channels, rows + added[2] + added[3], columns + added[0] + added[1])
        taken = use.tape.add("pad", [taken], shape, sides=added, hint=use.hint)
    if any(cut):
        taken = use.tape.add("crop", [taken], use.shape, sides=cut, hint=use.hint)
    return taken


def repeat_edges(use: OpCall, sides: tuple[int, ...]) -> str:
    """The feature map with its outermost rows and columns repeated: each is cut off and joined on."""
    taken, shape = use.image().name, list(use.image().shape)
    left, right, top, bottom = sides
    for dim, after, count in ((2, False, left), (2, True, right), (1, False, top), (1, True, bottom)):
        if not count:
            continue
        rest = shape[dim] - 1
        cut = (rest, 0) if after else (0, rest)
        crop = (*cut, 0, 0) if dim == 2 else (0, 0, *cut)
        narrow = [1 if i == dim else side for i, side in enumerate(shape)]
        edge = use.tape.add("crop", [taken], narrow, sides=crop, hint=f"{use.hint}_edge")
        shape[dim] += count
        parts = [taken, *[edge] * count] if after else [*[edge] * count, taken]
        taken = use.tape.add("concatenate", parts, shape, dim=dim + 1, hint=f"{use.hint}_wide")
    return taken


def _pad(use: OpCall) -> str:
    if use.argument(2, "mode", "constant") != "constant" or use.argument(3, "value") not in (None, 0, 0.0):
        raise Unknown("pads with something else than zeros")
    return pad_or_crop(use, tuple(use.argument(1, "pad")))


def upsample(use: OpCall, mode: str, align_corners: bool | None) -> str:
    """Enlarging by a whole factor, or bilinearly to any size."""
    _, rows, columns = use.image().shape
    size = use.shape[1:]
    whole = size[0] % rows == 0 and size[1] % columns == 0
    if mode == "nearest-exact" and whole:
        mode = "nearest"
    if mode not in ("nearest", "bilinear") or align_corners:
        raise Unknown(
            f"interpolates in the way {mode!r}" + (" with aligned corners" if align_corners else "")
        )
    if mode == "nearest" and not whole:
        raise Unknown("enlarges by a factor that is not whole")
    return use.add("upsample", size=size, mode=mode)


def _interpolate(use: OpCall) -> str:
    if use.argument(6, "antialias", False):
        raise Unknown("is set to antialias")
    return upsample(use, use.argument(3, "mode", "nearest"), use.argument(4, "align_corners"))


def flatten_all(use: OpCall) -> str:
    """[n, c, h, w] to [n, c * h * w]; features pass."""
    if len(use.value.shape) == 1:
        return use.value.name
    if len(use.value.shape) != 3:
        raise Unknown(f"works on a tensor of shape {['n', *use.value.shape]}")
    plain = use.value.shape[1:] == (1, 1)
    return use.add("flatten", order="channels-last" if plain else "channels-first")


def _view(use: OpCall) -> str:
    """Any reshaping that comes down to flattening, or to nothing."""
    if use.shape == use.value.shape:
        return use.value.name
    if len(use.shape) == 1 and len(use.value.shape) == 3 and math.prod(use.value.shape) == use.shape[0]:
        return flatten_all(use)
    if len(use.value.shape) == 2 and use.value.shape[1] == 1 and use.shape == use.value.shape[:1]:
        return use.value.name  # the second squeeze of two: the first has flattened already
    if len(use.shape) == 2 and use.value.shape[1:] == (1, 1) and use.shape[1] == 1:
        return use.add("flatten", shape=use.value.shape[:1], order="channels-last")
    if len(use.value.shape) == 1 and use.shape == (*use.value.shape, 1, 1):
        return use.add("reshape", target=(1, 1, use.value.shape[0]))
    raise Unknown(f"shapes {['n', *use.value.shape]} to {['n', *use.shape]}; flattening alone goes")


def _spread(use: OpCall, constant: Any) -> Any:
    """A constant as [] or [channels], or Unknown where it is neither."""
    array = as_array(constant)
    if array.size == 1:
        return array.reshape(())
    shape, rank = use.shape, len(use.shape)
    aligned = (1,) * (rank + 1 - array.ndim) + array.shape
    if len(aligned) == rank + 1 and aligned == (1, shape[0]) + (1,) * (rank - 1):
        return array.reshape(-1)
    raise Unknown(f"takes a constant of shape {list(array.shape)}; one number or one for each channel go")


def _binary(how: str) -> Handler:
    def write(use: OpCall) -> str:
        a, b = use.args[0], use.argument(1, "other")
        if use.kwargs.get("alpha", 1) != 1 or use.kwargs.get("rounding_mode") is not None:
            raise Unknown("has a factor or rounding of its own")
        if isinstance(a, Value) and isinstance(b, Value):
            return _both(use, a, b, how)
        value, constant = (a, b) if isinstance(a, Value) else (b, a)
        spread = _spread(use, constant)
        taken = [value.name]
        if value.shape != use.shape:
            raise Unknown("makes a tensor larger than it was")
        if how in ("maximum", "minimum"):
            if how == "maximum" and spread.size == 1 and float(spread) == 0:
                return use.tape.add("activation", taken, name="relu", hint=use.hint)
            raise Unknown("compares with a constant")
        first = isinstance(a, Value)
        if how == "divide" and not first:
            raise Unknown("divides a constant by a tensor")
        scale, offset = {
            "multiply": (spread, 0.0),
            "divide": (1 / spread, 0.0),
            "add": (1.0, spread),
            "subtract": (1.0, -spread) if first else (-1.0, spread),
        }[how]
        weights = {"scale": scale, "offset": offset}
        return use.tape.add("rescale", taken, use.shape, weights=weights, hint=use.hint)

    return write


def _both(use: OpCall, a: Value, b: Value, how: str) -> str:
    if len(a.shape) != len(b.shape):
        raise Unknown("joins tensors of unlike rank")
    if how == "divide":
        raise Unknown("divides a tensor by another")
    return use.tape.add("combine", [a.name, b.name], use.shape, how=how, hint=use.hint)


def _negative(use: OpCall) -> str:
    return use.add("rescale", weights={"scale": -1.0, "offset": 0.0})


def _concatenate(use: OpCall) -> str:
    tensors, dim = use.args[0] if use.args else use.kwargs["tensors"], use.argument(1, "dim", 0)
    if not all(isinstance(item, Value) for item in tensors):
        raise Unknown("joins a tensor with a constant")
    rank = len(use.shape) + 1
    if dim % rank == 0:
        raise Unknown("joins along the batch")
    return use.tape.add(
        "concatenate", [item.name for item in tensors], use.shape, dim=dim % rank, hint=use.hint
    )


def _plain(name: str) -> Handler:
    return lambda use: activation(use, name)


def _with_alpha(name: str, key: str, default: float) -> Handler:
    return lambda use: activation(use, name, alpha=float(use.argument(1, key, default)))


def _softmax(use: OpCall) -> str:
    return softmax_along(use, use.argument(1, "dim"))


def _flatten(use: OpCall) -> str:
    start, end = use.argument(1, "start_dim", 0), use.argument(2, "end_dim", -1)
    if start != 1 or end not in (-1, len(use.value.shape)):
        raise Unknown("flattens only some dimensions, or the batch")
    return flatten_all(use)


def _max_pool(use: OpCall) -> str:
    if pair(use.argument(4, "dilation", 1)) != (1, 1):
        raise Unknown("has a dilation")
    return pool_with(
        use,
        "max",
        use.argument(1, "kernel_size"),
        stride=use.argument(2, "stride"),
        padding=use.argument(3, "padding", 0),
        count_padding=False,
    )


def _avg_pool(use: OpCall) -> str:
    if use.argument(6, "divisor_override") is not None:
        raise Unknown("has a divisor of its own")
    return pool_with(
        use,
        "mean",
        use.argument(1, "kernel_size"),
        stride=use.argument(2, "stride"),
        padding=use.argument(3, "padding", 0),
        count_padding=bool(use.argument(5, "count_include_pad", True)),
    )


def _same(use: OpCall) -> str:
    return use.value.name


def _clamp(use: OpCall) -> str:
    return clipped(use, use.argument(1, "min"), use.argument(2, "max"))


_SHARED: dict[str, Handler] = {
    "relu": _plain("relu"), "sigmoid": _plain("sigmoid"), "tanh": _plain("tanh"),
    "exp": _plain("exponential"),
    "softmax": _softmax, "flatten": _flatten, "clamp": _clamp, "clip": _clamp, "mean": _reduce("mean"),
    "amax": _reduce("max"), "add": _binary("add"), "sub": _binary("subtract"), "mul": _binary("multiply"),
    "div": _binary("divide"), "neg": _negative, "reshape": _view, "squeeze": _view,
    "maximum": _binary("maximum"),
    "minimum": _binary("minimum"), "unsqueeze": _view,
}  # fmt: skip

METHODS: dict[Any, Handler] = {
    **_SHARED,
    **dict.fromkeys(("view", "contiguous", "float", "to", "type", "detach", "clone", "type_as"), _view),
    "relu_": _plain("relu"), "add_": _binary("add"), "mul_": _binary("multiply"), "sub_": _binary("subtract"),
    "div_": _binary("divide"), "sigmoid_": _plain("sigmoid"), "tanh_": _plain("tanh"), "clamp_": _clamp,
}  # fmt: skip

FUNCTIONS: dict[Any, Handler] = {
    **{getattr(torch, name): handler for name, handler in _SHARED.items()},
    operator.add: _binary("add"), operator.iadd: _binary("add"), operator.sub: _binary("subtract"),
    operator.isub: _binary("subtract"), operator.mul: _binary("multiply"), operator.imul: _binary("multiply"),
    operator.truediv: _binary("divide"), operator.itruediv: _binary("divide"), operator.neg: _negative,
    torch.cat: _concatenate, torch.concat: _concatenate, torch.relu_: _plain("relu"),
    F.relu: _plain("relu"), F.relu_: _plain("relu"), F.relu6: lambda use: clipped(use, 0.0, 6.0),
    F.leaky_relu: _with_alpha("leaky_relu", "negative_slope", 0.01), F.elu: _with_alpha("elu", "alpha", 1.0),
    F.selu: _plain("selu"), F.silu: _plain("silu"), F.sigmoid: _plain("sigmoid"), F.tanh: _plain("tanh"),
    F.gelu: lambda use: gelu_of(use, use.argument(1, "approximate", "none")), F.mish: mish,
    F.hardswish: hard_swish, F.hardsigmoid: hard_sigmoid, F.softplus: _plain("softplus"),
    F.softsign: _plain("softsign"), F.softmax: _softmax, F.max_pool2d: _max_pool, F.avg_pool2d: _avg_pool,
    F.adaptive_avg_pool2d: lambda use: adaptive_pool(use, "mean"),
    F.adaptive_max_pool2d: lambda use: adaptive_pool(use, "max"),
    F.interpolate: _interpolate, F.pad: _pad, F.dropout: _same, F.dropout2d: _same,
    F.hardtanh: lambda use: clipped(use, use.argument(1, "min_val", -1.0), use.argument(2, "max_val", 1.0)),
}  # fmt: skip
