"""How the layers of a Keras model are wired, in Keras 2's list-style and Keras 3's dictionary-style nodes."""

from dataclasses import dataclass, field, replace
from typing import Any

from hundred.errors import HundredError
from hundred.interchange.read.settings import NotNative, shown

MODELS = ("Sequential", "Functional", "Model")
_MOST_LAYERS = 5_000
_DEEPEST_MODEL = 12
#: Beside the convolutions, the layers whose data_format says where a model has its channels.
_IMAGE_LAYERS = frozenset(
    f"{start}{end}2D"
    for start in ("Max", "Average", "GlobalMax", "GlobalAverage")
    for end in ("Pooling", "Pool")
)


class SeveralEnds(NotNative):
    """A model with several inputs or outputs."""


@dataclass(frozen=True)
class Value:
    """The output of a layer's call: layer name, number of the call, number of the output."""

    layer: str
    node: int
    output: int


@dataclass(frozen=True)
class Layer:
    """One layer as the file has it. `settings` is its `config`; `version` is Keras' major version."""

    name: str
    class_name: str
    settings: dict[str, Any]
    version: int

    @property
    def is_model(self) -> bool:
        """Whether it holds layers of its own."""
        return holds_layers(self.class_name, self.settings)

    @property
    def is_function(self) -> bool:
        """Whether it is a function of keras.ops: an .h5 of Keras 3 names no modules, but a function's config
        lacks what every layer's has."""
        return self.version >= 3 and "trainable" not in self.settings and not self.is_model


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    arguments: values and constants in the order of the call; a list of constants is one. keywords: the
    constants given by name, which are among the arguments too. inference: called with training=False, which
    Keras 2 keeps to while it trains (Keras 3 writes it for every Dropout, and does not).
    """

    layer: Layer
    node: int
    arguments: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)
    inference: bool = False

    @property
    def taken(self) -> list[Value]:
        """The values among the arguments."""
        return [argument for argument in self.arguments if isinstance(argument, Value)]


@dataclass(frozen=True)
class ModelWiring:
    """A model: calls in an order that can be run, the input, the outputs, and the declared input shape.

    outputs: by the name that Keras gives them, that of their layer. `input_shape` is Keras' (without the
    batch, None where open), or None where the file does not say.
    """

    name: str
    layers: tuple[Layer, ...]
    calls: tuple[Call, ...]
    input: Value
    outputs: dict[str, Value]
    input_shape: tuple[int | None, ...] | None


def check_tree(model: Any, depth: int = 0, count: list[int] | None = None) -> None:
    """Raise HundredError unless `model` is a tree of layers of a sane size, each with a name and a config."""
    count = [0] if count is None else count
    if not isinstance(model, dict) or not isinstance(model.get("config"), dict):
        raise HundredError("the model's config is no JSON object with a class_name and a config")
    layers = model["config"].get("layers")
    if depth > _DEEPEST_MODEL:
        raise HundredError(f"the model nests models deeper than {_DEEPEST_MODEL}")
    if not isinstance(layers, list):
        raise HundredError("the model's config has no list of layers")
    for layer in layers:
        count[0] += 1
        if count[0] > _MOST_LAYERS:
            raise HundredError(f"the model has more than {_MOST_LAYERS} layers")
        if (
            not isinstance(layer, dict)
            or not isinstance(layer.get("class_name"), str)
            or not isinstance(layer.get("config"), dict)
        ):
            raise HundredError(f"layer {count[0]} of the model has no class_name or no config")
        name = layer.get("name", layer["config"].get("name"))
        if name is not None and not isinstance(name, str):
            raise HundredError(f"layer {count[0]} of the model has the name {shown(name)}")
        if holds_layers(layer["class_name"], layer["config"]):
            check_tree(layer, depth + 1, count)


def holds_layers(class_name: str, config: dict[str, Any]) -> bool:
    """Whether a layer is a model of layers: Keras' own, or a functional model of a class derived from it.

    What such a class adds (a training step of its own) plays no part in what the model predicts.
    """
    known = class_name in MODELS or "input_layers" in config
    return known and isinstance(config.get("layers"), list)


def read_wiring(class_name: str, config: dict[str, Any], version: int) -> ModelWiring:
    """The wiring of a model that check_tree has passed.

    Raises SeveralEnds for several inputs, NotNative for strange calls, HundredError for impossible wiring.
    """
    name = str(config.get("name", class_name))
    layers = [_layer(entry, version) for entry in config["layers"]]
    if class_name == "Sequential" or "input_layers" not in config:
        return _chain(name, layers, config)
    names = [layer.name for layer in layers]
    if len(set(names)) != len(names):
        raise HundredError(f"the model {shown(name)} has two layers of the same name")
    calls: list[Call] = []
    for layer, entry in zip(layers, config["layers"], strict=True):
        calls += _calls(layer, entry.get("inbound_nodes"))
    source = _single(config.get("input_layers"), name, "inputs")
    outputs = _outputs(config.get("output_layers"), name)
    declared = next((layer for layer in layers if layer.name == source.layer), None)
    if declared is None:
        raise HundredError(
            f"the model {shown(name)} takes its input from {shown(source.layer)}, which is missing"
        )
    calls = _numbered_as_taken(calls, list(outputs.values()))
    shape = declared_shape(declared.settings)
    return ModelWiring(name, tuple(layers), _in_order(name, calls, source), source, outputs, shape)


def declared_shape(settings: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The input shape in an InputLayer's or a first layer's config, without the batch."""
    for key in ("batch_input_shape", "batch_shape"):
        shape = settings.get(key)
        if isinstance(shape, dict):  # {"class_name": "__tuple__", "items": [...]} in some versions
            shape = shape.get("items")
        if isinstance(shape, list) and len(shape) >= 2:
            sides = shape[1:]
            if all(side is None or (type(side) is int and 0 < side <= 1 << 24) for side in sides):
                return tuple(sides)
            raise HundredError(f"the input shape {shown(shape)} cannot be")
    return None


