"""Changes to a graph before it is written: its end, its normalization, the order in which it flattens."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hundred.interchange.write.graph import Array, Graph, Operation

#: Operations on features that do the same to each, so that a change of their order passes through.
_ELEMENTWISE = ("activation", "dropout", "norm", "rescale", "standardize", "prelu")


def set_end(graph: Graph, softmax: bool) -> None:
    """Let the graph end in a softmax, or not, whatever the network did."""
    last = next((operation for operation in graph.operations if operation.name == graph.output), None)
    ends_so = last is not None and last.kind == "softmax"
    if softmax and last is not None and last.kind == "log":
        # The logarithm of probabilities, in a softmax, is the probabilities.
        graph.operations.remove(last)
        graph.output = last.inputs[0]
        return
    if softmax and not ends_so:
        graph.output = graph.add("softmax", [graph.output], hint="probabilities")
    if not softmax and ends_so and last is not None and not graph.users(last.name):
        graph.operations.remove(last)
        graph.output = last.inputs[0]


def put_normalization(graph: Graph, mean: Sequence[float], std: Sequence[float]) -> None:
    """Let the graph take raw pixels from 0 to 255; `mean` and `std` are in 0..1 units."""
    means, stds = np.asarray(mean, np.float64) * 255, np.asarray(std, np.float64) * 255
    plain = not means.any() and len(set(stds.tolist())) == 1
    # One factor for all channels needs no list, and a plain Rescaling is easier to recognize.
    first = (
        Operation(
            "rescaling", "rescale", [graph.input], graph.shape, {}, _arrays(scale=1 / stds[0], offset=0.0)
        )
        if plain
        else Operation(
            "normalization", "standardize", [graph.input], graph.shape, {}, _arrays(mean=means, std=stds)
        )
    )
    taken = {operation.name for operation in graph.operations}
    while first.name in taken:
        first.name += "_"
    for operation in graph.operations:
        operation.inputs = [first.name if name == graph.input else name for name in operation.inputs]
    if graph.output == graph.input:
        graph.output = first.name
    graph.operations.insert(0, first)


def _arrays(**values: Any) -> dict[str, Array]:
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def flatten_channels_last(graph: Graph) -> None:
    """Give every Flatten Keras' order where the linear layers behind it can take that up in their columns.

    torch counts a feature map as channel, row, column; Keras as row, column, channel. Where something else
    than a linear layer meets the features, the order stays, and a writer must permute.
    """
    for operation in graph.operations:
        if operation.kind == "flatten" and operation.settings["order"] == "channels-first":
            _reorder(graph, operation)


def _reorder(graph: Graph, flatten: Operation) -> None:
    channels, rows, columns = next(
        (each.shape for each in graph.operations if each.name == flatten.inputs[0]), graph.shape
    )
    between: list[Operation] = []
    linear: list[Operation] = []
    waiting = [flatten]
    while waiting:
        here = waiting.pop()
        users = graph.users(here.name)
        if here.name == graph.output or not users:
            return
        for user in users:
            if user.kind == "linear":
                linear.append(user)
            elif user.kind in _ELEMENTWISE:
                between.append(user)
                waiting.append(user)
            else:
                return
    # Place j in Keras' order is place order[j] in torch's.
    order = (
        np.arange(channels * rows * columns).reshape(channels, rows, columns).transpose(1, 2, 0).reshape(-1)
    )
    for operation in between:
        operation.weights = {
            name: array[order] if array.ndim else array for name, array in operation.weights.items()
        }
    for operation in linear:
        operation.weights["weight"] = np.ascontiguousarray(operation.weights["weight"][:, order])
    flatten.settings["order"] = "channels-last"


def shorten(graph: Graph) -> None:
    """Fold a flatten into the global pooling before it, and drop a second flatten."""
    made = {operation.name: operation for operation in graph.operations}
    for operation in list(graph.operations):
        if operation.kind != "flatten":
            continue
        before = made.get(operation.inputs[0])
        if before is not None and before.kind == "global_pool" and len(graph.users(before.name)) == 1:
            before.settings["keepdims"] = False
            before.shape = operation.shape
            graph.operations.remove(operation)
            for user in graph.users(operation.name):
                user.inputs = [before.name if name == operation.name else name for name in user.inputs]
            if graph.output == operation.name:
                graph.output = before.name


def drop_unused(graph: Graph) -> None:
    """Take out what does not lead to the output: neither Keras nor ONNX accepts unused operations."""
    needed = {graph.output}
    for operation in reversed(graph.operations):
        if operation.name in needed:
            needed.update(operation.inputs)
    graph.operations[:] = [operation for operation in graph.operations if operation.name in needed]
