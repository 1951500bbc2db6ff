"""Keras layers under construction: what they are, how they are named, and the order that Keras gives them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hundred.errors import HundredError
from hundred.interchange.write.graph import Array, Graph, Operation


@dataclass
class KerasLayer:
    """One layer: `config` without its name and the like, `weights` as (name, values) in Keras' order."""

    class_name: str
    name: str
    inputs: list[str]
    config: dict[str, Any] = field(default_factory=dict)
    weights: list[tuple[str, Array]] = field(default_factory=list)
    trainable: bool = True


class KerasLowering:
    """Turns operations into layers one by one; an operation may need several."""

    def __init__(self, graph: Graph, lowerings: "dict[str, Lower]") -> None:
        """`lowerings`: for each kind of operation, the function that turns it into layers."""
        self.graph, self._lowerings = graph, lowerings
        self.layers: list[KerasLayer] = []
        self._values = {graph.input: graph.input}  # value on the graph -> Keras layer that gives it
        self._names = {graph.input} | {operation.name for operation in graph.operations}

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a value on the graph."""
        for operation in self.graph.operations:
            if operation.name == name:
                return operation.shape
        return self.graph.shape

    def made_by(self, name: str) -> Operation | None:
        """The operation that gives a value on the graph."""
        return next((operation for operation in self.graph.operations if operation.name == name), None)

    def layer(
        self, class_name: str, inputs: list[str], config: dict[str, Any], name: str, **more: Any
    ) -> str:
        """Append a layer on other layers' outputs; give its name."""
        self.layers.append(KerasLayer(class_name, name, inputs, config, **more))
        return name

    def helper(
        self, class_name: str, inputs: list[str], config: dict[str, Any], name: str, **more: Any
    ) -> str:
        """As `layer`, under a name of its own beside the operation's."""
        while name in self._names:
            name += "_"
        self._names.add(name)
        return self.layer(class_name, inputs, config, name, **more)

    def lower(self, operation: Operation) -> None:
        """Append the layers of `operation`."""
        inputs = [self._values[name] for name in operation.inputs]
        self._values[operation.name] = self._lowerings[operation.kind](self, operation, inputs)

    @property
    def output(self) -> str:
        """The layer that gives the graph's output."""
        return self._values[self.graph.output]


Lower = Callable[[KerasLowering, Operation, list[str]], str]
#: Written always: a Keras set to channels-first would read the layers otherwise than meant.
CHANNELS_LAST = {"data_format": "channels_last"}


def in_keras_order(layers: list[KerasLayer], output: str) -> list[KerasLayer]:
    """Sorted as Keras sorts `model.layers`: farthest from the output first, then by a walk from the output.

    Keras hands out the weights of an `.h5` in this order, whatever the names say.
    """
    by_name = {layer.name: layer for layer in layers}
    met: dict[str, int] = {}
    waiting = [output]
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in met:
            met[name] = len(met)
            waiting += reversed(by_name[name].inputs)
    depth = dict.fromkeys(by_name, 0)
    for layer in reversed(layers):  # users come after what they use, so a layer's depth is final when met
        for name in layer.inputs:
            if name in depth:
                depth[name] = max(depth[name], depth[layer.name] + 1)
    return sorted(layers, key=lambda layer: (-depth[layer.name], met[layer.name]))


def refuse(operation: Operation, why: str) -> HundredError:
    """The error for an operation that Keras has no layers for."""
    return HundredError(f"the layer {operation.name} cannot be written for Keras: {why}")
