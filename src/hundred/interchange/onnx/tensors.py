"""Operations on tensors of any rank as ONNX nodes, which work in the order of Keras' axes."""

import numpy as np

from hundred.interchange.onnx.nodes import Lower, OnnxGraph
from hundred.interchange.write.graph import Operation


def to_keras(g: OnnxGraph, o: Operation, place: int, name: str) -> str:
    """Input `place` of an operation in the order of Keras."""
    here = g.value(o.inputs[place])
    if len(g.shape(o.inputs[place])) != 3:
        return here
    return g.node("Transpose", [here], f"{o.name}_{name}", perm=[0, 2, 3, 1])


def from_keras(g: OnnxGraph, o: Operation, here: str) -> str:
    """The operation's output, from the order of Keras."""
    if len(o.shape) != 3:
        return g.node("Identity", [here], o.name)
    return g.node("Transpose", [here], o.name, perm=[0, 3, 1, 2])


def reshape(g: OnnxGraph, o: Operation, _: list[str]) -> str:
    shape = g.constant([-1, *o.settings["target"]], f"{o.name}.shape", np.int64)
    here = g.node("Reshape", [to_keras(g, o, 0, "last"), shape], f"{o.name}_shaped")
    return from_keras(g, o, here)


def permute(g: OnnxGraph, o: Operation, _: list[str]) -> str:
    here = g.node("Transpose", [to_keras(g, o, 0, "last")], f"{o.name}_turned", perm=[0, *o.settings["dims"]])
    return from_keras(g, o, here)


def linear(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    """Features by Gemm, the last axis of sequences by a product of matrices."""
    weight, bias = o.weights["weight"], o.weights.get("bias")
    if len(o.shape) == 1:
        taken = [*inputs, g.constant(weight, f"{o.name}.weight")]
        taken += [] if bias is None else [g.constant(bias, f"{o.name}.bias")]
        return g.node("Gemm", taken, o.name, transB=1)
    turned = g.constant(weight.T, f"{o.name}.weight")
    here = g.node("MatMul", [*inputs, turned], o.name if bias is None else f"{o.name}_product")
    return here if bias is None else g.node("Add", [here, g.constant(bias, f"{o.name}.bias")], o.name)


def last_axis_norm(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    """Batch normalization of the last axis: a factor and an offset for each feature."""
    w = {key: array.astype(np.float64) for key, array in o.weights.items()}
    scale = w.get("scale", 1.0) / np.sqrt(w["variance"] + float(o.settings["epsilon"]))
    shift = w.get("shift", 0.0) - w["mean"] * scale
    here = g.node("Mul", [*inputs, g.constant(scale, f"{o.name}.scale")], f"{o.name}_scaled")
    return g.node("Add", [here, g.constant(shift, f"{o.name}.shift")], o.name)


def _pool_sequence(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    s = o.settings
    here = g.node("Transpose", inputs, f"{o.name}_first", perm=[0, 2, 1])
    more = {"kernel_shape": [s["size"]], "strides": [s["stride"]], "pads": list(s["sides"])}
    if s["how"] == "max":
        here = g.node("MaxPool", [here], f"{o.name}_pooled", **more)
    else:
        here = g.node("AveragePool", [here], f"{o.name}_pooled", count_include_pad=0, **more)
    return g.node("Transpose", [here], o.name, perm=[0, 2, 1])


def _reduce(g: OnnxGraph, o: Operation, _: list[str]) -> str:
    how, axes, keepdims = (o.settings[key] for key in ("how", "axes", "keepdims"))
    here, name = to_keras(g, o, 0, "last"), f"{o.name}_reduced"
    if how == "sum":  # its axes are an input since operator set 13, unlike those of the others
        axes_in = g.constant(axes, f"{o.name}.axes", np.int64)
        return from_keras(g, o, g.node("ReduceSum", [here, axes_in], name, keepdims=int(keepdims)))
    kind = {"mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin"}[how]
    return from_keras(g, o, g.node(kind, [here], name, axes=axes, keepdims=int(keepdims)))


def _slice(g: OnnxGraph, o: Operation, _: list[str]) -> str:
    parts = [(part, part + 1, 1) if isinstance(part, int) else part for part in o.settings["parts"]]
    numbers = {
        "starts": [part[0] for part in parts],
        "ends": [part[1] for part in parts],
        "axes": list(range(1, len(parts) + 1)),
        "steps": [part[2] for part in parts],
    }
    edges = [g.constant(values, f"{o.name}.{key}", np.int64) for key, values in numbers.items()]
    here = g.node("Slice", [to_keras(g, o, 0, "last"), *edges], f"{o.name}_part")
    dropped = [axis for axis, part in enumerate(o.settings["parts"], 1) if isinstance(part, int)]
    if dropped:
        axes = g.constant(dropped, f"{o.name}.dropped", np.int64)
        here = g.node("Squeeze", [here, axes], f"{o.name}_squeezed")
    return from_keras(g, o, here)


def _pad_axes(g: OnnxGraph, o: Operation, _: list[str]) -> str:
    before, after = ([pair[side] for pair in o.settings["pads"]] for side in (0, 1))
    pads = g.constant([0, *before, 0, *after], f"{o.name}.pads", np.int64)
    here = g.node("Pad", [to_keras(g, o, 0, "last"), pads], f"{o.name}_padded", mode="constant")
    return from_keras(g, o, here)


def _unit_norm(g: OnnxGraph, o: Operation, _: list[str]) -> str:
    here = to_keras(g, o, 0, "last")
    length = g.node("ReduceL2", [here], f"{o.name}_length", axes=[o.settings["axis"]], keepdims=1)
    low = g.constant(float(o.settings["epsilon"]), f"{o.name}.low")
    held = g.node("Max", [length, low], f"{o.name}_held")
    return from_keras(g, o, g.node("Div", [here, held], f"{o.name}_divided"))


def _matmul(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    sides = []
    for key, here in zip(("transpose_a", "transpose_b"), inputs, strict=True):
        turned = o.settings[key]
        sides.append(g.node("Transpose", [here], f"{o.name}_{key[-1]}", perm=[0, 2, 1]) if turned else here)
    return g.node("MatMul", sides, o.name)


def _affine(g: OnnxGraph, o: Operation, _: list[str]) -> str:
    here = to_keras(g, o, 0, "last")
    for key, kind in (("scale", "Mul"), ("shift", "Add")):
        if key in o.weights:
            constant = g.constant(o.weights[key], f"{o.name}.{key}")
            here = g.node(kind, [here, constant], f"{o.name}_{key}d")
    return from_keras(g, o, here)


TENSOR_LOWERINGS: dict[str, Lower] = {
    "reshape": reshape,
    "permute": permute,
    "linear": linear,
    "pool_sequence": _pool_sequence,
    "reduce": _reduce,
    "slice": _slice,
    "pad_axes": _pad_axes,
    "unit_norm": _unit_norm,
    "matmul": _matmul,
    "affine": _affine,
}
