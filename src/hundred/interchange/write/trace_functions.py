"""How torch functions and tensor methods become operations of the graph; `trace_modules` uses these too."""

import math
import operator
from typing import Any

import torch
import torch.nn.functional as F

from hundred.interchange.write.graph import as_array
from hundred.interchange.write.op_call import Handler, OpCall, Unknown, Value, pair


def activation(call: OpCall, name: str, **extra: Any) -> str:
    """An elementwise activation that Keras and ONNX both have."""
    return call.add("activation", name=name, **extra)


def _linear_map(call: OpCall, taken: str, scale: float, offset: float, hint: str) -> str:
    return call.graph.add(
        "rescale",
        [taken],
        call.value.shape,
        weights={"scale": scale, "offset": offset},
        hint=f"{call.hint}{hint}",
    )


def gelu_of(call: OpCall, approximate: str = "none") -> str:
    """Hendrycks and Gimpel 2016. Old Keras has the exact form alone; the tanh form is built of parts."""
    if approximate == "none":
        return activation(call, "gelu")
    x, graph = call.value.name, call.graph
    cube = graph.add("combine", [x, x, x], call.value.shape, how="multiply", hint=f"{call.hint}_cube")
    root = math.sqrt(2 / math.pi)
    inner = graph.add(
        "combine",
        [_linear_map(call, x, root, 0, "_first"), _linear_map(call, cube, 0.044715 * root, 0, "_third")],
        how="add",
        hint=f"{call.hint}_inner",
    )
    bent = graph.add("activation", [inner], name="tanh", hint=f"{call.hint}_tanh")
    share = _linear_map(call, bent, 0.5, 0.5, "_share")
    return graph.add("combine", [x, share], how="multiply", hint=call.hint)


def hard_sigmoid(call: OpCall) -> str:
    """relu6(x + 3) / 6."""
    moved = _linear_map(call, call.value.name, 1 / 6, 0.5, "_line")
    return call.graph.add("activation", [moved], name="relu_up_to", alpha=1.0, hint=call.hint)


def hard_swish(call: OpCall) -> str:
    """x * relu6(x + 3) / 6."""
    moved = _linear_map(call, call.value.name, 1 / 6, 0.5, "_line")
    gate = call.graph.add("activation", [moved], name="relu_up_to", alpha=1.0, hint=f"{call.hint}_gate")
    return call.graph.add("combine", [call.value.name, gate], how="multiply", hint=call.hint)


def mish(call: OpCall) -> str:
    """x * tanh(softplus(x))."""
    soft = call.graph.add("activation", [call.value.name], name="softplus", hint=f"{call.hint}_softplus")
    bent = call.graph.add("activation", [soft], name="tanh", hint=f"{call.hint}_tanh")
    return call.graph.add("combine", [call.value.name, bent], how="multiply", hint=call.hint)


def clipped(call: OpCall, low: Any, high: Any) -> str:
    """x held within low..high."""
    if low == 0 and high is None:
        return activation(call, "relu")
    if low is None or high is None or not high > low:
        raise Unknown(f"clips to {low}..{high}")
    if low == 0:
        return activation(call, "relu_up_to", alpha=float(high))
    moved = _linear_map(call, call.value.name, 1.0, -float(low), "_line")
    held = call.graph.add(
        "activation", [moved], name="relu_up_to", alpha=float(high - low), hint=f"{call.hint}_held"
    )
    return _linear_map(call, held, 1.0, float(low), "")


def softmax_along(call: OpCall, dim: Any) -> str:
    """Softmax over channels or features."""
    rank = len(call.value.shape)
    if not isinstance(dim, int) or not -rank <= dim <= rank or dim == 0:
        raise Unknown(f"works along dimension {dim}; 1 alone goes")
    axis = dim % (rank + 1)
    return call.add("softmax") if axis == 1 and rank in (1, 3) else call.add("softmax", axis=axis)


