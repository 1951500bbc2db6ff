"""How each torch layer is recorded as operations of the graph."""

from typing import Any

import torch
from torch import nn

from hundred.interchange.read.layers import images as own
from hundred.interchange.read.layers.tensors import FrozenBatchNorm1d, FrozenBatchNorm2d
from hundred.interchange.write import trace_functions as functions
from hundred.interchange.write.op_call import Handler, OpCall, Unknown, mode_of, pair
from hundred.interchange.write.trace_tensors import TENSORS
from hundred.interchange.write.trace_weighted import conv_sides
from hundred.models.convolution import Conv2d


def _conv(call: OpCall) -> str:
    conv, image = call.layer, call.image()
    if mode_of(conv) != "zeros" and conv.padding not in ((0, 0), "valid"):
        raise Unknown(f"pads with {conv.padding_mode}, Keras with zeros")
    kernel, dilation = pair(conv.kernel_size), pair(conv.dilation)
    return call.graph.add(
        "conv",
        [image.name],
        call.shape,
        hint=call.hint,
        weights={"weight": conv.weight, "bias": conv.bias},
        stride=pair(conv.stride),
        sides=conv_sides(conv.padding, kernel, dilation),
        dilation=dilation,
        groups=conv.groups,
        trainable=call.trainable,
    )


def _conv_transpose(call: OpCall) -> str:
    conv, image = call.layer, call.image()
    if conv.groups != 1 or pair(conv.dilation) != (1, 1) or pair(conv.output_padding) != (0, 0):
        raise Unknown("has groups, a dilation or an output padding")
    rows, columns = pair(conv.padding)
    kernel, stride = pair(conv.kernel_size), pair(conv.stride)
    if kernel[0] < stride[0] or kernel[1] < stride[1]:
        raise Unknown("has a stride larger than its kernel")
    whole = (call.shape[0], call.shape[1] + 2 * rows, call.shape[2] + 2 * columns)
    made = call.graph.add(
        "conv_transpose",
        [image.name],
        whole,
        hint=call.hint,
        weights={"weight": conv.weight, "bias": conv.bias},
        stride=stride,
        trainable=call.trainable,
    )
    if rows or columns:
        made = call.graph.add("crop", [made], call.shape, sides=(columns, columns, rows, rows))
    return made


def _linear(call: OpCall) -> str:
    if len(call.value.shape) == 3:
        raise Unknown(f"works on a tensor of shape {['n', *call.value.shape]}; flatten it before")
    weights = {"weight": call.layer.weight, "bias": call.layer.bias}
    return call.add("linear", weights=weights, trainable=call.trainable)


def _batch_norm(call: OpCall) -> str:
    norm = call.layer
    if norm.running_mean is None:
        raise Unknown("keeps no moving averages (track_running_stats=False)")
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
    norm = call.layer
    shape = call.value.shape
    last = len(shape) != 3 and tuple(norm.normalized_shape) == shape[-1:]
    if tuple(norm.normalized_shape) != shape and not last:
        raise Unknown(f"normalizes {list(norm.normalized_shape)} of {list(shape)}; whole maps alone go")
    weights = {"scale": norm.weight, "shift": norm.bias}
    over = "channels" if last else "all"
    return call.add(
        "layer_norm", weights=weights, epsilon=float(norm.eps), over=over, trainable=call.trainable
    )


def _channel_norm(call: OpCall) -> str:
    norm = call.layer
    weights = {"scale": norm.weight, "shift": norm.bias}
    return call.add(
        "layer_norm", weights=weights, epsilon=float(norm.eps), over="channels", trainable=call.trainable
    )


def _group_norm(call: OpCall) -> str:
    norm = call.layer
    call.image()
    weights = {"scale": norm.weight, "shift": norm.bias}
    return call.add(
        "group_norm",
        weights=weights,
        epsilon=float(norm.eps),
        groups=norm.num_groups,
        trainable=call.trainable,
    )


def _activation(name: str, alpha: str | None = None) -> Handler:
    def write(call: OpCall) -> str:
        extra = {"alpha": float(getattr(call.layer, alpha))} if alpha else {}
        return functions.activation(call, name, **extra)

    return write


def _softmax(call: OpCall) -> str:
    dim = call.layer.dim
    if dim is None and len(call.value.shape) in (1, 3):
        dim = 1 if len(call.value.shape) == 1 else 0  # torch's habit where no dimension is named
    return functions.softmax_along(call, dim)


def _hardtanh(call: OpCall) -> str:
    return functions.clipped(call, float(call.layer.min_val), float(call.layer.max_val))


def _gelu(call: OpCall) -> str:
    return functions.gelu_of(call, call.layer.approximate)


def _celu(call: OpCall) -> str:
    if call.layer.alpha != 1:
        raise Unknown("has another alpha than 1")
    return functions.activation(call, "elu", alpha=1.0)


def _softplus(call: OpCall) -> str:
    if call.layer.beta != 1:
        raise Unknown("has another beta than 1")
    return functions.activation(call, "softplus")


def _prelu(call: OpCall) -> str:
    slope, rank = call.layer.weight, len(call.value.shape)
    shape = (-1, 1, 1) if rank == 3 else (-1,)
    slope = slope.detach().reshape(shape).expand(call.value.shape[0], *[1] * (rank - 1))
    return call.add("prelu", weights={"slope": slope}, trainable=call.trainable)


def _channel_prelu(call: OpCall) -> str:
    return call.add("prelu", weights={"slope": call.layer.weight}, trainable=call.trainable)


