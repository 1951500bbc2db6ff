"""From a torch network to a graph: torch.fx gives the graph, one run on zeros the shapes."""

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn

from hundred.errors import HundredError
from hundred.interchange.write.graph import Graph, written_name
from hundred.interchange.write.op_call import Handler, OpCall, Unknown, Value
from hundred.interchange.write.trace_functions import FUNCTIONS, METHODS
from hundred.interchange.write.trace_modules import MODULES
from hundred.interchange.write.trace_weighted import WEIGHTED


class _Tracer(fx.Tracer):
    """torch.fx's tracer, which keeps our own building blocks whole as it keeps torch.nn's."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MODULES or super().is_leaf_module(m, module_qualified_name)


class _Run(fx.Interpreter):
    """Run the graph once. What depends on the images leaves its shape, everything else its value."""

    def __init__(self, network: nn.Module, fx_graph: fx.Graph) -> None:
        # Without a GraphModule: each one compiles its graph, and torch keeps that source for good.
        super().__init__(network, graph=fx_graph)
        self.shapes: dict[fx.Node, tuple[int, ...]] = {}
        self.constants: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        from_images = n.op == "placeholder" or any(known in self.shapes for known in n.all_input_nodes)
        if from_images and isinstance(value, Tensor):
            self.shapes[n] = tuple(value.shape)
        else:
            self.constants[n] = value
        return value


def trace_graph(network: nn.Module, image_size: tuple[int, int] = (32, 32), channels: int = 3) -> Graph:
    """The operations of `network` in evaluation mode; it takes float [n, channels, rows, columns].

    Raises HundredError with one line that names the layer or function that the file formats do not have.
    """
    network = getattr(network, "_orig_mod", network)  # torch.compile's wrapper
    if isinstance(network, nn.DataParallel | nn.parallel.DistributedDataParallel):
        network = network.module
    try:
        network = copy.deepcopy(network).cpu().float().eval()
        fx_graph = _Tracer().trace(network)
    except Exception as error:
        raise HundredError(
            f"the network cannot be exported: torch.fx cannot trace it ({_line(error)})"
        ) from error
    run = _Run(network, fx_graph)
    with torch.no_grad():
        try:
            # Two images, so that squeeze() and the like cannot lose the batch.
            run.run(torch.zeros(2, channels, *image_size))
        except Exception as error:
            raise HundredError(
                f"the network cannot be exported: it fails on images of {image_size[0]}x{image_size[1]} "
                f"({_line(error)})"
            ) from error
    return _record(network, fx_graph, run, (channels, *image_size))


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:150]


def _record(network: nn.Module, fx_graph: fx.Graph, run: _Run, shape: tuple[int, ...]) -> Graph:
    graph = Graph(shape)
    values: dict[fx.Node, str] = {}
    for node in fx_graph.nodes:
        if node.op == "placeholder":
            values[node] = graph.input
        elif node.op == "output":
            result = node.args[0]
            if not isinstance(result, fx.Node) or result not in values:
                raise HundredError("the network cannot be exported: it does not give one tensor")
            graph.output = values[result]
        elif node in run.shapes:
            values[node] = _operation(graph, network, run, node, values)
    return graph


def _operation(graph: Graph, network: nn.Module, run: _Run, node: fx.Node, values: dict[fx.Node, str]) -> str:
    """Write one node of the graph down; give the name of its value."""

    def plain(item: Any) -> Any:
        if isinstance(item, fx.Node):
            return Value(values[item], run.shapes[item][1:]) if item in values else run.constants.get(item)
        if isinstance(item, list | tuple):
            return type(item)(plain(each) for each in item)
        return item

    layer = network.get_submodule(str(node.target)) if node.op == "call_module" else None
    handler: Handler | None
    if layer is not None:
        handler, where = MODULES.get(type(layer)), f"the layer {node.target} ({type(layer).__name__})"
        hint = str(node.target)
    else:
        table: dict[Any, Handler] = {**FUNCTIONS, **WEIGHTED} if node.op == "call_function" else METHODS
        handler = table.get(node.target)
        where = f"the function {getattr(node.target, '__name__', node.target)}"
        hint = node.name
    if handler is None:
        raise HundredError(
            f"the network cannot be exported: {where} has no counterpart in the files written here"
        )
    hint = written_name(hint)
    arguments = [plain(item) for item in node.args]
    named = {key: plain(value) for key, value in node.kwargs.items()}
    all_frozen = not any(parameter.requires_grad for parameter in network.parameters())
    own = [] if layer is None else list(layer.parameters())
    trainable = all_frozen or not own or any(parameter.requires_grad for parameter in own)
    try:
        return handler(OpCall(graph, arguments, named, run.shapes[node][1:], hint, layer, trainable))
    except Unknown as reason:
        raise HundredError(f"the network cannot be exported: {where} {reason}") from None
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise HundredError(
            f"the network cannot be exported: {where} is used in a way not known here"
        ) from error
