"""Operations on tensors of any rank as Keras layers that every Keras from 2.10 on reads from an `.h5`."""

from math import prod

import numpy as np

from hundred.interchange.read.converters.conv import same_pads
from hundred.interchange.write.graph import Operation, keras_order
from hundred.interchange.write.keras_lowering import KerasLowering, Lower, refuse

#: Letters of an einsum equation, for the axes from the batch on.
_AXES = "abcdefgh"


def _pool_sequence(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    s, steps = o.settings, lowering.shape(o.inputs[0])[0]
    padding = "valid"
    if any(s["sides"]):
        if tuple(s["sides"]) != same_pads(steps, s["size"], s["stride"]):
            raise refuse(o, "its padding is another than Keras' own")
        padding = "same"
    kind = "MaxPooling1D" if s["how"] == "max" else "AveragePooling1D"
    config = {"pool_size": [s["size"]], "strides": [s["stride"]], "padding": padding}
    return lowering.layer(kind, inputs, config, o.name)


def _reduce(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    """The axes moved to the front as the steps of a sequence, which a global pooling takes together."""
    how, axes = o.settings["how"], o.settings["axes"]
    shape = keras_order(lowering.shape(o.inputs[0]))
    rest = [axis for axis in range(1, len(shape) + 1) if axis not in axes]
    count, left = prod(shape[axis - 1] for axis in axes), prod(shape[axis - 1] for axis in rest)
    here = inputs
    if how == "min":
        here = [lowering.helper("Rescaling", here, {"scale": -1.0, "offset": 0.0}, f"{o.name}_minus")]
    here = _turned(lowering, o, here, [*axes, *rest], "first")
    if len(shape) != 2 or len(axes) != 1:
        here = [lowering.helper("Reshape", here, {"target_shape": [count, left]}, f"{o.name}_steps")]
    kind = "GlobalAveragePooling1D" if how in ("mean", "sum") else "GlobalMaxPooling1D"
    pooled = lowering.helper(kind, here, {}, f"{o.name}_pool")
    if how in ("sum", "min"):
        factor = float(count) if how == "sum" else -1.0
        pooled = lowering.helper("Rescaling", [pooled], {"scale": factor, "offset": 0.0}, f"{o.name}_times")
    return lowering.layer("Reshape", [pooled], {"target_shape": list(keras_order(o.shape))}, o.name)


def _turned(
    lowering: KerasLowering, o: Operation, inputs: list[str], order: list[int], what: str
) -> list[str]:
    if order == sorted(order):
        return inputs
    return [lowering.helper("Permute", inputs, {"dims": order}, f"{o.name}_{what}")]


def _slice(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    """Axis by axis, moved to the front as the steps of a sequence; then axes with an index are dropped."""
    shape, here = list(keras_order(lowering.shape(o.inputs[0]))), inputs
    for axis, part in enumerate(o.settings["parts"], 1):
        start, stop, step = (part, part + 1, 1) if isinstance(part, int) else part
        if (start, stop, step) != (0, shape[axis - 1], 1):
            crop = [start, shape[axis - 1] - stop]
            here = _along(
                lowering, o, here, shape=shape, axis=axis, layer=("Cropping1D", {"cropping": crop}), step=step
            )
            shape[axis - 1] = len(range(start, stop, step))
    return lowering.layer("Reshape", here, {"target_shape": list(keras_order(o.shape))}, o.name)


def _pad_axes(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    shape, here = list(keras_order(lowering.shape(o.inputs[0]))), inputs
    for axis, sides in enumerate(o.settings["pads"], 1):
        if any(sides):
            here = _along(
                lowering, o, here, shape=shape, axis=axis, layer=("ZeroPadding1D", {"padding": list(sides)})
            )
            shape[axis - 1] += sum(sides)
    return lowering.layer("Reshape", here, {"target_shape": list(keras_order(o.shape))}, o.name)


def _along(
    lowering: KerasLowering,
    o: Operation,
    inputs: list[str],
    *,
    shape: list[int],
    axis: int,
    layer: tuple[str, dict[str, list[int]]],
    step: int = 1,
) -> list[str]:
    """A layer on sequences put to one axis of a tensor of `shape`, then every `step`-th of its places."""
    order = [axis, *(other for other in range(1, len(shape) + 1) if other != axis)]
    here = _turned(lowering, o, inputs, order, f"turn{axis}")
    rest = [shape[other - 1] for other in order[1:]]
    if len(shape) != 2:
        flat = {"target_shape": [shape[axis - 1], prod(rest)]}
        here = [lowering.helper("Reshape", here, flat, f"{o.name}_steps{axis}")]
    (kind, config), size = layer, shape[axis - 1]
    here = [lowering.helper(kind, here, dict(config), f"{o.name}_part{axis}")]
    size = size - sum(config["cropping"]) if "cropping" in config else size + sum(config["padding"])
    if step > 1:
        every = {"pool_size": [1], "strides": [step], "padding": "valid"}
        here = [lowering.helper("MaxPooling1D", here, every, f"{o.name}_every{axis}")]
        size = -(-size // step)
    if len(shape) != 2:
        here = [lowering.helper("Reshape", here, {"target_shape": [size, *rest]}, f"{o.name}_apart{axis}")]
    back = [order.index(place) + 1 for place in range(1, len(shape) + 1)]
    return _turned(lowering, o, here, back, f"back{axis}")


def _unit_norm(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    return lowering.layer("UnitNormalization", inputs, {"axis": o.settings["axis"]}, o.name)


def _matmul(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    axes = [1 if o.settings["transpose_a"] else 2, 2 if o.settings["transpose_b"] else 1]
    return lowering.layer("Dot", inputs, {"axes": axes, "normalize": False}, o.name)


def _affine(lowering: KerasLowering, o: Operation, inputs: list[str]) -> str:
    """x * scale + shift, the scale for each feature, the shift of the shape of x."""
    shape = keras_order(o.shape)
    letters = _AXES[: len(shape) + 1]
    scale, shift = o.weights.get("scale"), o.weights.get("shift")
    config = {
        "equation": f"{letters},{letters[-1]}->{letters}",
        "output_shape": list(shape),
        "activation": "linear",
        "bias_axes": None if shift is None else letters[1:],
    }
    weights = [("kernel", np.ones(shape[-1], np.float32) if scale is None else scale)]
    weights += [] if shift is None else [("bias", shift)]
    return lowering.layer(
        "EinsumDense", inputs, config, o.name, weights=weights, trainable=o.settings["trainable"]
    )


TENSOR_LOWERINGS: dict[str, Lower] = {
    "pool_sequence": _pool_sequence,
    "reduce": _reduce,
    "slice": _slice,
    "pad_axes": _pad_axes,
    "unit_norm": _unit_norm,
    "matmul": _matmul,
    "affine": _affine,
}
