"""The graph as an ONNX model, built by hand: torch's own exporter would need another package.

Operator set 17 has everything used here and is read by ONNX Runtime from 1.12 (2022) on. The graph takes
channels-last images like the Keras files and turns them once, at its beginning.
"""

from typing import Any

import numpy as np

from hundred.errors import HundredError
from hundred.interchange.onnx.nodes import Lower, OnnxGraph
from hundred.interchange.onnx.tensors import TENSOR_LOWERINGS, last_axis_norm
from hundred.interchange.write.graph import Graph, Operation

OPSET = 17
#: The oldest container that holds this operator set, for the widest choice of readers.
IR_VERSION = 8


def onnx_model(graph: Graph, note: str) -> Any:
    """An onnx.ModelProto from float [n, rows, columns, channels] to [n, classes]; `note` is its metadata.

    Raises HundredError for an operation that has no ONNX counterpart here.
    """
    writer = OnnxGraph(graph, _LOWERINGS)
    output = writer.fill()
    onnx, float32 = writer.onnx, writer.onnx.TensorProto.FLOAT
    channels, rows, columns = graph.shape
    end = "probabilities" if _gives_probabilities(graph, graph.output) else "logits"
    if end != output:
        end = writer.node("Identity", [output], end)
    made = onnx.helper.make_graph(
        writer.nodes,
        "hundred",
        [onnx.helper.make_tensor_value_info(graph.input, float32, ["n", rows, columns, channels])],
        [onnx.helper.make_tensor_value_info(end, float32, ["n", *writer.shape(graph.output)])],
        writer.constants,
    )
    model = onnx.helper.make_model(
        made,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        producer_name="hundred",
        ir_version=IR_VERSION,
    )
    onnx.helper.set_model_props(model, {"hundred": note})
    onnx.checker.check_model(model, full_check=True)
    return model


#: What leaves probabilities such.
_KEEPING = ("dropout", "reshape", "flatten", "permute", "global_pool")


def _gives_probabilities(graph: Graph, name: str) -> bool:
    """Whether a value comes from softmaxes or sigmoids by averages and moves alone; it names the output."""
    operation = next((each for each in graph.operations if each.name == name), None)
    if operation is None:
        return False
    s = operation.settings
    if operation.kind == "softmax" or (operation.kind == "activation" and s["name"] == "sigmoid"):
        return True
    average = operation.kind == "combine" and s["how"] == "average"
    keeps = average or (operation.kind in _KEEPING and s.get("how", "mean") == "mean")
    return keeps and all(_gives_probabilities(graph, each) for each in operation.inputs)


