"""A graph as Keras layers, in settings that every Keras from 2.10 on knows, with weights in Keras' order."""

from typing import Any

import numpy as np

from hundred.interchange.write.graph import Array, Graph, Operation, keras_order
from hundred.interchange.write.keras_lowering import (
    CHANNELS_LAST,
    KerasLayer,
    KerasLowering,
    Lower,
    in_keras_order,
    refuse,
)
from hundred.interchange.write.keras_pooling import padded, pool
from hundred.interchange.write.keras_tensors import TENSOR_LOWERINGS


def keras_layers(graph: Graph) -> tuple[list[KerasLayer], str]:
    """The layers of `graph` in order, and the name of the one that gives the output.

    Raises HundredError naming the operation that Keras has no layers for.
    """
    lowering = KerasLowering(graph, _LOWERINGS)
    for operation in graph.operations:
        lowering.lower(operation)
    return in_keras_order(lowering.layers, lowering.output), lowering.output


def _conv(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    weight, bias, s = o.weights["weight"], o.weights.get("bias"), o.settings
    stride, dilation, groups = list(s["stride"]), list(s["dilation"]), s["groups"]
    if max(stride) > 1 and max(dilation) > 1:
        raise refuse(o, "it has both a stride and a dilation, which Keras does not allow")
    out, inside, rows, columns = weight.shape
    depthwise = groups > 1 and inside == 1
    if depthwise and stride[0] != stride[1]:
        raise refuse(o, "a depthwise convolution in Keras has one stride for both directions")
    before, padding = padded(lowering, o, inputs, (rows, columns))
    config = {
        "kernel_size": [rows, columns],
        "strides": stride,
        "padding": padding,
        **CHANNELS_LAST,
        "dilation_rate": dilation,
        "activation": "linear",
        "use_bias": bias is not None,
    }
    if depthwise:
        config["depth_multiplier"] = out // groups
        kernel = weight.reshape(groups, out // groups, rows, columns).transpose(2, 3, 0, 1)
        weights = [("depthwise_kernel", kernel)]
    else:
        config |= {"filters": out, "groups": groups}
        weights = [("kernel", weight.transpose(2, 3, 1, 0))]
    weights += [("bias", bias)] if bias is not None else []
    kind = "DepthwiseConv2D" if depthwise else "Conv2D"
    return lowering.layer(kind, before, config, o.name, weights=weights, trainable=s["trainable"])


def _conv_transpose(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    weight, bias = o.weights["weight"], o.weights.get("bias")
    config = {
        "filters": weight.shape[1],
        "kernel_size": list(weight.shape[2:]),
        "strides": list(o.settings["stride"]),
        "padding": "valid",
        **CHANNELS_LAST,
        "activation": "linear",
        "use_bias": bias is not None,
    }
    weights = [("kernel", weight.transpose(2, 3, 1, 0))] + ([("bias", bias)] if bias is not None else [])
    return lowering.layer(
        "Conv2DTranspose", inputs, config, o.name, weights=weights, trainable=o.settings["trainable"]
    )


def _linear(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    weight, bias = o.weights["weight"], o.weights.get("bias")
    config = {"units": weight.shape[0], "activation": "linear", "use_bias": bias is not None}
    weights = [("kernel", weight.T)] + ([("bias", bias)] if bias is not None else [])
    return lowering.layer("Dense", inputs, config, o.name, weights=weights, trainable=o.settings["trainable"])


def _scale_and_shift(o: Operation) -> tuple[dict[str, bool], list[tuple[str, Array]]]:
    scale, shift = o.weights.get("scale"), o.weights.get("shift")
    weights = [(name, array) for name, array in (("gamma", scale), ("beta", shift)) if array is not None]
    return {"scale": scale is not None, "center": shift is not None}, weights


def _norm(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    flags, weights = _scale_and_shift(o)
    config = {
        "axis": -1,
        "momentum": round(o.settings["momentum"], 9),
        "epsilon": o.settings["epsilon"],
        **flags,
    }
    weights += [("moving_mean", o.weights["mean"]), ("moving_variance", o.weights["variance"])]
    return lowering.layer(
        "BatchNormalization", inputs, config, o.name, weights=weights, trainable=o.settings["trainable"]
    )


def _layer_norm(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    flags, weights = _scale_and_shift(o)
    config = {"axis": -1, "epsilon": o.settings["epsilon"], **flags}
    more = {"weights": weights, "trainable": o.settings["trainable"]}
    if o.settings["over"] == "channels" or len(o.shape) == 1:
        return lowering.layer("LayerNormalization", inputs, config, o.name, **more)
    # Keras 3 silently drops a list of several axes from an .h5: a whole map is normalized as features.
    channels, rows, columns = o.shape
    more["weights"] = [(name, array.transpose(1, 2, 0).reshape(-1)) for name, array in weights]
    flat = lowering.helper("Flatten", inputs, dict(CHANNELS_LAST), f"{o.name}_flat")
    normed = lowering.helper("LayerNormalization", [flat], config, f"{o.name}_norm", **more)
    return lowering.layer("Reshape", [normed], {"target_shape": [rows, columns, channels]}, o.name)


def _group_norm(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    flags, weights = _scale_and_shift(o)
    config = {"groups": o.settings["groups"], "axis": -1, "epsilon": o.settings["epsilon"], **flags}
    return lowering.layer(
        "GroupNormalization", inputs, config, o.name, weights=weights, trainable=o.settings["trainable"]
    )


_ACTIVATIONS = {
    "relu": "relu", "selu": "selu", "silu": "swish", "gelu": "gelu", "sigmoid": "sigmoid", "tanh": "tanh",
    "softplus": "softplus", "softsign": "softsign", "exponential": "exponential",
}  # fmt: skip


def _activation(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    name, alpha = o.settings["name"], o.settings.get("alpha")
    if name == "leaky_relu":
        # LeakyReLU's slope is alpha in Keras 2, negative_slope in Keras 3; the ReLU layer never changed.
        config = {"max_value": None, "negative_slope": alpha, "threshold": 0.0}
        return lowering.layer("ReLU", inputs, config, o.name)
    if name == "relu_up_to":
        config = {"max_value": alpha, "negative_slope": 0.0, "threshold": 0.0}
        return lowering.layer("ReLU", inputs, config, o.name)
    if name == "elu":
        return lowering.layer("ELU", inputs, {"alpha": alpha}, o.name)
    return lowering.layer("Activation", inputs, {"activation": _ACTIVATIONS[name]}, o.name)


def _prelu(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    slope = o.weights["slope"]
    if slope.ndim == 3:
        slope = slope.transpose(1, 2, 0)
    shared = [axis for axis, side in enumerate(slope.shape, 1) if side == 1]
    weights = [("alpha", slope)]
    config = {"shared_axes": shared or None}
    return lowering.layer("PReLU", inputs, config, o.name, weights=weights, trainable=o.settings["trainable"])


def _softmax(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    axis = o.settings.get("axis")
    if axis is None:
        return lowering.layer("Activation", inputs, {"activation": "softmax"}, o.name)
    keras_axis = {1: 3, 2: 1, 3: 2}[axis] if len(o.shape) == 3 else axis
    return lowering.layer("Softmax", inputs, {"axis": keras_axis}, o.name)


def _log(_: KerasLowering, o: Operation, __: list[str]) -> str:
    raise refuse(o, "Keras has no layer of logarithms")


def _dropout(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    kind = "SpatialDropout2D" if o.settings["whole_channels"] and len(o.shape) == 3 else "Dropout"
    more: dict[str, Any] = dict(CHANNELS_LAST) if kind == "SpatialDropout2D" else {}
    if o.settings.get("per_image"):
        more = {"noise_shape": [None, *[1] * len(o.shape)]}
    return lowering.layer(kind, inputs, {"rate": o.settings["rate"], **more}, o.name)


def _global_pool(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    kind = "GlobalMaxPooling2D" if o.settings["how"] == "max" else "GlobalAveragePooling2D"
    return lowering.layer(kind, inputs, {**CHANNELS_LAST, "keepdims": o.settings["keepdims"]}, o.name)


def _sides(class_name: str, key: str) -> Lower:
    def lower(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
        left, right, top, bottom = o.settings["sides"]
        return lowering.layer(
            class_name, inputs, {key: [[top, bottom], [left, right]], **CHANNELS_LAST}, o.name
        )

    return lower


def _upsample(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    _, rows, columns = lowering.shape(o.inputs[0])
    height, width = o.settings["size"]
    mode = o.settings["mode"]
    if height % rows == 0 and width % columns == 0:
        factors = [height // rows, width // columns]
        config = {"size": factors, **CHANNELS_LAST, "interpolation": mode}
        if mode == "bilinear" and factors[0] % 2 and factors[1] % 2:
            # Keras 3 up to 3.8 interpolates bilinearly on its torch backend with torchvision alone. For odd
            # factors, the mean over a window of one factor's width around each repeated pixel is the same.
            nearest = lowering.helper(
                "UpSampling2D", inputs, {**config, "interpolation": "nearest"}, f"{o.name}_repeat"
            )
            smooth = {"pool_size": factors, "strides": [1, 1], "padding": "same", **CHANNELS_LAST}
            return lowering.layer("AveragePooling2D", [nearest], smooth, o.name)
        return lowering.layer("UpSampling2D", inputs, config, o.name)
    return lowering.layer(
        "Resizing", inputs, {"height": height, "width": width, "interpolation": mode}, o.name
    )


def _flatten(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    if o.settings["order"] == "channels-first":
        inputs = [lowering.helper("Permute", inputs, {"dims": [3, 1, 2]}, f"{o.name}_order")]
    return lowering.layer("Flatten", inputs, dict(CHANNELS_LAST), o.name)


def _reshape(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    return lowering.layer("Reshape", inputs, {"target_shape": list(o.settings["target"])}, o.name)


def _permute(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    return lowering.layer("Permute", inputs, {"dims": list(o.settings["dims"])}, o.name)


def _combine(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    return lowering.layer(o.settings["how"].capitalize(), inputs, {}, o.name)


def _concatenate(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    dim, rank = o.settings["dim"], len(o.shape)
    if dim == 1 or rank != 3:
        last = dim == (1 if rank in (1, 3) else rank)
        if not last and rank == 2:
            turned = [lowering.helper("Permute", [x], {"dims": [2, 1]}, f"{o.name}_turn") for x in inputs]
            joined = lowering.helper("Concatenate", turned, {"axis": -1}, f"{o.name}_join")
            return lowering.layer("Permute", [joined], {"dims": [2, 1]}, o.name)
        if not last:
            raise refuse(o, "it joins along an axis that is not the last")
        return lowering.layer("Concatenate", inputs, {"axis": -1}, o.name)
    # Keras 3.0 passes over the axis in an .h5: the joined one is made the last, and put back.
    dims = {"dims": [3, 2, 1] if dim == 2 else [1, 3, 2]}
    turned = [lowering.helper("Permute", [each], dims, f"{o.name}_turn") for each in inputs]
    joined = lowering.helper("Concatenate", turned, {"axis": -1}, f"{o.name}_join")
    return lowering.layer("Permute", [joined], dims, o.name)


def _rescale(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    scale, offset = o.weights["scale"], o.weights["offset"]
    if scale.ndim == offset.ndim == 0:
        return lowering.layer("Rescaling", inputs, {"scale": float(scale), "offset": float(offset)}, o.name)
    # A list in Rescaling does not work in every Keras 3; a batch norm can do the same.
    channels = keras_order(o.shape)[-1]
    epsilon = 1e-3
    weights = [
        ("gamma", np.broadcast_to(scale * np.sqrt(np.float32(1 + epsilon)), channels)),
        ("beta", np.broadcast_to(offset, channels)),
        ("moving_mean", np.zeros(channels, np.float32)),
        ("moving_variance", np.ones(channels, np.float32)),
    ]
    config = {"axis": -1, "momentum": 0.99, "epsilon": epsilon, "scale": True, "center": True}
    return lowering.layer("BatchNormalization", inputs, config, o.name, weights=weights)


def _standardize(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    mean, std = o.weights["mean"].astype(np.float64), o.weights["std"].astype(np.float64)
    # One number for all is written once for each channel: Keras 3 drops `axis: null` from an .h5.
    wide = np.broadcast_arrays(mean, std, np.zeros(keras_order(o.shape)[-1]))
    config = {"axis": -1, "mean": wide[0].tolist(), "variance": (wide[1] ** 2).tolist()}
    return lowering.layer("Normalization", inputs, config, o.name)


_LOWERINGS: dict[str, Lower] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "linear": _linear,
    "norm": _norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "activation": _activation,
    "prelu": _prelu,
    "softmax": _softmax,
    "log": _log,
    **TENSOR_LOWERINGS,
    "dropout": _dropout,
    "pool": pool,
    "global_pool": _global_pool,
    "pad": _sides("ZeroPadding2D", "padding"),
    "crop": _sides("Cropping2D", "cropping"),
    "upsample": _upsample,
    "flatten": _flatten,
    "reshape": _reshape,
    "permute": _permute,
    "combine": _combine,
    "concatenate": _concatenate,
    "rescale": _rescale,
    "standardize": _standardize,
}
