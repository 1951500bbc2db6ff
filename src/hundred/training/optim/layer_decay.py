"""Lower learning rates for lower layers (layer-wise decay: Clark et al. 2020; BEiT, Bao et al. 2022)."""

from collections.abc import Iterator

from torch import nn


def layer_scales(network: nn.Module, decay: float) -> dict[int, float]:
    """The factor on the learning rate by the id of each parameter: 1 for the last layer, `decay` for the one
    before, `decay` squared for the one before that.

    Layers are the parts that the network consists of (stages, where it has stages), in the order in which it
    defines them; a part without a weight of two dimensions or more (a norm) belongs to the one before it.
    """
    layers: list[list[nn.Module]] = []
    for part in _parts(network):
        if not layers or any(parameter.dim() > 1 for parameter in part.parameters()):
            layers.append([])
        layers[-1].append(part)
    return {
        id(parameter): decay ** (len(layers) - 1 - depth)
        for depth, layer in enumerate(layers)
        for part in layer
        for parameter in part.parameters()
    }


def _parts(network: nn.Module) -> Iterator[nn.Module]:
    """The children with parameters; of a child that is a container with one such child only, its children."""
    children = [child for child in network.children() if any(True for _ in child.parameters())]
    if not children:
        yield network
        return
    first, *_ = children
    for child in children:
        # A backbone beside its head: its own stages are the layers.
        own = [each for each in child.children() if any(True for _ in each.parameters())]
        if (child is first and len(children) <= 2 and len(own) > 1) or (len(children) == 1 and own):
            yield from _parts(child)
        else:
            yield child
