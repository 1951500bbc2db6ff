"""How the layers of `read.tensor_layers`, on tensors of any rank, become operations of the graph."""

import math
from collections.abc import Sequence
from typing import Any

import torch

from hundred.interchange.read import ends
from hundred.interchange.read.layers import images as own
from hundred.interchange.read.layers import tensors
from hundred.interchange.write.graph import keras_order, stored_order
from hundred.interchange.write.op_call import Handler, OpCall, Unknown


def _reshape(call: OpCall) -> str:
    return call.add("reshape", target=call.layer.target)


def _permute(call: OpCall) -> str:
    return call.add("permute", dims=call.layer.dims)


def _batch_norm(call: OpCall) -> str:
    norm = call.layer.norm
    return call.add(
        "norm",
        weights={
            "scale": norm.weight,
            "shift": norm.bias,
            "mean": norm.running_mean,
            "variance": norm.running_var,
        },
        epsilon=float(norm.eps),
        momentum=0.99 if norm.momentum is None else 1 - float(norm.momentum),
        trainable=call.trainable,
    )


def _layer_norm(call: OpCall) -> str:
    """The axes moved to the end and joined, normalized as features, and taken apart again."""
    norm, graph, shape = call.layer, call.graph, keras_order(call.value.shape)
    axes = list(norm.axes)
    rest = [axis for axis in range(1, len(shape) + 1) if axis not in axes]
    order = [*rest, *axes]
    moved = [shape[axis - 1] for axis in order]
    joined = [*moved[: len(rest)], math.prod(moved[len(rest) :])]
    weights = {
        "scale": None if norm.weight is None else norm.weight.reshape(-1),
        "shift": None if norm.bias is None else norm.bias.reshape(-1),
    }
    here = _moved(call, call.value.name, order, moved)
    here = graph.add("reshape", [here], stored_order(joined), target=joined, hint=f"{call.hint}_joined")
    here = graph.add(
        "layer_norm",
        [here],
        weights=weights,
        epsilon=float(norm.eps),
        over="channels",
        trainable=call.trainable,
        hint=f"{call.hint}_norm",
    )
    here = graph.add("reshape", [here], stored_order(moved), target=moved, hint=f"{call.hint}_apart")
    back = [order.index(axis) + 1 for axis in range(1, len(shape) + 1)]
    return _moved(call, here, back, shape)


def _moved(call: OpCall, taken: str, order: Sequence[int], shape: Sequence[int]) -> str:
    if list(order) == sorted(order):
        return taken
    return call.graph.add(
        "permute", [taken], stored_order(shape), dims=list(order), hint=f"{call.hint}_turned"
    )


def _pool(call: OpCall) -> str:
    pool = call.layer
    return call.add("pool_sequence", how=pool.how, size=pool.size, stride=pool.stride, sides=pool.pads)


def _reduce(call: OpCall) -> str:
    return call.add("reduce", how=call.layer.how, axes=list(call.layer.axes), keepdims=call.layer.keepdims)


def _slice(call: OpCall) -> str:
    parts, shape = call.layer.parts, keras_order(call.value.shape)
    whole = [part == (0, side, 1) for part, side in zip(parts, shape, strict=True)]
    if len(shape) == 3 and whole[0] and whole[1]:  # some channels of a map: a 1x1 convolution takes them
        taken = [parts[2]] if isinstance(parts[2], int) else list(range(*parts[2]))
        kernel = torch.eye(shape[2])[taken][:, :, None, None]
        size = (len(taken), *call.value.shape[1:])
        made = _fixed_conv(call, kernel, size)
        if isinstance(parts[2], int):
            made = call.graph.add("reshape", [made], call.shape, target=shape[:2], hint=f"{call.hint}_plane")
        return made
    return call.add("slice", parts=parts)


def _fixed_conv(call: OpCall, kernel: torch.Tensor, shape: Sequence[int], **settings: Any) -> str:
    given = {"stride": (1, 1), "sides": (0, 0, 0, 0), "dilation": (1, 1), **settings}
    weights = {"weight": kernel, "bias": None}
    return call.add("conv", shape=shape, weights=weights, groups=1, trainable=False, **given)


