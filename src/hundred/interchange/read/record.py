"""What Hundred recorded in a file that it wrote, believed where the layers bear it out."""

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from hundred.errors import HundredError, UsageError
from hundred.interchange.read.layers.images import (
    Crop2d,
    GraphModule,
    Rescale,
    ReverseChannels,
    Standardize,
)
from hundred.interchange.read.layers.tensors import Slice
from hundred.interchange.read.settings import shown


def our_details(
    record: dict[str, Any], network: nn.Module, scale: str | None, classes: int
) -> dict[str, Any] | None:
    """Arguments of `Model` for our own file, its normalization taken off; None where the layers contradict.

    Raises UsageError for a `scale` that contradicts the record.
    """
    names = record.get("class_names")
    if isinstance(names, list) and all(isinstance(name, str) for name in names) and len(names) == classes:
        class_names = tuple(shown(name) for name in names)
    else:
        class_names = None
    first = first_layer(network)
    recorded = record.get("input_scale")
    if recorded != "0-255" or not isinstance(first, Standardize | Rescale):
        return None
    if scale not in (None, recorded):
        raise UsageError(
            f"this file was written by Hundred and takes pixels from 0 to 255: leave out scale={scale!r}"
        )
    if isinstance(first, Standardize):
        mean, std = first.mean / 255, first.std / 255
    else:
        std = 1 / (first.scale * 255)
        mean = -first.offset * std
    mean, std = mean.reshape(-1).expand(3), std.reshape(-1).expand(3)
    # The layer keeps 255 times these, rounded; the record has the numbers of the training.
    mean, std = _as_recorded(mean, record.get("mean")), _as_recorded(std, record.get("std"))
    metadata = record.get("metadata")
    return {
        "network": without_first(network),
        "mean": mean.tolist(),
        "std": std.tolist(),
        "normalized_inside": True,
        "input_scale": "0-255",
        "origin": "hundred",
        "class_names": class_names,
        "metadata": metadata if isinstance(metadata, dict) else {},
    }


def _as_recorded(measured: torch.Tensor, recorded: Any) -> torch.Tensor:
    """`recorded` where it is three numbers that agree with `measured` but for rounding, else `measured`."""
    if isinstance(recorded, list) and len(recorded) == 3 and all(type(item) is float for item in recorded):
        exact = torch.tensor(recorded, dtype=torch.float32)
        if torch.allclose(measured, exact, rtol=1e-4, atol=1e-6):
            return exact
    return measured


#: What moves pixels and leaves their values; random augmentation does nothing here.
_MOVES = (nn.Identity, nn.Upsample, nn.ZeroPad2d, Crop2d, Slice)


def rescales_pixels(network: nn.Module) -> bool:
    """Whether the network begins by bringing pixels from 0 to 255 to another scale itself, before or after it
    has resized, cut or padded the image."""
    first = first_layer(network, _MOVES)
    if isinstance(first, Rescale):
        return float(first.scale.abs().max()) < 0.02 or float(first.offset.abs().max()) > 2
    if isinstance(first, ReverseChannels):  # as the Caffe networks do, which then subtract means of pixels
        return True
    return isinstance(first, Standardize) and float(first.mean.max()) > 2


def first_layer(network: nn.Module, passed: tuple[type[nn.Module], ...] = (nn.Identity,)) -> nn.Module | None:
    """The layer that takes the input, through nested models and what is `passed` over, or None where several
    do."""
    if isinstance(network, nn.Sequential):
        children = [child for child in network if not _is_one(child, passed)]
        return first_layer(children[0], passed) if children else None
    if isinstance(network, GraphModule):
        return _first_of_graph(network, passed)
    return network


def _is_one(layer: nn.Module, passed: tuple[type[nn.Module], ...]) -> bool:
    """Whether `layer` is one of `passed`, or a chain of them."""
    chain = isinstance(layer, nn.Sequential) and all(_is_one(child, passed) for child in layer)
    return chain or isinstance(layer, passed)


def _first_of_graph(network: GraphModule, passed: tuple[type[nn.Module], ...]) -> nn.Module | None:
    value = 0
    while True:
        takers = [i for i, (_, taken) in enumerate(network.steps) if value in taken]
        layers = [network.get_submodule(network.steps[i][0]) for i in takers]
        if len(takers) == 1 and not _is_one(layers[0], passed):
            return first_layer(layers[0], passed)
        if len(takers) > 1:
            # Channels taken apart and stacked in another order, as keras.applications reverses them.
            places = tuple(i + 1 for i in takers)
            takers = [i for i, (_, taken) in enumerate(network.steps) if sorted(taken) == [*places]]
            if Slice not in passed or not all(isinstance(layer, Slice) for layer in layers):
                return None
        if len(takers) != 1:
            return None
        value = takers[0] + 1


def without_first(network: nn.Module) -> nn.Module:
    """The network without its first layer, which `first_layer` found at the outermost level."""
    if isinstance(network, nn.Sequential):
        return nn.Sequential(OrderedDict(list(network.named_children())[1:]))
    if isinstance(network, GraphModule):
        index = next(i for i, (_, taken) in enumerate(network.steps) if 0 in taken)
        return network.without_step(index)
    raise HundredError("the normalization that the file records is missing")
