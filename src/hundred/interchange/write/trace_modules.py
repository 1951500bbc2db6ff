"""How each torch layer is written on the tape."""

from typing import Any

import torch
from torch import nn

from hundred.interchange.read import layers as own
from hundred.interchange.write import trace_functions as functions
from hundred.interchange.write.op_call import Handler, OpCall, Unknown, mode_of, pair
from hundred.interchange.write.trace_weighted import conv_sides
from hundred.models.convolution import Conv2d


def _conv(use: OpCall) -> str:
    conv, image = use.layer, use.image()
    if mode_of(conv) != "zeros" and conv.padding not in ((0, 0), "valid"):
        raise Unknown(f"pads with {conv.padding_mode}, Keras with zeros")
    kernel, dilation = pair(conv.kernel_size), pair(conv.dilation)
    return use.tape.add(
        "conv",
        [image.name],
        use.shape,
        hint=use.hint,
        weights={"weight": conv.weight, "bias": conv.bias},
        stride=pair(conv.stride),
        sides=conv_sides(conv.padding, kernel, dilation),
        dilation=dilation,
        groups=conv.groups,
        trainable=use.trainable,
    )


def _conv_transpose(use: OpCall) -> str:
    conv, image = use.layer, use.image()
    if conv.groups != 1 or pair(conv.dilation) != (1, 1) or pair(conv.output_padding) != (0, 0):
        raise Unknown("has groups, a dilation or an output padding")
    rows, columns = pair(conv.padding)
    kernel, stride = pair(conv.kernel_size), pair(conv.stride)
    if kernel[0] < stride[0] or kernel[1] < stride[1]:
        raise Unknown("has a stride larger than its kernel")
    whole = (use.shape[0], use.shape[1] + 2 * rows, use.shape[2] + 2 * columns)
    made = use.tape.add(
        "conv_transpose",
        [image.name],
        whole,
        hint=use.hint,
        weights={"weight": conv.weight, "bias": conv.bias},
        stride=stride,
        trainable=use.trainable,
    )
    if rows or columns:
        made = use.tape.add("crop", [made], use.shape, sides=(columns, columns, rows, rows))
    return made


def _linear(use: OpCall) -> str:
    if len(use.value.shape) != 1:
        raise Unknown(f"works on a tensor of shape {['n', *use.value.shape]}; flatten it before")
    weights = {"weight": use.layer.weight, "bias": use.layer.bias}
    return use.add("linear", weights=weights, trainable=use.trainable)


def _batch_norm(use: OpCall) -> str:
    norm = use.layer
    if norm.running_mean is None:
        raise Unknown("keeps no moving averages (track_running_stats=False)")
    return use.add(
        "norm",
        weights={
            "scale": norm.weight,
            "shift": norm.bias,
            "mean": norm.running_mean,
            "variance": norm.running_var,
        },
        epsilon=float(norm.eps),
        momentum=0.99 if norm.momentum is None else 1 - float(norm.momentum),
        trainable=use.trainable,
    )


def _layer_norm(use: OpCall) -> str:
    norm = use.layer
    if tuple(norm.normalized_shape) != use.value.shape:
        raise Unknown(
            f"normalizes {list(norm.normalized_shape)} of {list(use.value.shape)}; whole maps alone go"
        )
    weights = {"scale": norm.weight, "shift": norm.bias}
    return use.add(
        "layer_norm", weights=weights, epsilon=float(norm.eps), over="all", trainable=use.trainable
    )


def _channel_norm(use: OpCall) -> str:
    norm = use.layer
    weights = {"scale": norm.weight, "shift": norm.bias}
    return use.add(
        "layer_norm", weights=weights, epsilon=float(norm.eps), over="channels", trainable=use.trainable
    )


def _group_norm(use: OpCall) -> str:
    norm = use.layer
    use.image()
    weights = {"scale": norm.weight, "shift": norm.bias}
    return use.add(
        "group_norm",
        weights=weights,
        epsilon=float(norm.eps),
        groups=norm.num_groups,
        trainable=use.trainable,
    )


def _activation(name: str, alpha: str | None = None) -> Handler:
    def write(use: OpCall) -> str:
        extra = {"alpha": float(getattr(use.layer, alpha))} if alpha else {}
        return functions.activation(use, name, **extra)

    return write


def _softmax(use: OpCall) -> str:
    dim = use.layer.dim
    if dim is None and len(use.value.shape) in (1, 3):
        dim = 1 if len(use.value.shape) == 1 else 0  # torch's habit where no dimension is named
    return functions.softmax_along(use, dim)


def _hardtanh(use: OpCall) -> str:
    return functions.clipped(use, float(use.layer.min_val), float(use.layer.max_val))


def _gelu(use: OpCall) -> str:
    return functions.gelu_of(use, use.layer.approximate)


def _celu(use: OpCall) -> str:
    if use.layer.alpha != 1:
        raise Unknown("has another alpha than 1")
    return functions.activation(use, "elu", alpha=1.0)


def _softplus(use: OpCall) -> str:
    if use.layer.beta != 1:
        raise Unknown("has another beta than 1")
    return functions.activation(use, "softplus")