def _pad(call: OpCall) -> str:
    pads, shape = call.layer.pads, keras_order(call.value.shape)
    if len(shape) == 3 and not any(pads[0]) and not any(pads[1]):  # channels of zeros
        kernel = torch.nn.functional.pad(torch.eye(shape[2]), (0, 0, *pads[2]))[:, :, None, None]
        return _fixed_conv(call, kernel, call.shape)
    if len(shape) == 3 and not any(pads[2]):
        return call.add("pad", sides=(*pads[1], *pads[0]))
    return call.add("pad_axes", pads=pads)


def _normalize(call: OpCall) -> str:
    return call.add("unit_norm", axis=call.layer.axis, epsilon=call.layer.eps)


def _matmul(call: OpCall) -> str:
    a, b = call.args
    return call.graph.add(
        "matmul",
        [a.name, b.name],
        call.shape,
        transpose_a=call.layer.transpose_a,
        transpose_b=call.layer.transpose_b,
        hint=call.hint,
    )


def _table(call: OpCall) -> str:
    table = call.layer.table.expand(call.value.shape)
    if table.ndim == 3:
        table = table.permute(1, 2, 0)
    return call.add("affine", weights={"shift": table}, trainable=False)


def _channel_scale(call: OpCall) -> str:
    return call.add("affine", weights={"scale": call.layer.weight}, trainable=call.trainable)


def _patches(call: OpCall) -> str:
    layer = call.layer
    kernel = layer.kernel(torch.zeros(1))
    dilation = (layer.dilation, layer.dilation)
    return _fixed_conv(call, kernel, call.shape, stride=layer.stride, sides=layer.pads, dilation=dilation)


def _drop_path(call: OpCall) -> str:
    return call.add("dropout", rate=float(call.layer.rate), whole_channels=False, per_image=True)


def _attention(call: OpCall) -> str:
    """Head by head, in operations that every Keras has: its own layer is called in ways that differ."""
    layer, graph = call.layer, call.graph
    given = [each for each in (*call.args, *call.kwargs.values()) if each is not None]
    query, value, key = given[0], given[1], given[2] if len(given) > 2 else given[1]
    heads = [_head(call, number, query, key, value) for number in range(layer.heads)]
    steps, width = query.shape[0], layer.sizes[1]
    joined = heads[0]
    if len(heads) > 1:
        shape = (steps, width * len(heads))
        joined = graph.add("concatenate", heads, shape, dim=2, hint=f"{call.hint}_heads")
    weights = {"weight": layer.output.weight, "bias": layer.output.bias}
    return graph.add(
        "linear", [joined], call.shape, weights=weights, trainable=call.trainable, hint=call.hint
    )


def _head(call: OpCall, number: int, query: Any, key: Any, value: Any) -> str:
    layer, graph, hint = call.layer, call.graph, f"{call.hint}_{number}"

    def projected(name: str, taken: Any, size: int, factor: float = 1.0) -> str:
        linear = getattr(layer, name)
        rows = slice(number * size, (number + 1) * size)
        bias = None if linear.bias is None else linear.bias[rows] * factor
        weights = {"weight": linear.weight[rows] * factor, "bias": bias}
        return graph.add(
            "linear",
            [taken.name],
            (taken.shape[0], size),
            weights=weights,
            trainable=call.trainable,
            hint=f"{hint}_{name}",
        )

    size, width = layer.sizes
    q, k = projected("query", query, size, size**-0.5), projected("key", key, size)
    v = projected("value", value, width)
    shape = (query.shape[0], key.shape[0])
    scores = graph.add("matmul", [q, k], shape, transpose_a=False, transpose_b=True, hint=f"{hint}_scores")
    weights = graph.add("softmax", [scores], shape, axis=2, hint=f"{hint}_weights")
    if layer.dropout:
        weights = graph.add(
            "dropout",
            [weights],
            shape,
            rate=float(layer.dropout),
            whole_channels=False,
            hint=f"{hint}_dropout",
        )
    taken = (query.shape[0], width)
    return graph.add(
        "matmul", [weights, v], taken, transpose_a=False, transpose_b=False, hint=f"{hint}_taken"
    )


