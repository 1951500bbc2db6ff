"""What a network contains and costs: parameters, layers with their output shapes, operations."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.flop_counter import FlopCounterMode

CIFAR_SHAPE = (3, 32, 32)
CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class LayerRow:
    """One layer, in the order of the forward pass.

    name: its dotted path in the network, as in `named_modules`.
    kind: its class, such as `Conv2d`.
    output_shape: of one image, without the batch, such as (64, 30, 30); None where the layer was never called
        or returns something else than one tensor.
    parameters: weights and moving statistics; 0 where an earlier row has counted them (a layer used twice).
    """

    name: str
    kind: str
    output_shape: tuple[int, ...] | None
    parameters: int


def count_parameters(network: nn.Module) -> int:
    """All parameters as Keras counts them: weights, frozen ones too, and batch norm's moving statistics.

    A weight shared by several layers counts once.
    """
    return sum(weight.numel() for weight in network.parameters()) + sum(
        _moving_statistics(layer) for layer in network.modules()
    )


def trainable_parameters(network: nn.Module) -> int:
    """The parameters that training changes by gradient: those with `requires_grad`."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


def summarize(network: nn.Module, input_shape: tuple[int, ...] = CIFAR_SHAPE) -> list[LayerRow]:
    """The layers of `network`, in the order in which one image of `input_shape` passes through them.

    Layers are modules of torch.nn, and modules of any kind that have no children. What a forward method does
    by functions (an addition, a mean) is not a module and has no row. The parameters of all rows add up to
    `count_parameters`. The network runs once in evaluation mode on zeros, without gradients, and is left in
    the mode it was in.
    """
    layers = {layer: name for name, layer in reversed(list(_layers(network)))}  # first name of a shared layer
    counted: set[int] = set()
    rows: list[LayerRow] = []
    called: set[str] = set()

    def see(name: str, layer: nn.Module, _inputs: Any, output: Any) -> None:
        shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else None
        rows.append(LayerRow(name, type(layer).__name__, shape, _count_once(layer, counted)))
        called.add(name)

    hooks = [layer.register_forward_hook(partial(see, name)) for layer, name in layers.items()]
    try:
        _run_once(network, input_shape)
    finally:
        for hook in hooks:
            hook.remove()
    # What the forward pass skipped, then modules with weights of their own beside those of their children.
    for name, layer in [*_layers(network), *reversed(list(network.named_modules()))]:
        if name not in called and (parameters := _count_once(layer, counted)):
            rows.append(LayerRow(name, type(layer).__name__, None, parameters))
    return rows


def count_flops(network: nn.Module, input_shape: tuple[int, ...] = CIFAR_SHAPE) -> int:
    """Floating-point operations of one image's forward pass: two for each multiply-add.

    Counts convolutions and matrix products (dense layers, attention); the rest is small beside them.
    """
    counter = FlopCounterMode(display=False)
    with counter:
        _run_once(network, input_shape)
    return int(counter.get_total_flops())


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, and afterwards the mode that each module was in before."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _run_once(network: nn.Module, input_shape: tuple[int, ...]) -> None:
    """One forward pass of zeros [1, *input_shape] with the device and number type of the weights."""
    like = next(network.parameters(), torch.empty(0))
    with evaluating(network), torch.no_grad():
        network(torch.zeros(1, *input_shape, device=like.device, dtype=like.dtype))


def _layers(network: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules that make a row: torch.nn's own as one piece each, others where they have no children."""
    of_torch = type(network).__module__.startswith("torch.nn.") and not isinstance(network, CONTAINERS)
    children = list(network.named_children())
    if of_torch or not children:
        if not isinstance(network, CONTAINERS):
            yield name, network
        return
    for child_name, child in children:
        yield from _layers(child, f"{name}.{child_name}" if name else child_name)


def _count_once(layer: nn.Module, counted: set[int]) -> int:
    """The parameters in `layer` that are not yet in `counted`, which then holds them."""
    total = 0
    for weight in layer.parameters():
        if id(weight) not in counted:
            counted.add(id(weight))
            total += weight.numel()
    for module in layer.modules():
        if id(module) not in counted:
            counted.add(id(module))
            total += _moving_statistics(module)
    return total


def _moving_statistics(layer: nn.Module) -> int:
    """Numbers in the moving mean and variance of a batch-norm layer; 0 for any other layer."""
    if not isinstance(layer, _BatchNorm):
        return 0
    return sum(kept.numel() for kept in (layer.running_mean, layer.running_var) if kept is not None)