def pool_with(call: OpCall, how: str, kernel: Any, *, stride: Any, padding: Any, count_padding: bool) -> str:
    """Pooling; where ceil_mode added places, the padding after the map is what is left to fill them."""
    image, kernel = call.image(), pair(kernel)
    stride = kernel if stride is None or stride == [] else pair(stride)
    top, left = pair(padding)
    sides, plain = [], []
    for before, size, out, k, step in zip(
        (left, top), image.shape[:0:-1], call.shape[:0:-1], kernel[::-1], stride[::-1], strict=True
    ):
        needed = (out - 1) * step + k - size - before
        plain.append(needed <= before)
        sides += [before, max(needed, before if how == "max" and needed > 0 else 0, 0)]
    if how == "mean" and count_padding and not all(plain):
        raise Unknown("counts padding in its mean and rounds its size up")
    if how == "mean" and count_padding:
        sides = [left, left, top, top]
    return call.add(
        "pool", how=how, kernel=kernel, stride=stride, sides=tuple(sides), count_padding=count_padding
    )


def adaptive_pool(call: OpCall, how: str) -> str:
    """Pooling to a given size that divides the map."""
    _, rows, columns = call.image().shape
    out = call.shape[1:]
    if out == (1, 1):
        return call.add("global_pool", how=how, keepdims=True)
    if rows % out[0] or columns % out[1]:
        raise Unknown(f"pools {rows}x{columns} to {out[0]}x{out[1]}, which does not divide it")
    kernel = (rows // out[0], columns // out[1])
    return call.add("pool", how=how, kernel=kernel, stride=kernel, sides=(0, 0, 0, 0), count_padding=False)


def _reduce(how: str) -> Handler:
    def write(call: OpCall) -> str:
        dims = call.argument(1, "dim")
        dims = [dims] if isinstance(dims, int) else list(dims or [])
        image, rank = call.image(), 4
        if sorted(dim % rank for dim in dims) != [2, 3]:
            raise Unknown(f"works along the dimensions {dims}; (2, 3) alone go")
        keepdims = bool(call.argument(2, "keepdim", False))
        return call.graph.add(
            "global_pool", [image.name], call.shape, how=how, keepdims=keepdims, hint=call.hint
        )

    return write


def pad_or_crop(call: OpCall, sides: tuple[int, ...]) -> str:
    """Zeros around, or rows and columns cut off where a side is negative."""
    if len(sides) != 4 or len(call.value.shape) != 3:
        raise Unknown("pads other dimensions than rows and columns")
    taken, channels, rows, columns = call.value.name, *call.value.shape
    added = tuple(max(side, 0) for side in sides)
    cut = tuple(max(-side, 0) for side in sides)
    if any(added):
        shape = (channels, rows + added[2] + added[3], columns + added[0] + added[1])
        taken = call.graph.add("pad", [taken], shape, sides=added, hint=call.hint)
    if any(cut):
        taken = call.graph.add("crop", [taken], call.shape, sides=cut, hint=call.hint)
    return taken


def repeat_edges(call: OpCall, sides: tuple[int, ...]) -> str:
    """The feature map with its outermost rows and columns repeated: each is cut off and joined on."""
    taken, shape = call.image().name, list(call.image().shape)
    left, right, top, bottom = sides
    for dim, after, count in ((2, False, left), (2, True, right), (1, False, top), (1, True, bottom)):
        if not count:
            continue
        rest = shape[dim] - 1
        cut = (rest, 0) if after else (0, rest)
        crop = (*cut, 0, 0) if dim == 2 else (0, 0, *cut)
        narrow = [1 if i == dim else side for i, side in enumerate(shape)]
        edge = call.graph.add("crop", [taken], narrow, sides=crop, hint=f"{call.hint}_edge")
        shape[dim] += count
        parts = [taken, *[edge] * count] if after else [*[edge] * count, taken]
        taken = call.graph.add("concatenate", parts, shape, dim=dim + 1, hint=f"{call.hint}_wide")
    return taken


def _pad(call: OpCall) -> str:
    if call.argument(2, "mode", "constant") != "constant" or call.argument(3, "value") not in (None, 0, 0.0):
        raise Unknown("pads with something else than zeros")
    return pad_or_crop(call, tuple(call.argument(1, "pad")))


def upsample(call: OpCall, mode: str, align_corners: bool | None) -> str:
    """Enlarging by a whole factor, or bilinearly to any size."""
    _, rows, columns = call.image().shape
    size = call.shape[1:]
    whole = size[0] % rows == 0 and size[1] % columns == 0
    if mode == "nearest-exact" and whole:
        mode = "nearest"
    if mode not in ("nearest", "bilinear") or align_corners:
        raise Unknown(
            f"interpolates in the way {mode!r}" + (" with aligned corners" if align_corners else "")
        )
    if mode == "nearest" and not whole:
        raise Unknown("enlarges by a factor that is not whole")
    return call.add("upsample", size=size, mode=mode)


def _interpolate(call: OpCall) -> str:
    if call.argument(6, "antialias", False):
        raise Unknown("is set to antialias")
    return upsample(call, call.argument(3, "mode", "nearest"), call.argument(4, "align_corners"))


def flatten_all(call: OpCall) -> str:
    """[n, c, h, w] to [n, c * h * w]; features pass."""
    if len(call.value.shape) == 1:
        return call.value.name
    if len(call.value.shape) != 3:
        return call.add("reshape", target=(math.prod(call.value.shape),))
    plain = call.value.shape[1:] == (1, 1)
    return call.add("flatten", order="channels-last" if plain else "channels-first")


def _view(call: OpCall) -> str:
    """Any reshaping that comes down to flattening, or to nothing."""
    if call.shape == call.value.shape:
        return call.value.name
    if len(call.shape) == 1 and len(call.value.shape) == 3 and math.prod(call.value.shape) == call.shape[0]:
        return flatten_all(call)
    if len(call.value.shape) == 2 and call.value.shape[1] == 1 and call.shape == call.value.shape[:1]:
        return call.value.name  # the second squeeze of two: the first has flattened already
    if len(call.shape) == 2 and call.value.shape[1:] == (1, 1) and call.shape[1] == 1:
        return call.add("flatten", shape=call.value.shape[:1], order="channels-last")
    if len(call.value.shape) == 1 and call.shape == (*call.value.shape, 1, 1):
        return call.add("reshape", target=(1, 1, call.value.shape[0]))
    raise Unknown(f"shapes {['n', *call.value.shape]} to {['n', *call.shape]}; flattening alone goes")


def _spread(call: OpCall, constant: Any) -> Any:
    """A constant as [] or [channels], or Unknown where it is neither."""
    array = as_array(constant)
    if array.size == 1:
        return array.reshape(())
    shape, rank = call.shape, len(call.shape)
    aligned = (1,) * (rank + 1 - array.ndim) + array.shape
    if len(aligned) == rank + 1 and aligned == (1, shape[0]) + (1,) * (rank - 1):
        return array.reshape(-1)
    raise Unknown(f"takes a constant of shape {list(array.shape)}; one number or one for each channel go")


def _binary(how: str) -> Handler:
    def write(call: OpCall) -> str:
        a, b = call.args[0], call.argument(1, "other")
        if call.kwargs.get("alpha", 1) != 1 or call.kwargs.get("rounding_mode") is not None:
            raise Unknown("has a factor or rounding of its own")
        if isinstance(a, Value) and isinstance(b, Value):
            return _both(call, a, b, how)
        value, constant = (a, b) if isinstance(a, Value) else (b, a)
        spread = _spread(call, constant)
        taken = [value.name]
        if value.shape != call.shape:
            raise Unknown("makes a tensor larger than it was")
        if how in ("maximum", "minimum"):
            if how == "maximum" and spread.size == 1 and float(spread) == 0:
                return call.graph.add("activation", taken, name="relu", hint=call.hint)
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
        return call.graph.add("rescale", taken, call.shape, weights=weights, hint=call.hint)

    return write


def _both(call: OpCall, a: Value, b: Value, how: str) -> str:
    if len(a.shape) != len(b.shape):
        raise Unknown("joins tensors of unlike rank")
    if how == "divide":
        raise Unknown("divides a tensor by another")
    return call.graph.add("combine", [a.name, b.name], call.shape, how=how, hint=call.hint)


def _negative(call: OpCall) -> str:
    return call.add("rescale", weights={"scale": -1.0, "offset": 0.0})


def _concatenate(call: OpCall) -> str:
    tensors, dim = call.args[0] if call.args else call.kwargs["tensors"], call.argument(1, "dim", 0)
    if not all(isinstance(item, Value) for item in tensors):
        raise Unknown("joins a tensor with a constant")
    rank = len(call.shape) + 1
    if dim % rank == 0:
        raise Unknown("joins along the batch")
    return call.graph.add(
        "concatenate", [item.name for item in tensors], call.shape, dim=dim % rank, hint=call.hint
    )


def _plain(name: str) -> Handler:
    return lambda call: activation(call, name)


def _with_alpha(name: str, key: str, default: float) -> Handler:
    return lambda call: activation(call, name, alpha=float(call.argument(1, key, default)))


def _softmax(call: OpCall) -> str:
    return softmax_along(call, call.argument(1, "dim"))


def _flatten(call: OpCall) -> str:
    start, end = call.argument(1, "start_dim", 0), call.argument(2, "end_dim", -1)
    if start != 1 or end not in (-1, len(call.value.shape)):
        raise Unknown("flattens only some dimensions, or the batch")
    return flatten_all(call)


def _max_pool(call: OpCall) -> str:
    if pair(call.argument(4, "dilation", 1)) != (1, 1):
        raise Unknown("has a dilation")
    return pool_with(
        call,
        "max",
        call.argument(1, "kernel_size"),
        stride=call.argument(2, "stride"),
        padding=call.argument(3, "padding", 0),
        count_padding=False,
    )


def _avg_pool(call: OpCall) -> str:
    if call.argument(6, "divisor_override") is not None:
        raise Unknown("has a divisor of its own")
    return pool_with(
        call,
        "mean",
        call.argument(1, "kernel_size"),
        stride=call.argument(2, "stride"),
        padding=call.argument(3, "padding", 0),
        count_padding=bool(call.argument(5, "count_include_pad", True)),
    )


def _same(call: OpCall) -> str:
    return call.value.name


def _clamp(call: OpCall) -> str:
    return clipped(call, call.argument(1, "min"), call.argument(2, "max"))


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
    F.relu: _plain("relu"), F.relu_: _plain("relu"), F.relu6: lambda call: clipped(call, 0.0, 6.0),
    F.leaky_relu: _with_alpha("leaky_relu", "negative_slope", 0.01), F.elu: _with_alpha("elu", "alpha", 1.0),
    F.selu: _plain("selu"), F.silu: _plain("silu"), F.sigmoid: _plain("sigmoid"), F.tanh: _plain("tanh"),
    F.gelu: lambda call: gelu_of(call, call.argument(1, "approximate", "none")), F.mish: mish,
    F.hardswish: hard_swish, F.hardsigmoid: hard_sigmoid, F.softplus: _plain("softplus"),
    F.softsign: _plain("softsign"), F.softmax: _softmax, F.max_pool2d: _max_pool, F.avg_pool2d: _avg_pool,
    F.adaptive_avg_pool2d: lambda call: adaptive_pool(call, "mean"),
    F.adaptive_max_pool2d: lambda call: adaptive_pool(call, "max"),
    F.interpolate: _interpolate, F.pad: _pad, F.dropout: _same, F.dropout2d: _same,
    F.hardtanh: lambda c: clipped(c, c.argument(1, "min_val", -1.0), c.argument(2, "max_val", 1.0)),
}  # fmt: skip
