"""Which converter turns which Keras layer; the small ones are here."""

from collections.abc import Callable

from torch import nn

from hundred.interchange import convert_activation, convert_conv, convert_norm, convert_pool
from hundred.interchange.conversion import Conversion, Converted
from hundred.interchange.layers import Combine, Concatenate, Rescale
from hundred.interchange.settings import shown

Converter = Callable[[Conversion], Converted]


def _nothing(c: Conversion) -> Converted:
    return Converted([("", nn.Identity())], c.shape)


def _left_out(c: Conversion) -> Converted:
    c.notes.append(
        f"layer {shown(c.settings.layer)} ({c.settings.class_name}) does nothing at test time and is left out"
    )
    return _nothing(c)


def _dropout(c: Conversion) -> Converted:
    rate = c.settings.number("rate", 0.5)
    if not 0 <= rate <= 1:
        raise c.settings.wrong("rate", "a fraction")
    whole_channels = c.settings.class_name == "SpatialDropout2D" and len(c.shape) == 3
    return Converted([("", nn.Dropout2d(rate) if whole_channels else nn.Dropout(rate))], c.shape)


_COMBINE = {
    "Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Average": "average", "Maximum": "maximum",
    "Minimum": "minimum", "op Add": "add", "op Subtract": "subtract", "op Multiply": "multiply",
    "op TrueDivide": "divide", "op Divide": "divide", "op Maximum": "maximum", "op Minimum": "minimum",
    "math.add": "add", "__operators__.add": "add", "math.multiply": "multiply", "math.subtract": "subtract",
    "__operators__.truediv": "divide", "math.truediv": "divide", "math.divide": "divide",
}  # fmt: skip


def _combine(c: Conversion, how: str | None = None) -> Converted:
    """Elementwise layers; with one tensor and a constant, as `x * 2` in a functional model makes them."""
    how = how or _COMBINE[c.settings.class_name]
    if len(c.shapes) == 1:
        return _with_constant(c, how)
    shape = list(c.shapes[0])
    for other in c.shapes[1:]:
        if len(other) != len(shape):
            raise c.settings.not_native("joins tensors of unlike rank")
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
    import torch

    constants = [value for value in c.constants if isinstance(value, int | float)]
    if len(constants) != 1 or not abs(constants[0]) < 1e30:
        raise c.settings.not_native("is called on one tensor")
    constant = float(constants[0])
    if how == "divide" and constant != 0:
        how, constant = "multiply", 1 / constant
    if how == "subtract":
        how, constant = "add", -constant
    if c.constants[0] is constants[0] and c.settings.class_name in (
        "op Subtract",
        "op TrueDivide",
        "op Divide",
    ):
        raise c.settings.not_native("takes a tensor from a constant")
    scales = {"multiply": (constant, 0.0), "add": (1.0, constant)}
    if how not in scales:
        raise c.settings.not_native(f"is called on a tensor and {shown(constant)}")
    scale, offset = scales[how]
    return Converted([("", Rescale(torch.tensor(scale), torch.tensor(offset)))], c.shape)


def _concatenate(c: Conversion) -> Converted:
    shapes, rank = [list(shape) for shape in c.shapes], len(c.shapes[0])
    axis = c.settings.values.get("axis", -1)
    if type(axis) is not int or not -rank <= axis <= rank or axis == 0:
        raise c.settings.wrong("axis", f"1 to {rank} or -1 to -{rank}")
    axis = axis % (rank + 1) - 1  # within the shape without the batch
    for other in shapes[1:]:
        if len(other) != rank or other[:axis] + other[axis + 1 :] != shapes[0][:axis] + shapes[0][axis + 1 :]:
            raise c.settings.wrong("input shapes", "equal but for the joined axis")
    total = sum(shape[axis] for shape in shapes)
    shape = (*shapes[0][:axis], total, *shapes[0][axis + 1 :])
    return Converted([("", Concatenate(1 if axis == rank - 1 else axis + 2))], shape)


