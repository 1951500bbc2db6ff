"""Classes in a file that are not Keras' own, code inside it, and layers that are never read."""

from collections.abc import Iterator
from typing import Any

from hundred.errors import HundredError
from hundred.interchange.read.converters.registry import CONVERTERS
from hundred.interchange.read.keras_names import KERAS_LAYERS, RECURRENT_LAYERS
from hundred.interchange.read.settings import CustomObject, shown
from hundred.interchange.read.wiring import MODELS, holds_layers


def has_lambda(config: Any) -> bool:
    """Whether there is a Lambda layer or pickled code anywhere in `config`."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if item.get("class_name") in ("Lambda", "__lambda__") or "__lambda__" in item:
                return True
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return False


def layers_of(model: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The layers of a model that check_tree has passed, nested ones included."""
    for layer in model["config"].get("layers") or []:
        yield layer
        if holds_layers(layer["class_name"], layer["config"]):
            yield from layers_of(layer)


def refuse_recurrent(model: dict[str, Any]) -> None:
    """Raise HundredError for the first recurrent layer, and for a wrapper around one."""
    if not isinstance(model["config"].get("layers"), list):
        return
    for layer in layers_of(model):
        name = layer["class_name"]
        if name in RECURRENT_LAYERS:
            known = shown(layer.get("name") or layer["config"].get("name") or name)
            raise HundredError(
                f"layer {known} ({name}) is recurrent: networks with recurrent layers are not read"
            )


def custom_names(model: dict[str, Any], first: CustomObject, version: int) -> list[str]:
    """All classes and functions of the author's own: that of `first`, then others in the file's order.

    version: of Keras, the major one.
    """
    names = [first.custom]
    if not isinstance(model["config"].get("layers"), list):
        return names
    for layer in layers_of(model):
        name = layer["class_name"]
        own = layer.get("registered_name") not in (None, "", name)
        module = layer.get("module")
        foreign = isinstance(module, str) and not module.startswith("keras")
        known = name in CONVERTERS or name in KERAS_LAYERS or f"op {name}" in CONVERTERS
        known = known or (version >= 3 and module is None and "trainable" not in layer["config"])
        is_model = name in MODELS or holds_layers(name, layer["config"])
        if not is_model and (not known or (own and foreign)):
            custom = str(layer.get("registered_name") if own else name).rpartition(">")[2]
            names += [] if custom in names else [custom]
    return names
