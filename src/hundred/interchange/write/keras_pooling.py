"""Padding and pooling as Keras layers: `same` where Keras pads as wanted, zeros laid around, or steps."""

from hundred.interchange.read.converters.conv import same_pads
from hundred.interchange.write.graph import Operation
from hundred.interchange.write.keras_lowering import CHANNELS_LAST, KerasLowering, refuse


def padded(
    lowering: KerasLowering, o: Operation, inputs: list[str], kernel: tuple[int, int]
) -> tuple[list[str], str]:
    """`valid` or `same` where Keras' own padding does it, otherwise zeros laid around before."""
    left, right, top, bottom = o.settings["sides"]
    if not any((left, right, top, bottom)):
        return inputs, "valid"
    # Keras 3.0 on torch mistakes rows for columns in even padding under strides.
    mistaken = top != left and o.settings["stride"] != (1, 1)
    if _same_as_keras(lowering, o, kernel) and not mistaken:
        return inputs, "same"
    config = {"padding": [[top, bottom], [left, right]], **CHANNELS_LAST}
    return [lowering.helper("ZeroPadding2D", inputs, config, f"{o.name}_pad")], "valid"


def _same_as_keras(lowering: KerasLowering, o: Operation, kernel: tuple[int, int]) -> bool:
    """Whether Keras' `same` pads so; under strides it pads unevenly, where torch does not."""
    left, right, top, bottom = o.settings["sides"]
    _, rows, columns = lowering.shape(o.inputs[0])
    stride, dilation = o.settings["stride"], o.settings.get("dilation", (1, 1))
    wanted = (
        same_pads(rows, kernel[0], stride[0], dilation[0]),
        same_pads(columns, kernel[1], stride[1], dilation[1]),
    )
    return wanted == ((top, bottom), (left, right))


def pool(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    kind = "MaxPooling2D" if o.settings["how"] == "max" else "AveragePooling2D"
    kernel, stride = o.settings["kernel"], o.settings["stride"]
    config = {"pool_size": list(kernel), "strides": list(stride), "padding": "valid", **CHANNELS_LAST}
    left, right, top, bottom = o.settings["sides"]
    if not any((left, right, top, bottom)):
        return lowering.layer(kind, inputs, config, o.name)
    # On torch, Keras fills uneven padding with the edge's pixels and counts them in a mean.
    uneven_mean = o.settings["how"] == "mean" and (left != right or top != bottom)
    if uneven_mean and not o.settings["count_padding"] and kernel[0] % 2 == kernel[1] % 2 == 1:
        return _pool_in_steps(lowering, o, inputs, kind)
    if not o.settings["count_padding"] and _same_as_keras(lowering, o, kernel):
        return lowering.layer(kind, inputs, {**config, "padding": "same"}, o.name)
    zeros_do = o.settings["count_padding"] or (
        o.settings["how"] == "max" and not_negative(lowering, o.inputs[0])
    )
    if zeros_do:
        sides = {"padding": [[top, bottom], [left, right]], **CHANNELS_LAST}
        return lowering.layer(
            kind, [lowering.helper("ZeroPadding2D", inputs, sides, f"{o.name}_pad")], config, o.name
        )
    return _pool_in_steps(lowering, o, inputs, kind)


def _pool_in_steps(lowering: KerasLowering, o: Operation, inputs: list[str], kind: str) -> str:
    """Pool at every place with Keras' own `same` padding, then keep the places that the operation wants."""
    (left, _, top, _), (_, rows, columns) = o.settings["sides"], lowering.shape(o.inputs[0])
    kernel, stride = o.settings["kernel"], o.settings["stride"]
    crops = []
    for before, size, out, k, step in zip(
        (top, left), (rows, columns), o.shape[1:], kernel, stride, strict=True
    ):
        first = (k - 1) // 2 - before  # the window of place p begins at p - (k - 1) // 2
        last = first + (out - 1) * step
        if first < 0 or last >= size:
            raise refuse(o, "its padding is half of an even window")
        crops.append([first, size - 1 - last])
    every = {"pool_size": list(kernel), "strides": [1, 1], "padding": "same", **CHANNELS_LAST}
    here = lowering.helper(kind, inputs, every, f"{o.name}_every")
    if any(side for pair in crops for side in pair):
        here = lowering.helper("Cropping2D", [here], {"cropping": crops, **CHANNELS_LAST}, f"{o.name}_crop")
    pick = {"pool_size": [1, 1], "strides": list(stride), "padding": "valid", **CHANNELS_LAST}
    return lowering.layer("MaxPooling2D", [here], pick, o.name)


def not_negative(lowering: KerasLowering, name: str) -> bool:
    """Whether a value on the graph has surely no number below 0, so that zeros never win a maximum."""
    operation = lowering.made_by(name)
    if operation is None:
        return False
    if operation.kind == "activation":
        return operation.settings["name"] in ("relu", "relu_up_to", "sigmoid", "softplus", "exponential")
    if operation.kind in ("dropout", "pool", "global_pool", "pad", "crop", "upsample", "concatenate"):
        return all(not_negative(lowering, taken) for taken in operation.inputs)
    if operation.kind == "combine" and operation.settings["how"] in ("add", "multiply", "maximum", "average"):
        return all(not_negative(lowering, taken) for taken in operation.inputs)
    return operation.kind == "softmax"
