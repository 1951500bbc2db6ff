"""Keras' layers that move, cut or summarise places of a feature map, as torch modules."""

from torch import nn

from hundred.interchange.read.converters.conv import window
from hundred.interchange.read.converters.conversion import Conversion, Converted
from hundred.interchange.read.layers.images import (
    Crop2d,
    FlattenChannelsLast,
    PadAvgPool2d,
    PadMaxPool2d,
)
from hundred.interchange.read.settings import shown


def pooling(c: Conversion) -> Converted:
    """MaxPooling2D and AveragePooling2D. `same` padding neither wins a maximum nor counts in a mean."""
    s = c.settings
    c.needs_own_format()
    size = s.pair("pool_size", 2)
    stride = size if s.values.get("strides") is None else s.pair("strides")
    pads, out = window(c, size, stride)
    largest = s.class_name.startswith("Max")
    even = pads[0] == pads[1] and pads[2] == pads[3] and 2 * pads[0] <= size[1] and 2 * pads[2] <= size[0]
    module: nn.Module
    if even and largest:
        module = nn.MaxPool2d(size, stride, (pads[2], pads[0]))
    elif even:
        module = nn.AvgPool2d(size, stride, (pads[2], pads[0]), count_include_pad=False)
    else:
        repeat = c.backend == "torch"
        if c.backend == "unknown" and not largest:
            c.notes.append(
                f"layer {shown(s.layer)} takes means near the edge as Keras does on TensorFlow and JAX; "
                "on torch it counts the edge's pixels twice"
            )
        module = PadMaxPool2d(size, stride, pads) if largest else PadAvgPool2d(size, stride, pads, repeat)
    return Converted([("", module)], (*out, c.image_shape()[2]))


def global_pooling(c: Conversion) -> Converted:
    """GlobalMaxPooling2D and GlobalAveragePooling2D."""
    s = c.settings
    c.needs_own_format()
    channels = c.image_shape()[2]
    pool = nn.AdaptiveMaxPool2d(1) if s.class_name.startswith("GlobalMax") else nn.AdaptiveAvgPool2d(1)
    if s.flag("keepdims", False):
        return Converted([("", pool)], (1, 1, channels))
    return Converted([("", pool), ("flatten", nn.Flatten())], (channels,))


def zero_padding(c: Conversion) -> Converted:
    """ZeroPadding2D."""
    c.needs_own_format()
    rows, columns, channels = c.image_shape()
    left, right, top, bottom = c.settings.sides("padding")
    module = nn.ZeroPad2d((left, right, top, bottom))
    return Converted([("", module)], (rows + top + bottom, columns + left + right, channels))


def cropping(c: Conversion) -> Converted:
    """Cropping2D."""
    c.needs_own_format()
    rows, columns, channels = c.image_shape()
    left, right, top, bottom = c.settings.sides("cropping")
    if top + bottom >= rows or left + right >= columns:
        raise c.settings.wrong("cropping", f"less than the {rows}x{columns} that come in")
    return Converted(
        [("", Crop2d((left, right, top, bottom)))], (rows - top - bottom, columns - left - right, channels)
    )


def up_sampling(c: Conversion) -> Converted:
    """UpSampling2D, nearest or bilinear."""
    s = c.settings
    c.needs_own_format()
    rows, columns, channels = c.image_shape()
    size = s.pair("size", 2)
    mode = s.text("interpolation", "nearest").lower()
    if mode not in ("nearest", "bilinear"):
        raise s.not_native(f"interpolates in the way {mode!r}")
    corners = None if mode == "nearest" else False
    module = nn.Upsample(scale_factor=(float(size[0]), float(size[1])), mode=mode, align_corners=corners)
    return Converted([("", module)], (rows * size[0], columns * size[1], channels))


def resizing(c: Conversion) -> Converted:
    """Resizing, bilinear or nearest, without cropping or padding to keep the aspect."""
    s = c.settings
    c.needs_own_format()
    for key in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        if s.values.get(key):
            raise s.not_native(f"is set to {key}")
    size = s.integer("height"), s.integer("width")
    return resized(c, size, s.text("interpolation", "bilinear").lower())


def resized(c: Conversion, size: tuple[int, int], mode: str) -> Converted:
    """The map in another size (rows, columns)."""
    rows, columns, channels = c.image_shape()
    if (rows, columns) == size:
        return Converted([("", nn.Identity())], (rows, columns, channels))
    if mode == "bilinear":
        module = nn.Upsample(size=size, mode="bilinear", align_corners=False)
    elif mode == "nearest" and size[0] % rows == 0 and size[1] % columns == 0:
        module = nn.Upsample(size=size, mode="nearest")
    else:
        raise c.settings.not_native(f"interpolates in the way {mode!r}")
    return Converted([("", module)], (*size, channels))


def center_crop(c: Conversion) -> Converted:
    """CenterCrop where the image is larger, and RandomCrop where it has the size already."""
    s = c.settings
    c.needs_own_format()
    rows, columns, channels = c.image_shape()
    height, width = s.integer("height"), s.integer("width")
    if (
        height > rows
        or width > columns
        or (s.class_name == "RandomCrop" and (rows, columns) != (height, width))
    ):
        raise s.not_native("resizes what it crops")
    top, left = (rows - height) // 2, (columns - width) // 2
    if (rows, columns) == (height, width):
        return Converted([("", nn.Identity())], (rows, columns, channels))
    crop = Crop2d((left, columns - width - left, top, rows - height - top))
    return Converted([("", crop)], (height, width, channels))


def flatten(c: Conversion) -> Converted:
    """Flatten in Keras' order."""
    size = 1
    for side in c.shape:
        size *= side
    # Keras moves the channels last where the layer's own data_format is channels_first.
    declared_first = c.settings.text("data_format", "channels_last") == "channels_first"
    if declared_first and not c.channels_first:
        raise c.settings.not_native("puts the channels on another axis than other layers do")
    in_torch_order = c.channels_first and not declared_first
    plain = in_torch_order or len(c.shape) != 3 or c.shape[0] == c.shape[1] == 1
    return Converted([("", nn.Flatten() if plain else FlattenChannelsLast())], (size,))
