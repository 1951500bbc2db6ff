"""From the wiring of a Keras model to a native network: layers converted, weights asked for, then put in."""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from math import prod

import numpy as np
from torch import nn

from hundred.errors import HundredError
from hundred.interchange.read.converters.conversion import TENSOR, Conversion, Converted, Modules, Shape
from hundred.interchange.read.converters.registry import CONVERTERS
from hundred.interchange.read.keras_names import KERAS_LAYERS
from hundred.interchange.read.layers.images import GraphModule
from hundred.interchange.read.settings import CustomObject, NotNative, Settings, shown
from hundred.interchange.read.weights.requests import Array, Request, WeightSource
from hundred.interchange.read.wiring import Call, Layer, ModelWiring, Value, read_wiring

#: Values of one feature map of one image; the widest map of ResNet50 at 224x224 has 802,816.
_LARGEST_MAP = 1 << 26
_HALF = "in half precision"


@dataclass(frozen=True)
class Row:
    """One outermost Keras layer for a table: name, class, output shape as Keras has it, number of weights."""

    name: str
    class_name: str
    shape: Shape
    parameters: int


@dataclass
class Assembly:
    """A network under construction, and what it asks of the file."""

    version: int
    backend: str = "tensorflow"
    channels_first: bool = False
    allow_lambda: bool = False
    requests: list[Request] = field(default_factory=list)
    frozen: dict[str, list[nn.Module]] = field(default_factory=dict)  # layers that are not to be trained
    notes: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    largest: int = 0  # values in the largest feature map of one image


@dataclass(frozen=True)
class Assembled:
    """A network (its parameters on the meta device until the requests are served) and its output shape."""

    network: nn.Module
    shape: Shape


@dataclass(frozen=True)
class Mode:
    """What a model passes on to the layers in it: `trainable` as set, `inference` as called."""

    trainable: bool = True
    inference: bool = False


def assemble(
    assembly: Assembly,
    wiring: ModelWiring,
    shape: Shape,
    *,
    output: str | None = None,
    path: tuple[str, ...] = (),
    mode: Mode = Mode(),
) -> Assembled:
    """Convert every layer of `wiring` that `output` needs (None: the first), called on an input of `shape`.

    Raises NotNative for the first layer that has no native counterpart, HundredError for what cannot be.
    """
    _check_size(assembly, shape, wiring.name)
    values: dict[Value, tuple[int, Shape]] = {wiring.input: (0, shape)}
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    steps: list[tuple[str, tuple[int, ...]]] = []
    built: dict[str, _Built] = {}
    target = wiring.outputs[output] if output is not None else next(iter(wiring.outputs.values()))
    for call in needed(wiring, target):
        for value in call.taken:
            if value not in values:
                raise HundredError(
                    f"layer {shown(call.layer.name)} takes {shown(value.layer)}, which gives no such output"
                )
        taken = [values[value] for value in call.taken]
        shapes = [each for _, each in taken]
        if call.layer.name not in built:
            built[call.layer.name] = _build(assembly, call, shapes, modules, path=path, mode=mode)
        layer = built[call.layer.name]
        if layer.taken != shapes:
            raise NotNative(call.layer.name, call.layer.class_name, "is shared by tensors of unlike shapes")
        for number, (names, given) in enumerate(layer.outputs):
            inputs = tuple(index for index, _ in taken)
            for name in names:
                steps.append((name, inputs))
                inputs = (len(steps),)
            values[Value(call.layer.name, call.node, number)] = (inputs[0], given)
    # As the file lists its layers, and not as they are called, Keras lists the weights of a nested model.
    for listed in wiring.layers:
        assembly.requests += built[listed.name].requests if listed.name in built else []
    if target not in values:
        raise HundredError(f"the model {shown(wiring.name)} has no output {shown(target.layer)}")
    last, out = values[target]
    chain = all(taken == (i,) for i, (_, taken) in enumerate(steps)) and last == len(steps)
    if chain and len(steps) == len(modules):
        return Assembled(nn.Sequential(modules), out)
    return Assembled(GraphModule(modules, steps, last), out)


def needed(wiring: ModelWiring, target: Value) -> list[Call]:
    """The calls that lead to `target`, in order; all of them where the model has one output."""
    if len(wiring.outputs) == 1:
        return list(wiring.calls)
    wanted, kept = {(target.layer, target.node)}, []
    for call in reversed(wiring.calls):
        if (call.layer.name, call.node) in wanted:
            wanted |= {(value.layer, value.node) for value in call.taken}
            kept.append(call)
    return kept[::-1]


@dataclass(frozen=True)
class _Built:
    """A layer turned native: the shapes it takes; names of modules and shape of each output; what it asks."""

    taken: list[Shape]
    outputs: list[tuple[list[str], Shape]]
    requests: list[Request]


def _build(
    assembly: Assembly,
    call: Call,
    shapes: list[Shape],
    modules: OrderedDict[str, nn.Module],
    *,
    path: tuple[str, ...],
    mode: Mode,
) -> _Built:
    """Convert the layer of its first call and add its modules to `modules`."""
    asked = len(assembly.requests)
    converted = _convert(assembly, call, shapes, (*path, call.layer.name), mode)
    requests = assembly.requests[asked:]
    del assembly.requests[asked:]
    if not path:
        shape = keras_shape(converted.shape, assembly.channels_first)
        assembly.rows.append(_row(call.layer, shape, requests))
    _check_size(assembly, converted.shape, call.layer.name)
    outputs = [
        (_add(modules, call.layer.name, each.modules), each.shape) for each in converted.parts or (converted,)
    ]
    return _Built(shapes, outputs, requests)