def _with_weights(kind: str, **fixed: Any) -> Lower:
    def form(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
        s = o.settings
        taken = [*inputs, g.constant(o.weights["weight"], f"{o.name}.weight")]
        if "bias" in o.weights:
            taken.append(g.constant(o.weights["bias"], f"{o.name}.bias"))
        more = dict(fixed, strides=list(s["stride"]))
        if kind == "Conv":
            more |= {"pads": _pads(s["sides"]), "dilations": list(s["dilation"]), "group": s["groups"]}
        return g.node(kind, taken, o.name, **more)

    return form


def _pads(sides: Any) -> list[int]:
    left, right, top, bottom = sides
    return [top, left, bottom, right]


def _spread(o: Operation, values: Any) -> Any:
    """One constant for each channel, shaped to broadcast over [n, c, h, w] or [n, c]."""
    return values.reshape(-1, 1, 1) if values.ndim == 1 and len(o.shape) == 3 else values


def _norm(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    if len(o.shape) not in (1, 3):
        return last_axis_norm(g, o, inputs)
    mean = o.weights["mean"]
    arrays = {
        "scale": o.weights.get("scale", np.ones_like(mean)),
        "shift": o.weights.get("shift", np.zeros_like(mean)),
        "mean": mean,
        "variance": o.weights["variance"],
    }
    taken = [*inputs, *(g.constant(array, f"{o.name}.{name}") for name, array in arrays.items())]
    return g.node("BatchNormalization", taken, o.name, epsilon=float(o.settings["epsilon"]))


def _affine(g: OnnxGraph, o: Operation, here: str, weights: dict[str, Any]) -> str:
    """here * scale + shift, for what of the two is there."""
    for key, kind in (("scale", "Mul"), ("shift", "Add")):
        if key in weights:
            here = g.node(kind, [here, g.constant(weights[key], f"{o.name}.{key}")], f"{o.name}_{key}")
    return here


def _layer_norm(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    epsilon, shape = float(o.settings["epsilon"]), o.shape
    if o.settings["over"] == "channels" and len(o.shape) == 3:
        last = g.node("Transpose", inputs, f"{o.name}_last", perm=[0, 2, 3, 1])
        shape, axis = o.shape[:1], -1
    elif o.settings["over"] == "channels":
        last, axis, shape = inputs[0], len(o.shape), o.shape[-1:]
    else:
        last, axis = inputs[0], 1
    taken = [last, g.constant(o.weights.get("scale", np.ones(shape, np.float32)), f"{o.name}.scale")]
    if "shift" in o.weights:
        taken.append(g.constant(o.weights["shift"], f"{o.name}.shift"))
    out = g.node(
        "LayerNormalization", taken, f"{o.name}_norm" if axis == -1 else o.name, axis=axis, epsilon=epsilon
    )
    return g.node("Transpose", [out], o.name, perm=[0, 3, 1, 2]) if axis == -1 else out


def _group_norm(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    """Groups as the channels of an instance normalization, then the affine part."""
    groups = o.settings["groups"]
    shape = g.constant([0, groups, -1], f"{o.name}.groups", np.int64)
    ones, zeros = np.ones(groups, np.float32), np.zeros(groups, np.float32)
    grouped = g.node("Reshape", [inputs[0], shape], f"{o.name}_grouped")
    taken = [grouped, g.constant(ones, f"{o.name}.ones"), g.constant(zeros, f"{o.name}.zeros")]
    normed = g.node("InstanceNormalization", taken, f"{o.name}_norm", epsilon=float(o.settings["epsilon"]))
    back = g.constant([0, *o.shape], f"{o.name}.shape", np.int64)
    whole = g.node("Reshape", [normed, back], f"{o.name}_whole")
    return _affine(g, o, whole, {key: _spread(o, array) for key, array in o.weights.items()})


_ACTIVATIONS = {
    "relu": "Relu",
    "selu": "Selu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "exponential": "Exp",
}


def _activation(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    name, alpha, x = o.settings["name"], float(o.settings.get("alpha", 0)), inputs[0]
    if name in _ACTIVATIONS:
        return g.node(_ACTIVATIONS[name], inputs, o.name)
    if name == "leaky_relu":
        return g.node("LeakyRelu", inputs, o.name, alpha=alpha)
    if name == "elu":
        return g.node("Elu", inputs, o.name, alpha=alpha)
    if name == "relu_up_to":
        limits = [g.constant(limit, f"{o.name}.{key}") for key, limit in (("low", 0.0), ("high", alpha))]
        return g.node("Clip", [x, *limits], o.name)
    if name == "silu":
        return g.node("Mul", [x, g.node("Sigmoid", [x], f"{o.name}_gate")], o.name)
    if name == "gelu":  # x * (1 + erf(x / sqrt(2))) / 2; an operator of its own came with set 20
        scaled = g.node("Mul", [x, g.constant(2**-0.5, f"{o.name}.root")], f"{o.name}_scaled")
        raised = g.node(
            "Add",
            [g.node("Erf", [scaled], f"{o.name}_erf"), g.constant(1.0, f"{o.name}.one")],
            f"{o.name}_up",
        )
        half = g.node("Mul", [x, g.constant(0.5, f"{o.name}.half")], f"{o.name}_half")
        return g.node("Mul", [half, raised], o.name)
    raise HundredError(f"the activation {name} of {o.name} cannot be written as ONNX")


def _prelu(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    return g.node("PRelu", [*inputs, g.constant(o.weights["slope"], f"{o.name}.slope")], o.name)


def _pool(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    s = o.settings
    more = {"kernel_shape": list(s["kernel"]), "strides": list(s["stride"]), "pads": _pads(s["sides"])}
    if s["how"] == "max":
        return g.node("MaxPool", inputs, o.name, **more)
    return g.node("AveragePool", inputs, o.name, count_include_pad=int(s["count_padding"]), **more)


def _global_pool(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    kind = "GlobalMaxPool" if o.settings["how"] == "max" else "GlobalAveragePool"
    if o.settings["keepdims"]:
        return g.node(kind, inputs, o.name)
    return g.node("Flatten", [g.node(kind, inputs, f"{o.name}_map")], o.name, axis=1)


def _pad(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    left, right, top, bottom = o.settings["sides"]
    pads = g.constant([0, 0, top, left, 0, 0, bottom, right], f"{o.name}.pads", np.int64)
    return g.node("Pad", [*inputs, pads], o.name, mode="constant")


def _crop(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    left, _, top, _ = o.settings["sides"]
    ends = [top + o.shape[1], left + o.shape[2]]
    edges = [
        g.constant(values, f"{o.name}.{key}", np.int64)
        for key, values in (("starts", [top, left]), ("ends", ends), ("axes", [2, 3]))
    ]
    return g.node("Slice", [*inputs, *edges], o.name)


def _upsample(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    _, rows, columns = g.shape(o.inputs[0])
    if o.settings["mode"] == "nearest":
        more = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        more = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    if o.shape[1] % rows == 0 and o.shape[2] % columns == 0:
        scales = g.constant([1, 1, o.shape[1] // rows, o.shape[2] // columns], f"{o.name}.scales")
        return g.node("Resize", [inputs[0], "", scales], o.name, **more)
    # A factor that is not whole could round to another size: the size itself is given, with the batch's.
    batch = g.node("Shape", inputs, f"{o.name}_batch", start=0, end=1)
    size = g.node(
        "Concat", [batch, g.constant(o.shape, f"{o.name}.size", np.int64)], f"{o.name}_size", axis=0
    )
    return g.node("Resize", [inputs[0], "", "", size], o.name, **more)


def _flatten(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    if o.settings["order"] == "channels-last" and len(g.shape(o.inputs[0])) == 3:
        inputs = [g.node("Transpose", inputs, f"{o.name}_last", perm=[0, 2, 3, 1])]
    return g.node("Flatten", inputs, o.name, axis=1)


def _combine(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    how = o.settings["how"]
    several = {"average": "Mean", "maximum": "Max", "minimum": "Min"}
    if how in several:
        return g.node(several[how], inputs, o.name)
    kind = {"add": "Add", "subtract": "Sub", "multiply": "Mul"}[how]
    here = inputs[0]
    for i, other in enumerate(inputs[1:], 2):
        here = g.node(kind, [here, other], o.name if i == len(inputs) else f"{o.name}_{i}")
    return here


def _concatenate(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    return g.node("Concat", inputs, o.name, axis=o.settings["dim"])


def _rescale(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    scale, offset = o.weights["scale"], o.weights["offset"]
    here = g.node("Mul", [*inputs, g.constant(_spread(o, scale), f"{o.name}.scale")], f"{o.name}_scaled")
    return g.node("Add", [here, g.constant(_spread(o, offset), f"{o.name}.offset")], o.name)


def _standardize(g: OnnxGraph, o: Operation, inputs: list[str]) -> str:
    mean, std = o.weights["mean"], o.weights["std"]
    here = g.node("Sub", [*inputs, g.constant(_spread(o, mean), f"{o.name}.mean")], f"{o.name}_centred")
    return g.node("Div", [here, g.constant(_spread(o, std), f"{o.name}.std")], o.name)


_LOWERINGS: dict[str, Lower] = {
    "conv": _with_weights("Conv"),
    "conv_transpose": _with_weights("ConvTranspose"),
    "norm": _norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "activation": _activation,
    "prelu": _prelu,
    "softmax": lambda g, o, inputs: g.node("Softmax", inputs, o.name, axis=o.settings.get("axis", 1)),
    "log": lambda g, o, inputs: g.node("Log", inputs, o.name),
    "dropout": lambda _, __, inputs: inputs[0],  # a file for predicting alone
    "pool": _pool,
    "global_pool": _global_pool,
    "pad": _pad,
    "crop": _crop,
    "upsample": _upsample,
    "flatten": _flatten,
    "combine": _combine,
    "concatenate": _concatenate,
    "rescale": _rescale,
    "standardize": _standardize,
    **TENSOR_LOWERINGS,
}
