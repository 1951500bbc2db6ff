"""How torch's functions with weights are written on the tape: layers of a person's own come down to them."""

import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from hundred.interchange.write.op_call import Handler, OpCall, Unknown, pair


def _constants(use: OpCall, *places: tuple[int, str]) -> list[Any]:
    """Arguments that must be weights of the network: parameters, or what was computed from them alone."""
    found = [use.argument(position, name) for position, name in places]
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


def _conv2d(use: OpCall) -> str:
    weight, bias = _constants(use, (1, "weight"), (2, "bias"))
    use.image()
    dilation = pair(use.argument(5, "dilation", 1))
    padding = use.argument(4, "padding", 0)
    return use.add(
        "conv",
        weights={"weight": weight, "bias": bias},
        stride=pair(use.argument(3, "stride", 1)),
        sides=conv_sides(padding, tuple(weight.shape[2:]), dilation),
        dilation=dilation,
        groups=use.argument(6, "groups", 1),
        trainable=True,
    )


def _linear(use: OpCall) -> str:
    weight, bias = _constants(use, (1, "weight"), (2, "bias"))
    if len(use.value.shape) != 1:
        raise Unknown(f"works on a tensor of shape {['n', *use.value.shape]}; flatten it before")
    return use.add("linear", weights={"weight": weight, "bias": bias}, trainable=True)


def _batch_norm(use: OpCall) -> str:
    mean, variance, scale, shift = _constants(
        use, (1, "running_mean"), (2, "running_var"), (3, "weight"), (4, "bias")
    )
    if use.argument(5, "training", False) or mean is None:
        raise Unknown("takes the statistics of its batch")
    return use.add(
        "norm",
        weights={"scale": scale, "shift": shift, "mean": mean, "variance": variance},
        epsilon=float(use.argument(7, "eps", 1e-5)),
        momentum=1 - float(use.argument(6, "momentum", 0.1)),
        trainable=True,
    )


def _layer_norm(use: OpCall) -> str:
    scale, shift = _constants(use, (2, "weight"), (3, "bias"))
    if tuple(use.argument(1, "normalized_shape")) != use.value.shape:
        raise Unknown("normalizes a part of its input")
    return use.add(
        "layer_norm",
        weights={"scale": scale, "shift": shift},
        epsilon=float(use.argument(4, "eps", 1e-5)),
        over="all",
        trainable=True,
    )


def _group_norm(use: OpCall) -> str:
    scale, shift = _constants(use, (2, "weight"), (3, "bias"))
    use.image()
    return use.add(
        "group_norm",
        weights={"scale": scale, "shift": shift},
        epsilon=float(use.argument(4, "eps", 1e-5)),
        groups=use.argument(1, "num_groups"),
        trainable=True,
    )


def _times_matrix(use: OpCall) -> str:
    """features @ weight."""
    (weight,) = _constants(use, (1, "other"))
    if len(use.value.shape) != 1 or weight.ndim != 2:
        raise Unknown("multiplies other matrices than features by a weight")
    return use.add("linear", weights={"weight": weight.T}, trainable=True)


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