def keras_shape(shape: Shape, channels_first: bool) -> Shape:
    """(rows, columns, channels) in the order that the file's layers have."""
    return (shape[2], *shape[:2]) if channels_first and len(shape) == 3 else shape


def _row(layer: Layer, shape: Shape, requests: list[Request]) -> Row:
    sizes = (prod(weight) for request in requests for weight in request.shapes)
    return Row(shown(layer.name), shown(layer.class_name), shape, sum(sizes))


def _add(modules: OrderedDict[str, nn.Module], layer: str, new: Modules) -> list[str]:
    """Put the native layers of one Keras layer under names that torch allows; give the names."""
    names = []
    for suffix, module in new:
        base = re.sub(r"[^0-9A-Za-z_]", "_", layer)[:100] or "layer"
        name = f"{base}_{suffix}" if suffix else base
        if not re.match(r"[A-Za-z]", name):
            name = "layer_" + name
        while name in modules or hasattr(nn.Sequential, name):
            name += "_"
        modules[name] = module
        names.append(name)
    return names


def _check_size(assembly: Assembly, shape: Shape, layer: str) -> None:
    size = prod(shape)
    if size > _LARGEST_MAP:
        raise HundredError(f"layer {shown(layer)} gives {size} values for one image: refused as absurd")
    assembly.largest = max(assembly.largest, size)


def _convert(
    assembly: Assembly, call: Call, shapes: list[Shape], path: tuple[str, ...], above: Mode
) -> Converted:
    layer = call.layer
    if not shapes:
        raise HundredError(f"layer {shown(layer.name)} is called on nothing")
    mode = Mode(
        above.trainable and layer.settings.get("trainable", True) is not False,
        above.inference or call.inference,
    )
    if layer.is_model:
        return _nested(assembly, layer, shapes, path, mode)
    settings = Settings(dict(layer.settings), layer.name, layer.class_name)
    converter = CONVERTERS.get(f"op {layer.class_name}") if layer.is_function else None
    converter = converter or CONVERTERS.get(layer.class_name)
    if converter is None:
        raise _unknown(layer)
    policy = layer.settings.get("dtype")
    if isinstance(policy, dict) and "Quantized" in str(policy.get("class_name")):
        raise settings.not_native("is quantized")
    if isinstance(layer.settings.get("quantization_config"), dict):
        raise settings.not_native("is quantized")
    conversion = Conversion(
        settings,
        shapes,
        path,
        assembly.version,
        mode.trainable,
        assembly.backend,
        assembly.channels_first,
        [TENSOR if isinstance(argument, Value) else argument for argument in call.arguments],
        call.keywords,
        mode.inference,
        assembly.allow_lambda,
    )
    converted = converter(conversion)
    if not mode.trainable and conversion.requests:
        assembly.frozen["/".join(path)] = [module for _, module in converted.modules]
    if "float16" in str(policy) and not any(_HALF in note for note in assembly.notes):
        assembly.notes.append(f"the file computes {_HALF}, here it is float32")
    assembly.requests += conversion.requests
    assembly.notes += conversion.notes
    return converted


def _nested(
    assembly: Assembly, layer: Layer, shapes: list[Shape], path: tuple[str, ...], mode: Mode
) -> Converted:
    if len(shapes) != 1:
        raise NotNative(layer.name, layer.class_name, f"is a model called on {len(shapes)} tensors")
    wiring = read_wiring(layer.class_name, layer.settings, layer.version)
    if len(wiring.outputs) != 1:
        raise NotNative(layer.name, layer.class_name, f"is a model of {len(wiring.outputs)} outputs")
    inner = assemble(assembly, wiring, shapes[0], path=path, mode=mode)
    return Converted([("", inner.network)], inner.shape)


def _unknown(layer: Layer) -> NotNative:
    name = layer.class_name
    if name in KERAS_LAYERS or name.startswith("op ") or layer.is_function:
        return NotNative(layer.name, name.removeprefix("op "), "has no native counterpart")
    return CustomObject(layer.name, name, "is none of Keras' own layers", name)


def fill(assembly: Assembly, source: WeightSource) -> int:
    """Read every weight that was asked for into the network; give the number of values (Keras' total)."""
    source.locate(assembly.requests)  # all shapes are compared before anything is read
    total = 0
    for request in assembly.requests:
        arrays = [stored.read() for stored in request.found]
        total += sum(array.size for array in arrays)
        _check_values(assembly, request, arrays)
        request.give(arrays)
        request.found = []
    for modules in assembly.frozen.values():
        for module in modules:
            module.requires_grad_(False)
    return total


def _check_values(assembly: Assembly, request: Request, arrays: list[Array]) -> None:
    for name, array in zip(request.names, arrays, strict=True):
        bad = array.size - int(np.isfinite(array).sum())
        if bad:
            assembly.notes.append(
                f"{name} of layer {shown('/'.join(request.path))} holds {bad} values that are NaN or infinite"
            )