def _tf_function(c: Conversion) -> Converted:
    """TFOpLambda: Keras 2's record of a TensorFlow function, by its name; nothing of it is executed."""
    name = c.settings.text("function", "")
    if name in _COMBINE:
        return _combine(c, _COMBINE[name])
    activation = {"nn.relu": "relu", "nn.relu6": "relu6", "nn.swish": "swish", "nn.silu": "swish",
                  "math.sigmoid": "sigmoid", "math.tanh": "tanh", "nn.softmax": "softmax", "nn.gelu": "gelu",
                  "nn.elu": "elu", "nn.selu": "selu"}.get(name)  # fmt: skip
    if activation is None:
        raise c.settings.not_native(f"is the TensorFlow function {shown(name)}, which is not known here")
    module = convert_activation.named_activation(c, activation, c.shape)
    return Converted([("", module or nn.Identity())], c.shape)


_RANDOM = (
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
    "RandomHeight", "RandomWidth", "RandomShear", "RandomHue", "RandomSaturation", "RandomSharpness",
    "RandomGrayscale", "RandomGaussianBlur", "RandomInvert", "RandomPosterization", "RandomColorJitter",
    "RandomColorDegeneration", "RandomPerspective", "RandomElasticTransform", "RandomErasing", "RandAugment",
    "AugMix", "CutMix", "MixUp",
)  # fmt: skip

CONVERTERS: dict[str, Converter] = {
    "Conv2D": convert_conv.conv2d,
    "Convolution2D": convert_conv.conv2d,
    "DepthwiseConv2D": convert_conv.depthwise_conv2d,
    "SeparableConv2D": convert_conv.separable_conv2d,
    "SeparableConvolution2D": convert_conv.separable_conv2d,
    "Conv2DTranspose": convert_conv.conv2d_transpose,
    "Dense": convert_conv.dense,
    "Activation": convert_activation.activation,
    **dict.fromkeys(("ReLU", "LeakyReLU", "ELU", "Softmax"), convert_activation.activation_layer),
    "PReLU": convert_activation.prelu,
    **dict.fromkeys(("MaxPooling2D", "MaxPool2D", "AveragePooling2D", "AvgPool2D"), convert_pool.pooling),
    **dict.fromkeys(
        ("GlobalMaxPooling2D", "GlobalMaxPool2D", "GlobalAveragePooling2D", "GlobalAvgPool2D"),
        convert_pool.global_pooling,
    ),
    "ZeroPadding2D": convert_pool.zero_padding,
    "Cropping2D": convert_pool.cropping,
    "UpSampling2D": convert_pool.up_sampling,
    "Resizing": convert_pool.resizing,
    "CenterCrop": convert_pool.center_crop,
    "RandomCrop": convert_pool.center_crop,
    "Flatten": convert_pool.flatten,
    "Reshape": convert_pool.reshape,
    "Permute": convert_pool.permute,
    "BatchNormalization": convert_norm.batch_norm,
    "BatchNormalizationV1": convert_norm.batch_norm,
    "SyncBatchNormalization": convert_norm.batch_norm,
    "LayerNormalization": convert_norm.layer_norm,
    "GroupNormalization": convert_norm.group_norm,
    "Rescaling": convert_norm.rescaling,
    "Normalization": convert_norm.normalization,
    **dict.fromkeys(("Dropout", "SpatialDropout2D"), _dropout),
    **dict.fromkeys(("Identity", "ActivityRegularization"), _nothing),
    **dict.fromkeys(("GaussianNoise", "GaussianDropout", "AlphaDropout", *_RANDOM), _left_out),
    **dict.fromkeys((name for name in _COMBINE if name[0] in "ASMo" and "." not in name), _combine),
    "Concatenate": _concatenate,
    "TFOpLambda": _tf_function,
}