def works_channels_first(config: Any) -> bool:
    """Whether the convolutions and poolings of a model that check_tree has passed take channels first."""
    formats = set()
    waiting = [config]
    while waiting:
        entry = waiting.pop()
        inner = entry["config"]
        if isinstance(inner.get("layers"), list) and (
            entry is config or holds_layers(entry["class_name"], inner)
        ):
            waiting += inner["layers"]
        elif entry["class_name"] in _IMAGE_LAYERS or "Conv" in entry["class_name"]:
            formats.add(str(inner.get("data_format", "channels_last")))
    return formats == {"channels_first"}


def layer_name(entry: dict[str, Any]) -> str:
    """The name of a layer that check_tree has passed; a file may leave it out."""
    name = entry.get("name") or entry["config"].get("name") or entry["class_name"]
    return str(name)


def _layer(entry: dict[str, Any], version: int) -> Layer:
    name = layer_name(entry)
    class_name = entry["class_name"]
    registered = entry.get("registered_name")
    module = entry.get("module")
    # A class that somebody registered may share its name with a layer of Keras.
    if (
        isinstance(registered, str)
        and registered not in (class_name, "")
        and isinstance(module, str | None)
        and not (module or "keras").startswith("keras")
    ):
        class_name = registered
    elif isinstance(module, str) and module.startswith("keras.src.ops"):
        class_name = f"op {class_name}"
    return Layer(name, class_name, entry["config"], version)


