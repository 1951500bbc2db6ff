"""Weights that a network starts from: a Hundred or Keras `.h5`, or Keras' published ImageNet weights."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hundred.errors import UsageError
from hundred.interchange.read.weights_file import load_resnet50_imagenet, load_weights, read_weights_file
from hundred.models.summary import evaluating

IMAGENET = "imagenet"
# Keras' own name for the file and the place of it (keras/src/applications/resnet.py).
IMAGENET_FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
IMAGENET_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{IMAGENET_FILE}"
IMAGENET_LAYER = "conv1_conv"  # in the published file, and in no file that Hundred writes


def load_pretrained(network: nn.Module, model: str, weights: str, image_size: int = 32) -> None:
    """Put the file `weights` into `network`, the model of that name.

    weights: a path, or `imagenet` for Keras' published file of ResNet-50 where Keras keeps it. A published
    file must fill the whole backbone; of another file, the layers with the same names and shapes are taken.

    Raises UsageError where there is no such file or none of its layers fits, HundredError where it is damaged
    or a published file does not fit.
    """
    path = published_weights(model) if weights == IMAGENET else Path(weights).expanduser()
    if not path.is_file():
        raise UsageError(f"model.weights = {weights!r}: there is no such file")
    if model == "resnet50" and IMAGENET_LAYER in read_weights_file(path):
        load_resnet50_imagenet(network, path)
    else:
        _turn_flattened(network, load_weights(network, path), image_size)


def check_frozen(model: str, options: dict[str, int | float | str | bool], weights: str) -> None:
    """Raise UsageError where layers would be frozen at random weights."""
    if options.get("freeze", "none") != "none" and not weights:
        raise UsageError(
            f"model.freeze = {options['freeze']!r} would keep the random weights of {model} as they are\n"
            "say where its weights come from with --set model.weights=PATH, or set model.freeze=none"
        )


def published_weights(model: str) -> Path:
    """Where Keras keeps the ImageNet weights of `model`. Raises UsageError where they are not there."""
    if model != "resnet50":
        raise UsageError(f"model.weights = 'imagenet' is for resnet50, not {model}: give the path of a file")
    place = Path(os.environ.get("KERAS_HOME", "~/.keras")) / "models" / IMAGENET_FILE
    path = place.expanduser()
    if not path.is_file():
        raise UsageError(
            f"model.weights = 'imagenet': Keras' weights are not at {place}\n"
            f"fetch {IMAGENET_URL} and give its path with --set model.weights=PATH"
        )
    return path


def _turn_flattened(network: nn.Module, taken: list[str], image_size: int) -> None:
    """Reorder the inputs of dense layers in `taken` that follow a Flatten layer.

    Keras flattens [height, width, channels] and torch [channels, height, width], so such a layer's weights
    stand in another order in the file. The networks here flatten with `nn.Flatten`, nothing else.
    """
    for name, layer, (channels, height, width) in _dense_after_flatten(network, image_size):
        if name in taken and layer.in_features == channels * height * width:
            with torch.no_grad():
                by_place = layer.weight.view(-1, height, width, channels)  # [out, height, width, channels]
                layer.weight.copy_(by_place.permute(0, 3, 1, 2).reshape(len(layer.weight), -1))


def _dense_after_flatten(
    network: nn.Module, image_size: int
) -> Iterator[tuple[str, nn.Linear, tuple[int, int, int]]]:
    """Each dense layer whose input a Flatten made of more than one place: name, layer, shape before."""
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def see(layer: nn.Module, inputs: tuple[Any, ...], _output: Any) -> None:
        shapes[layer] = tuple(inputs[0].shape[1:])

    flattens = [layer for layer in network.modules() if isinstance(layer, nn.Flatten)]
    hooks = [layer.register_forward_hook(see) for layer in flattens]
    try:
        with evaluating(network), torch.no_grad():
            network(torch.zeros(1, 3, image_size, image_size))
    finally:
        for hook in hooks:
            hook.remove()
    before: tuple[int, ...] = ()
    for name, layer in network.named_modules():
        if layer in shapes:
            before = shapes[layer]
        elif isinstance(layer, nn.Linear):
            if len(before) == 3 and before[1] * before[2] > 1:
                yield name, layer, (before[0], before[1], before[2])
            before = ()
