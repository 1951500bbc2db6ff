"""Weights without a model: Keras' published weight files, by the names of their layers."""

from pathlib import Path

import numpy as np
from torch import nn

from hundred.errors import HundredError, UsageError
from hundred.interchange.hdf5.reader import Group, opened
from hundred.interchange.read.settings import shown, shown_path
from hundred.interchange.read.weights.requests import Array
from hundred.interchange.write.graph import written_name


def read_weights_file(path: Path | str) -> dict[str, dict[str, Array]]:
    """Weights in a legacy Keras `.h5`, of weights alone or of a model: layer to weight name to array.

    Names are as Keras gives them: `kernel`, `bias`, `gamma`, `beta`, `moving_mean`, `moving_variance`; arrays
    are float32 in Keras' order of dimensions. Layers without weights are left out.

    Raises HundredError where the file is none or is damaged.
    """
    path = Path(path)
    if not path.is_file():
        raise HundredError(f"{shown_path(path)}: no such file")
    found: dict[str, dict[str, Array]] = {}
    with opened(path, path.name) as root:
        group = root.group("model_weights") if root.has("model_weights") else root
        for layer in _layer_names(group, path.name):
            inner = group.group(layer)
            for name in inner.names("weight_names") or []:
                parts = name.split(":")[0].split("/")
                # A nested model's weights come under their own layer's name.
                owner = parts[-2] if len(parts) > 1 else layer
                found.setdefault(owner, {})[parts[-1]] = inner.dataset(name).read()
    return found


def _layer_names(group: Group, name: str) -> list[str]:
    names = group.names("layer_names")
    if names is None:
        raise HundredError(f"{name}: no Keras weights file (it has no layer_names)")
    return names


def load_weights(network: nn.Module, path: Path | str) -> list[str]:
    """Put the weights of a Keras `.h5` into the layers of `network` of the same names; give these names.

    A layer of the network is matched by the last part of its name (`backbone.conv1_conv` takes `conv1_conv`),
    and may miss in the file (a new head), or have another shape there, which leaves its own weights. A file
    that Hundred wrote of the same network matches by whole names.

    Raises UsageError where no layer matches at all, HundredError for a file that is none or damaged.
    """
    weights = read_weights_file(path)
    taken = []
    for name, layer in network.named_modules():
        kind = _kind(layer)
        keys = [key for key in (written_name(name), name.rpartition(".")[2]) if key in weights]
        if kind and keys and _put(layer, kind, weights[keys[0]]):
            taken.append(name)
    if not taken:
        known = ", ".join(shown(layer) for layer in list(weights)[:3])
        raise UsageError(
            f"{shown_path(path)}: none of its layers ({known}, ...) has name and shape of one of this network"
        )
    return taken


def load_resnet50_imagenet(network: nn.Module, path: Path | str) -> None:
    """Put Keras' `resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5` into a network with Keras' names.

    Raises HundredError naming the first layer of the file that the network lacks or has in another shape.
    """
    taken = {name.rpartition(".")[2] for name in load_weights(network, path)}
    for layer in read_weights_file(path):
        if layer not in taken:
            raise HundredError(f"{shown_path(path)}: layer {shown(layer)} does not fit this network")


def _kind(layer: nn.Module) -> dict[str, str]:
    """Keras' name of each parameter of `layer`, or {} where it has none that a file could bring."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        return {"kernel": "weight"} | ({"bias": "bias"} if layer.bias is not None else {})
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and layer.affine:
        return {
            "gamma": "weight",
            "beta": "bias",
            "moving_mean": "running_mean",
            "moving_variance": "running_var",
        }
    return {}


def _put(layer: nn.Module, names: dict[str, str], arrays: dict[str, Array]) -> bool:
    """Copy `arrays` into `layer` if all that it needs is there in the right shape."""
    import torch

    depthwise = isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1
    if "depthwise_kernel" in arrays:
        arrays = {**arrays, "kernel": arrays["depthwise_kernel"]}
    values = {}
    for keras_name, torch_name in names.items():
        if keras_name not in arrays:
            return False
        array = arrays[keras_name]
        if keras_name == "kernel" and depthwise and array.ndim == 4:  # rows, columns, channels, multiplier
            array = array.transpose(2, 3, 0, 1).reshape(-1, 1, *array.shape[:2])
        elif keras_name == "kernel":
            array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
        if tuple(array.shape) != tuple(getattr(layer, torch_name).shape):
            return False
        values[torch_name] = np.ascontiguousarray(array)
    with torch.no_grad():
        for torch_name, array in values.items():
            getattr(layer, torch_name).copy_(torch.from_numpy(array))
    return True