def _chain(name: str, layers: list[Layer], config: dict[str, Any]) -> ModelWiring:
    """A Sequential model; an InputLayer may come first or be left out, as older files do."""
    shape = None
    for layer in layers[:1]:
        shape = declared_shape(layer.settings)
        if shape is None and layer.is_model:
            shape = read_wiring(layer.class_name, layer.settings, layer.version).input_shape
    if shape is None:
        shape = declared_shape({"batch_input_shape": config.get("build_input_shape")})
    here = start = Value("", 0, 0)
    calls: list[Call] = []
    for layer in layers:
        if layer.class_name == "InputLayer":
            continue
        calls.append(Call(layer, 0, (here,)))
        here = Value(layer.name, 0, 0)
    names = [call.layer.name for call in calls]
    if len(set(names)) != len(names):
        raise HundredError(f"the model {shown(name)} has two layers of the same name")
    return ModelWiring(name, tuple(layers), tuple(calls), start, {here.layer: here}, shape)


def _calls(layer: Layer, nodes: Any) -> list[Call]:
    if nodes is None:
        nodes = []
    if not isinstance(nodes, list):
        raise HundredError(f"layer {shown(layer.name)}: its inbound_nodes are no list")
    calls = []
    for i, node in enumerate(nodes):
        arguments: list[Any] = []
        keywords: dict[str, Any] = {}
        if isinstance(node, dict):
            _collect_new(layer, node.get("args", []), arguments)
            extra = node.get("kwargs", {})
            if not isinstance(extra, dict):
                raise HundredError(f"layer {shown(layer.name)}: its inbound node {i} is damaged")
            keywords = {key: value for key, value in extra.items() if key not in ("mask", "training")}
            _collect_new(layer, list(keywords.values()), arguments)
        elif isinstance(node, list):
            _collect_old(layer, node, arguments, keywords)
        else:
            raise HundredError(f"layer {shown(layer.name)}: its inbound node {i} is damaged")
        inference = keywords.pop("training", None) is False and layer.version < 3
        calls.append(Call(layer, i, tuple(arguments), keywords, inference))
    return calls


def _numbered_as_taken(calls: list[Call], targets: list[Value]) -> list[Call]:
    """Calls with the numbers by which others take them.

    Keras 2 counts the calls of a nested model from 1, since making it was call 0, but lists them from 0.
    """
    highest: dict[str, int] = {}
    for value in [*targets, *(value for call in calls for value in call.taken)]:
        highest[value.layer] = max(highest.get(value.layer, 0), value.node)
    count: dict[str, int] = {}
    for call in calls:
        count[call.layer.name] = count.get(call.layer.name, 0) + 1
    return [
        replace(call, node=call.node + 1)
        if call.layer.is_model and highest.get(call.layer.name, 0) >= count[call.layer.name]
        else call
        for call in calls
    ]


def _collect_new(layer: Layer, item: Any, found: list[Any], depth: int = 0) -> None:
    """Keras 3: tensors are {"class_name": "__keras_tensor__"} somewhere in the arguments."""
    tensors = _holds_tensor(item)
    if isinstance(item, list) and depth < 4 and (depth == 0 or tensors):
        for inner in item:
            _collect_new(layer, inner, found, depth + 1)
    elif isinstance(item, dict) and item.get("class_name") == "__keras_tensor__":
        config = item.get("config")
        found.append(_value(layer, config.get("keras_history") if isinstance(config, dict) else None))
    elif not tensors:
        found.append(item)
    else:
        raise NotNative(layer.name, layer.class_name, f"is called with {shown(item)}")


def _holds_tensor(item: Any) -> bool:
    """Whether there are tensors among Keras 3's arguments, and not constants alone."""
    waiting = [item]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            if here.get("class_name") == "__keras_tensor__":
                return True
            waiting += here.values()
    return False


def _check_mode(layer: Layer, keywords: dict[str, Any]) -> None:
    """Refuse a call that asks for what a layer does in training: Keras 2 does it at test time too.

    Keras 3 notes the same, and then goes by what the whole model does.
    """
    if keywords.get("training") is True:
        raise NotNative(layer.name, layer.class_name, "is called with training=True")


