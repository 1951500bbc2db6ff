"""Which converter turns which Keras layer; the small ones are here."""

from collections.abc import Callable

from torch import nn

from hundred.interchange.read.converters import (
    activation,
    conv,
    conv1d,
    norm,
    pool,
    sequence,
    tensor,
)
from hundred.interchange.read.converters.conversion import Conversion, Converted
from hundred.interchange.read.converters.function import FUNCTIONS, combine, concatenate, tf_function
from hundred.interchange.read.converters.lambda_layer import lambda_layer
from hundred.interchange.read.layers.tensors import DropPath
from hundred.interchange.read.settings import shown

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
    if c.inference:
        return _nothing(c)
    noise = c.settings.values.get("noise_shape")
    noise = noise.get("items") if isinstance(noise, dict) else noise
    if isinstance(noise, list) and len(noise) == len(c.shape) + 1 and all(side == 1 for side in noise[1:]):
        return Converted([("", DropPath(rate) if rate < 1 else nn.Dropout(rate))], c.shape)
    whole_channels = c.settings.class_name == "SpatialDropout2D" and len(c.shape) == 3
    return Converted([("", nn.Dropout2d(rate) if whole_channels else nn.Dropout(rate))], c.shape)


_COMBINED = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_RANDOM = (
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
    "RandomHeight", "RandomWidth", "RandomShear", "RandomHue", "RandomSaturation", "RandomSharpness",
    "RandomGrayscale", "RandomGaussianBlur", "RandomInvert", "RandomPosterization", "RandomColorJitter",
    "RandomColorDegeneration", "RandomPerspective", "RandomElasticTransform", "RandomErasing", "RandAugment",
    "AugMix", "CutMix", "MixUp",
)  # fmt: skip

CONVERTERS: dict[str, Converter] = {
    "Conv2D": conv.conv2d,
    "Convolution2D": conv.conv2d,
    "DepthwiseConv2D": conv.depthwise_conv2d,
    "SeparableConv2D": conv.separable_conv2d,
    "SeparableConvolution2D": conv.separable_conv2d,
    "Conv2DTranspose": conv.conv2d_transpose,
    "Conv1D": conv1d.conv1d,
    "Convolution1D": conv1d.conv1d,
    "Dense": conv.dense,
    "Activation": activation.activation,
    **dict.fromkeys(("ReLU", "LeakyReLU", "ELU", "Softmax"), activation.activation_layer),
    "PReLU": activation.prelu,
    **dict.fromkeys(("MaxPooling2D", "MaxPool2D", "AveragePooling2D", "AvgPool2D"), pool.pooling),
    **dict.fromkeys(
        ("GlobalMaxPooling2D", "GlobalMaxPool2D", "GlobalAveragePooling2D", "GlobalAvgPool2D"),
        pool.global_pooling,
    ),
    "ZeroPadding2D": pool.zero_padding,
    "Cropping2D": pool.cropping,
    "UpSampling2D": pool.up_sampling,
    "Resizing": pool.resizing,
    "CenterCrop": pool.center_crop,
    "RandomCrop": pool.center_crop,
    "Flatten": pool.flatten,
    "Reshape": tensor.reshape,
    "Permute": tensor.permute,
    "UnitNormalization": tensor.normalize,
    "Dot": tensor.dot,
    "ZeroPadding1D": tensor.sequence_padding,
    "Cropping1D": tensor.sequence_cropping,
    **dict.fromkeys(("MaxPooling1D", "MaxPool1D", "AveragePooling1D", "AvgPool1D"), sequence.pooling),
    **dict.fromkeys(
        ("GlobalMaxPooling1D", "GlobalMaxPool1D", "GlobalAveragePooling1D", "GlobalAvgPool1D"),
        sequence.global_pooling,
    ),
    "MultiHeadAttention": sequence.attention,
    "Attention": sequence.attention_of_lists,
    "EinsumDense": sequence.einsum_dense,
    "Lambda": lambda_layer,
    "LayerScale": sequence.layer_scale,
    "StochasticDepth": sequence.stochastic_depth,
    "BatchNormalization": norm.batch_norm,
    "BatchNormalizationV1": norm.batch_norm,
    "SyncBatchNormalization": norm.batch_norm,
    "LayerNormalization": norm.layer_norm,
    "GroupNormalization": norm.group_norm,
    "Rescaling": norm.rescaling,
    "Normalization": norm.normalization,
    **dict.fromkeys(("Dropout", "SpatialDropout2D"), _dropout),
    **dict.fromkeys(("Identity", "ActivityRegularization"), _nothing),
    **dict.fromkeys(("GaussianNoise", "GaussianDropout", "AlphaDropout", *_RANDOM), _left_out),
    **{name: combine(name.lower()) for name in _COMBINED},
    "Concatenate": concatenate,
    **dict.fromkeys(("TFOpLambda", "SlicingOpLambda"), tf_function),
    **{f"op {name}": function for name, function in FUNCTIONS.items() if name[0].isupper()},
}