def _prelu(use: OpCall) -> str:
    slope, rank = use.layer.weight, len(use.value.shape)
    shape = (-1, 1, 1) if rank == 3 else (-1,)
    slope = slope.detach().reshape(shape).expand(use.value.shape[0], *[1] * (rank - 1))
    return use.add("prelu", weights={"slope": slope}, trainable=use.trainable)


def _channel_prelu(use: OpCall) -> str:
    return use.add("prelu", weights={"slope": use.layer.weight}, trainable=use.trainable)


def _own_activation(use: OpCall) -> str:
    if use.layer.name == "exponential":
        return use.add("activation", name="exponential")
    straight = use.tape.add(
        "rescale", [use.value.name], weights={"scale": 0.2, "offset": 0.5}, hint=f"{use.hint}_line"
    )
    return use.tape.add("activation", [straight], name="relu_up_to", alpha=1.0, hint=use.hint)


def _pool(how: str) -> Handler:
    def write(use: OpCall) -> str:
        pool = use.layer
        if getattr(pool, "divisor_override", None) or pair(getattr(pool, "dilation", 1)) != (1, 1):
            raise Unknown("has a dilation or a divisor of its own")
        return functions.pool_with(
            use,
            how,
            pool.kernel_size,
            stride=pool.stride,
            padding=pool.padding,
            count_padding=getattr(pool, "count_include_pad", False),
        )

    return write


def _own_pool(how: str) -> Handler:
    def write(use: OpCall) -> str:
        p = use.layer
        if getattr(p, "repeat_edges", False):
            taken = functions.repeat_edges(use, p.pads)
            return use.tape.add(
                "pool",
                [taken],
                use.shape,
                hint=use.hint,
                how=how,
                kernel=p.kernel_size,
                stride=p.stride,
                sides=(0, 0, 0, 0),
                count_padding=False,
            )
        return use.add(
            "pool", how=how, kernel=p.kernel_size, stride=p.stride, sides=p.pads, count_padding=False
        )

    return write


def _adaptive(how: str) -> Handler:
    return lambda use: functions.adaptive_pool(use, how)


def _dropout(whole_channels: bool) -> Handler:
    return lambda use: use.add("dropout", rate=float(use.layer.p), whole_channels=whole_channels)


def _pad(use: OpCall) -> str:
    if getattr(use.layer, "value", 0) != 0:
        raise Unknown("pads with something else than zeros")
    return functions.pad_or_crop(use, tuple(use.layer.padding))


def _crop(use: OpCall) -> str:
    return use.add("crop", sides=use.layer.crops)


def _upsample(use: OpCall) -> str:
    return functions.upsample(use, use.layer.mode, use.layer.align_corners)


def _flatten(use: OpCall) -> str:
    start = use.layer.start_dim
    if start != 1 or use.layer.end_dim not in (-1, len(use.value.shape)):
        raise Unknown("flattens only some dimensions")
    return functions.flatten_all(use)


def _unflattened(use: OpCall) -> str:
    return use.add("flatten", order="channels-last")


def _reshape(use: OpCall) -> str:
    return use.add("reshape", target=use.layer.target)


def _rescale(use: OpCall) -> str:
    return use.add("rescale", weights={"scale": _flat(use.layer.scale), "offset": _flat(use.layer.offset)})


def _standardize(use: OpCall) -> str:
    return use.add("standardize", weights={"mean": _flat(use.layer.mean), "std": _flat(use.layer.std)})


def _flat(constants: torch.Tensor) -> torch.Tensor:
    return constants.reshape(()) if constants.numel() == 1 else constants.reshape(-1)


def _chosen_channels(use: OpCall, taken: list[int]) -> str:
    """Some of the channels, in their order, as a 1x1 convolution that is not trained."""
    kernel = torch.eye(use.layer.channels)[taken][:, :, None, None]
    return use.add(
        "conv",
        weights={"weight": kernel, "bias": None},
        stride=(1, 1),
        sides=(0, 0, 0, 0),
        dilation=(1, 1),
        groups=1,
        trainable=False,
    )


def _reversed(use: OpCall) -> str:
    return _chosen_channels(use, list(range(use.layer.channels))[::-1])


def _nothing(use: OpCall) -> str:
    return use.value.name


MODULES: dict[Any, Handler] = {
    nn.Conv2d: _conv,
    Conv2d: _conv,
    nn.ConvTranspose2d: _conv_transpose,
    nn.Linear: _linear,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.SyncBatchNorm: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.GroupNorm: _group_norm,
    nn.ReLU: _activation("relu"),
    nn.ReLU6: lambda use: functions.clipped(use, 0.0, 6.0),
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
    own.ReshapeChannelsLast: _reshape,
    own.PermuteChannelsLast: lambda use: use.add("permute", dims=use.layer.dims),
    own.Crop2d: _crop,
    own.ChannelNorm: _channel_norm,
    own.Rescale: _rescale,
    own.Standardize: _standardize,
    own.PadMaxPool2d: _own_pool("max"),
    own.PadAvgPool2d: _own_pool("mean"),
    own.ChannelPReLU: _channel_prelu,
    own.Activation: _own_activation,
    own.ReverseChannels: _reversed,
    own.TakeChannel: lambda use: _chosen_channels(use, [use.layer.index]),
}