def _collect_old(layer: Layer, node: list[Any], found: list[Any], keywords: dict[str, Any]) -> None:
    """Keras 2: a list of [layer, node, output, {keywords}]; a single one may stand without its list.

    A constant where a tensor would be first is ["_CONSTANT_VALUE", -1, constant, {keywords}].
    """
    if node and isinstance(node[0], str):
        node = [node]
    for item in node:
        constant = isinstance(item, list) and len(item) >= 3 and item[0] == "_CONSTANT_VALUE"
        found.append(item[2] if constant else _value(layer, item))
        extra = item[3] if len(item) > 3 else {}
        if not isinstance(extra, dict):
            raise HundredError(f"layer {shown(layer.name)}: its inbound nodes are damaged")
        _check_mode(layer, extra)
        if extra.get("training") is False:
            keywords["training"] = False
        for key, value in extra.items():
            if key in ("mask", "training", "name") or value is None:
                continue
            if isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str):
                found.append(_value(layer, value))
            else:
                found.append(value)
                keywords[key] = value


def _value(layer: Layer, item: Any) -> Value:
    if (
        isinstance(item, list)
        and len(item) >= 3
        and isinstance(item[0], str)
        and type(item[1]) is int
        and type(item[2]) is int
    ):
        return Value(item[0], item[1], item[2])
    raise HundredError(f"layer {shown(layer.name)}: its inbound nodes are damaged ({shown(item)})")


def _outputs(value: Any, model: str) -> dict[str, Value]:
    """The outputs of a model by their names, in any of the forms that Keras has used."""
    if isinstance(value, dict):
        return {str(key): _single(each, model, "outputs") for key, each in value.items()}
    if isinstance(value, list) and len(value) > 1 and all(isinstance(item, list) for item in value):
        found = [_single(each, model, "outputs") for each in value]
    else:
        found = [_single(value, model, "outputs")]
    names = [each.layer for each in found]  # a layer called more than once gives several of its name
    return {name if names.count(name) == 1 else f"{name}_{i}": found[i] for i, name in enumerate(names)}


def _single(value: Any, model: str, what: str) -> Value:
    """One input or output of a model, in any of the forms that Keras has used."""
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    if isinstance(value, list) and len(value) > 1 and all(isinstance(item, list) for item in value):
        raise SeveralEnds(model, "Functional", f"has {len(value)} {what}")
    if isinstance(value, dict):
        if len(value) != 1:
            raise SeveralEnds(model, "Functional", f"has {len(value)} {what}")
        return _single(next(iter(value.values())), model, what)
    if isinstance(value, list) and [type(item) for item in value] == [str, int, int]:
        return Value(value[0], value[1], value[2])
    raise HundredError(f"the model {shown(model)} does not say what its {what} are")


def _in_order(name: str, calls: list[Call], source: Value) -> tuple[Call, ...]:
    """Calls sorted so that each comes after what it takes; HundredError for a circle or a missing layer."""
    known = {(source.layer, source.node)}
    waiting = [call for call in calls if (call.layer.name, call.node) not in known]
    users: dict[tuple[str, int], list[int]] = {}
    missing: list[int] = []
    for i, call in enumerate(waiting):
        needs = {(value.layer, value.node) for value in call.taken} - known
        missing.append(len(needs))
        for need in needs:
            users.setdefault(need, []).append(i)
    ready = [i for i, count in enumerate(missing) if count == 0][::-1]
    ordered: list[Call] = []
    while ready:
        call = waiting[ready.pop()]
        if call.layer.class_name == "InputLayer":
            raise SeveralEnds(name, "Functional", "has more than one input")
        ordered.append(call)
        for i in users.get((call.layer.name, call.node), []):
            missing[i] -= 1
            if missing[i] == 0:
                ready.append(i)
    if len(ordered) != len(waiting):
        raise HundredError(f"the wiring of the model {shown(name)} has a gap or a circle")
    return tuple(ordered)