def _dot_attention(call: OpCall) -> str:
    given = [each for each in (*call.args, *call.kwargs.values()) if each is not None]
    query, value, key = given[0], given[1], given[2] if len(given) > 2 else given[1]
    shape, graph = (query.shape[0], key.shape[0]), call.graph
    scores = graph.add(
        "matmul",
        [query.name, key.name],
        shape,
        transpose_a=False,
        transpose_b=True,
        hint=f"{call.hint}_scores",
    )
    weights = graph.add("softmax", [scores], shape, axis=2, hint=f"{call.hint}_weights")
    return graph.add(
        "matmul", [weights, value.name], call.shape, transpose_a=False, transpose_b=False, hint=call.hint
    )


def _combine(call: OpCall) -> str:
    how = call.layer.how
    if how == "divide":
        raise Unknown("divides a tensor by another")
    if len(call.args) == 1:
        return call.value.name
    return call.graph.add("combine", [each.name for each in call.args], call.shape, how=how, hint=call.hint)


def _stack(call: OpCall) -> str:
    """Single channels [h, w] as maps of one channel, joined."""
    planes = [
        call.graph.add(
            "reshape", [each.name], (1, *each.shape), target=(*each.shape, 1), hint=f"{call.hint}_plane"
        )
        for each in call.args
    ]
    return call.graph.add("concatenate", planes, call.shape, dim=1, hint=call.hint)


def _logarithm(call: OpCall) -> str:
    return call.add("log")


def _log_sigmoid(call: OpCall) -> str:
    """-softplus(-x)."""
    return _negative(call, _softplus(call, _negative(call, call.value.name)))


def _negative(call: OpCall, taken: str) -> str:
    return call.graph.add(
        "rescale", [taken], weights={"scale": -1.0, "offset": 0.0}, hint=f"{call.hint}_minus"
    )


def _softplus(call: OpCall, taken: str) -> str:
    return call.graph.add("activation", [taken], name="softplus", hint=f"{call.hint}_softplus")


def _two_classes(call: OpCall) -> str:
    """[log(1 - p), log(p)] as -[softplus(x), softplus(-x)]."""
    both = [_softplus(call, call.value.name), _softplus(call, _negative(call, call.value.name))]
    joined = call.graph.add("concatenate", both, call.shape, dim=1, hint=f"{call.hint}_both")
    return _negative(call, joined)


def own_activation(call: OpCall) -> str:
    """The functions of `layers.Activation` that Keras' layers can make."""
    name, graph = call.layer.name, call.graph
    if name == "exponential":
        return call.add("activation", name="exponential")
    if name == "square":
        both = [call.value.name, call.value.name]
        return graph.add("combine", both, call.shape, how="multiply", hint=call.hint)
    if name != "hard_sigmoid_keras2":
        raise Unknown(f"computes {name}")
    straight = graph.add(
        "rescale", [call.value.name], weights={"scale": 0.2, "offset": 0.5}, hint=f"{call.hint}_line"
    )
    return graph.add("activation", [straight], name="relu_up_to", alpha=1.0, hint=call.hint)


TENSORS: dict[Any, Handler] = {
    tensors.KerasReshape: _reshape,
    tensors.KerasPermute: _permute,
    tensors.LastAxisBatchNorm: _batch_norm,
    tensors.AxesLayerNorm: _layer_norm,
    tensors.SequencePool: _pool,
    tensors.ReduceAxes: _reduce,
    tensors.Slice: _slice,
    tensors.PadAxes: _pad,
    tensors.L2Normalize: _normalize,
    tensors.MatMul: _matmul,
    tensors.AddTable: _table,
    tensors.ExtractPatches: _patches,
    tensors.ChannelScale: _channel_scale,
    tensors.DropPath: _drop_path,
    tensors.MultiHeadAttention: _attention,
    tensors.DotAttention: _dot_attention,
    tensors.Logarithm: _logarithm,
    torch.nn.LogSigmoid: _log_sigmoid,
    ends.TwoClasses: _two_classes,
    own.Combine: _combine,
    own.StackChannels: _stack,
    own.Activation: own_activation,
}
