"""How torch's functions with weights are recorded: layers of a user's own class reduce to them."""

import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from hundred.interchange.write.op_call import Handler, OpCall, Unknown, pair


def _constants(call: OpCall, *places: tuple[int, str]) -> list[Any]:
    """Arguments that must be weights of the network: parameters, or what was computed from them alone."""
    found = [call.argument(position, name) for position, name in places]
    if not all(value is None or isinstance(value, Tensor) for value in found):
        raise Unknown("has weights that depend on the images")
    return found


def conv_sides(padding: Any, kernel: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int, int, int]:
    """torch's padding as (left, right, top, bottom)."""
    if padding == "same":
        down, across = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
        return across // 2, across - across // 2, down // 2, down - down // 2
    rows, columns = (0, 0) if padding == "valid" else pair(padding)
    return columns, columns, rows, rows


def _conv2d(call: OpCall) -> str:
    weight, bias = _constants(call, (1, "weight"), (2, "bias"))
    call.image()
    dilation = pair(call.argument(5, "dilation", 1))
    padding = call.argument(4, "padding", 0)
    return call.add(
        "conv",
        weights={"weight": weight, "bias": bias},
        stride=pair(call.argument(3, "stride", 1)),
        sides=conv_sides(padding, tuple(weight.shape[2:]), dilation),
        dilation=dilation,
        groups=call.argument(6, "groups", 1),
        trainable=True,
    )


def _linear(call: OpCall) -> str:
    weight, bias = _constants(call, (1, "weight"), (2, "bias"))
    if len(call.value.shape) != 1:
        raise Unknown(f"works on a tensor of shape {['n', *call.value.shape]}; flatten it before")
    return call.add("linear", weights={"weight": weight, "bias": bias}, trainable=True)


def _batch_norm(call: OpCall) -> str:
    mean, variance, scale, shift = _constants(
        call, (1, "running_mean"), (2, "running_var"), (3, "weight"), (4, "bias")
    )
    if call.argument(5, "training", False) or mean is None:
        raise Unknown("takes the statistics of its batch")
    return call.add(
        "norm",
        weights={"scale": scale, "shift": shift, "mean": mean, "variance": variance},
        epsilon=float(call.argument(7, "eps", 1e-5)),
        momentum=1 - float(call.argument(6, "momentum", 0.1)),
        trainable=True,
    )


def _layer_norm(call: OpCall) -> str:
    scale, shift = _constants(call, (2, "weight"), (3, "bias"))
    if tuple(call.argument(1, "normalized_shape")) != call.value.shape:
        raise Unknown("normalizes a part of its input")
    return call.add(
        "layer_norm",
        weights={"scale": scale, "shift": shift},
        epsilon=float(call.argument(4, "eps", 1e-5)),
        over="all",
        trainable=True,
    )


def _group_norm(call: OpCall) -> str:
    scale, shift = _constants(call, (2, "weight"), (3, "bias"))
    call.image()
    return call.add(
        "group_norm",
        weights={"scale": scale, "shift": shift},
        epsilon=float(call.argument(4, "eps", 1e-5)),
        groups=call.argument(1, "num_groups"),
        trainable=True,
    )


def _times_matrix(call: OpCall) -> str:
    """features @ weight."""
    (weight,) = _constants(call, (1, "other"))
    if len(call.value.shape) != 1 or weight.ndim != 2:
        raise Unknown("multiplies other matrices than features by a weight")
    return call.add("linear", weights={"weight": weight.T}, trainable=True)


WEIGHTED: dict[Any, Handler] = {
    F.conv2d: _conv2d,
    torch.conv2d: _conv2d,
    F.linear: _linear,
    F.batch_norm: _batch_norm,
    F.layer_norm: _layer_norm,
    F.group_norm: _group_norm,
    operator.matmul: _times_matrix,
    torch.matmul: _times_matrix,
}
