"""ONNX nodes and constants under construction."""

from collections.abc import Callable
from typing import Any

import numpy as np

from hundred.interchange.write.graph import Graph, Operation


class OnnxGraph:
    """Nodes and constants under construction."""

    def __init__(self, graph: Graph, lowerings: "dict[str, Lower]") -> None:
        """`lowerings`: for each kind of operation, the function that turns it into nodes."""
        import onnx

        self.onnx = onnx
        self.graph, self._lowerings = graph, lowerings
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._values: dict[str, str] = {}
        self._names: set[str] = {graph.input}

    def constant(self, values: Any, name: str, kind: Any = np.float32) -> str:
        """Keep an array; give its name."""
        name = self._free(name)
        self.constants.append(
            self.onnx.numpy_helper.from_array(np.ascontiguousarray(values, dtype=kind), name)
        )
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Append a node with one output; give its name."""
        output = self._free(name)
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def _free(self, name: str) -> str:
        while name in self._names:
            name += "_"
        self._names.add(name)
        return name

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a value on the graph, without the batch."""
        return next((o.shape for o in self.graph.operations if o.name == name), self.graph.shape)

    def value(self, name: str) -> str:
        """The name in ONNX of a value on the graph."""
        return self._values[name]

    def fill(self) -> str:
        """Write the whole graph; give the name of the output value."""
        self._values[self.graph.input] = self.node(
            "Transpose", [self.graph.input], "channels_first", perm=[0, 3, 1, 2]
        )
        for operation in self.graph.operations:
            inputs = [self._values[name] for name in operation.inputs]
            self._values[operation.name] = self._lowerings[operation.kind](self, operation, inputs)
        return self._values[self.graph.output]


Lower = Callable[[OnnxGraph, Operation, list[str]], str]