def _pool(how: str) -> Handler:
    def write(call: OpCall) -> str:
        pool = call.layer
        if getattr(pool, "divisor_override", None) or pair(getattr(pool, "dilation", 1)) != (1, 1):
            raise Unknown("has a dilation or a divisor of its own")
        return functions.pool_with(
            call,
            how,
            pool.kernel_size,
            stride=pool.stride,
            padding=pool.padding,
            count_padding=getattr(pool, "count_include_pad", False),
        )

    return write


def _own_pool(how: str) -> Handler:
    def write(call: OpCall) -> str:
        p = call.layer
        if getattr(p, "repeat_edges", False):
            taken = functions.repeat_edges(call, p.pads)
            return call.graph.add(
                "pool",
                [taken],
                call.shape,
                hint=call.hint,
                how=how,
                kernel=p.kernel_size,
                stride=p.stride,
                sides=(0, 0, 0, 0),
                count_padding=False,
            )
        return call.add(
            "pool", how=how, kernel=p.kernel_size, stride=p.stride, sides=p.pads, count_padding=False
        )

    return write


def _adaptive(how: str) -> Handler:
    return lambda call: functions.adaptive_pool(call, how)


def _dropout(whole_channels: bool) -> Handler:
    return lambda call: call.add("dropout", rate=float(call.layer.p), whole_channels=whole_channels)


def _pad(call: OpCall) -> str:
    if getattr(call.layer, "value", 0) != 0:
        raise Unknown("pads with something else than zeros")
    return functions.pad_or_crop(call, tuple(call.layer.padding))


def _crop(call: OpCall) -> str:
    return call.add("crop", sides=call.layer.crops)


def _upsample(call: OpCall) -> str:
    return functions.upsample(call, call.layer.mode, call.layer.align_corners)


def _flatten(call: OpCall) -> str:
    start = call.layer.start_dim
    if start != 1 or call.layer.end_dim not in (-1, len(call.value.shape)):
        raise Unknown("flattens only some dimensions")
    return functions.flatten_all(call)


def _unflattened(call: OpCall) -> str:
    return call.add("flatten", order="channels-last")


def _rescale(call: OpCall) -> str:
    return call.add("rescale", weights={"scale": _flat(call.layer.scale), "offset": _flat(call.layer.offset)})


def _standardize(call: OpCall) -> str:
    return call.add("standardize", weights={"mean": _flat(call.layer.mean), "std": _flat(call.layer.std)})


def _flat(constants: torch.Tensor) -> torch.Tensor:
    return constants.reshape(()) if constants.numel() == 1 else constants.reshape(-1)


def _chosen_channels(call: OpCall, taken: list[int]) -> str:
    """Some of the channels, in their order, as a 1x1 convolution that is not trained."""
    kernel = torch.eye(call.layer.channels)[taken][:, :, None, None]
    return call.add(
        "conv",
        weights={"weight": kernel, "bias": None},
        stride=(1, 1),
        sides=(0, 0, 0, 0),
        dilation=(1, 1),
        groups=1,
        trainable=False,
    )


def _reversed(call: OpCall) -> str:
    return _chosen_channels(call, list(range(call.layer.channels))[::-1])


def _nothing(call: OpCall) -> str:
    return call.value.name


MODULES: dict[Any, Handler] = {
    nn.Conv2d: _conv,
    Conv2d: _conv,
    nn.ConvTranspose2d: _conv_transpose,
    nn.Linear: _linear,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    FrozenBatchNorm1d: _batch_norm,
    FrozenBatchNorm2d: _batch_norm,
    nn.SyncBatchNorm: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.GroupNorm: _group_norm,
    nn.ReLU: _activation("relu"),
    nn.ReLU6: lambda call: functions.clipped(call, 0.0, 6.0),
    nn.LeakyReLU: _activation("leaky_relu", "negative_slope"),
    nn.ELU: _activation("elu", "alpha"),
    nn.CELU: _celu,
    nn.SELU: _activation("selu"),
    nn.SiLU: _activation("silu"),
    nn.GELU: _gelu,
    nn.Sigmoid: _activation("sigmoid"),
    nn.Tanh: _activation("tanh"),
    nn.Softplus: _softplus,
    nn.Softsign: _activation("softsign"),
    nn.Hardswish: functions.hard_swish,
    nn.Hardsigmoid: functions.hard_sigmoid,
    nn.Hardtanh: _hardtanh,
    nn.Mish: functions.mish,
    nn.PReLU: _prelu,
    nn.Softmax: _softmax,
    nn.MaxPool2d: _pool("max"),
    nn.AvgPool2d: _pool("mean"),
    nn.AdaptiveAvgPool2d: _adaptive("mean"),
    nn.AdaptiveMaxPool2d: _adaptive("max"),
    nn.Dropout: _dropout(False),
    nn.AlphaDropout: _nothing,
    nn.Dropout2d: _dropout(True),
    nn.Flatten: _flatten,
    nn.Upsample: _upsample,
    nn.UpsamplingNearest2d: _upsample,
    nn.ZeroPad2d: _pad,
    nn.ConstantPad2d: _pad,
    nn.Identity: _nothing,
    own.FlattenChannelsLast: _unflattened,
    own.Crop2d: _crop,
    own.ChannelNorm: _channel_norm,
    own.Rescale: _rescale,
    own.Standardize: _standardize,
    own.PadMaxPool2d: _own_pool("max"),
    own.PadAvgPool2d: _own_pool("mean"),
    own.ChannelPReLU: _channel_prelu,
    own.ReverseChannels: _reversed,
    **TENSORS,
}
