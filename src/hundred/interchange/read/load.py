"""hundred.load: any Keras file as a model that predicts, native wherever its layers allow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hundred.errors import HundredError, UsageError
from hundred.interchange.read.archive import Archive, open_archive
from hundred.interchange.read.assemble import Assembly, assemble, fill
from hundred.interchange.read.layers import GraphModule, Rescale, Standardize
from hundred.interchange.read.model import LoadedModel, Model, require_image_input, scale_constants
from hundred.interchange.read.settings import CustomObject, NotNative, shown
from hundred.interchange.read.wiring import (
    MODELS,
    ModelWiring,
    SeveralEnds,
    read_wiring,
    works_channels_first,
)


def load(
    path: Path | str,
    *,
    scale: str | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    allow_lambda: bool = False,
) -> LoadedModel:
    """Open a model file: Hundred's own, or anyone's Keras `.h5` (Keras 2 and 3) or `.keras`.

    scale: how the file wants its pixels: "0-1" (the default for foreign files), "0-255" or "standard"
        (CIFAR-100's mean and deviation). Our own files record theirs.
    custom_objects: classes and functions by name, for a file with layers that are not Keras' own. Such a
        file, and one with a layer that cannot be turned native, runs through Keras; `notes` says why.
    allow_lambda: let Lambda layers run the code in the file. Only for files whose author you trust.

    Nothing in the file is executed otherwise. Raises HundredError with one line for whatever is wrong.
    """
    path = Path(path)
    if scale is not None:
        scale_constants(scale)  # an unknown scale is refused before the file is read
    try:
        with open_archive(path) as archive:
            return _load(path, archive, scale, dict(custom_objects or {}), allow_lambda)
    except HundredError as error:
        if str(error).startswith((path.name, str(path))) or isinstance(error, UsageError):
            raise
        raise HundredError(f"{path.name}: {error}") from None
    except RecursionError:
        raise HundredError(f"{path.name}: nested too deep") from None
    except MemoryError:
        raise HundredError(f"{path.name}: this machine has not enough memory for it") from None


def _load(
    path: Path, archive: Archive, scale: str | None, custom_objects: dict[str, Any], allow_lambda: bool
) -> LoadedModel:
    if has_lambda(archive.config) and not allow_lambda:
        raise HundredError(
            "has a Lambda layer, which is code inside the file; "
            "it is only run with allow_lambda=True, for files you trust"
        )
    try:
        return _native(archive, scale)
    except NotNative as reason:
        why = reason
    if isinstance(why, CustomObject) and why.custom not in custom_objects:
        raise HundredError(
            f"{why}: pass it, as in hundred.load(path, custom_objects={{{shown(why.custom)!r}: ...}})"
        )
    from hundred.interchange.read.through_keras import load_through_keras

    return load_through_keras(
        path, archive, why, scale=scale, custom_objects=custom_objects, allow_lambda=allow_lambda
    )


def _native(archive: Archive, scale: str | None) -> Model:
    wiring = _wiring(archive)
    first = works_channels_first(archive.config)
    input_shape = require_image_input(wiring.input_shape, archive.name, first)
    assembly = Assembly(archive.version, archive.backend, first)
    if wiring.input_shape is not None and None in wiring.input_shape:
        assembly.notes.append(f"the file takes images of any size: {input_shape[0]}x{input_shape[1]} is used")
    built = assemble(assembly, wiring, input_shape)
    if len(built.shape) != 1:
        raise HundredError(f"gives {list(built.shape)} for an image, no vector of classes")
    parameters = fill(assembly, archive.weights)
    network, softmax = without_softmax(built.network)
    details: dict[str, Any] = {
        "softmax": softmax,
        "input_shape": input_shape,
        "channels_first": first,
        "parameters": parameters,
        "largest_map": assembly.largest,
        "rows": assembly.rows,
    }
    if archive.ours is not None:
        ours = _our_details(archive, network, scale, built.shape[0])
        if ours is not None:
            return Model(**ours, **details, notes=assembly.notes)
    if input_shape[2] != 3:
        assembly.notes.append(f"the model takes images of {input_shape[2]} channels")
    mean, std = scale_constants(scale or "0-1")
    assembly.notes += scale_notes(network, scale)
    return Model(
        network,
        mean=mean[: input_shape[2]],
        std=std[: input_shape[2]],
        normalized_inside=False,
        input_scale=scale or "0-1",
        origin="keras",
        **details,
        notes=assembly.notes,
    )


def _wiring(archive: Archive) -> ModelWiring:
    name = archive.config["class_name"]
    if name not in MODELS:
        raise CustomObject("the model", name, "is a class of its author's own", name)
    try:
        return read_wiring(name, archive.config["config"], archive.version)
    except SeveralEnds as several:
        raise HundredError(
            f"the model {shown(several.layer)} {several.reason}, and can only be tested with one input "
            "and one output: save keras.Model(model.inputs[0], model.outputs[0])"
        ) from None


def _our_details(
    archive: Archive, network: nn.Module, scale: str | None, classes: int
) -> dict[str, Any] | None:
    """What Hundred recorded when it wrote the file, with the normalization at the beginning taken off."""
    record = archive.ours or {}
    names = record.get("class_names")
    if isinstance(names, list) and all(isinstance(name, str) for name in names) and len(names) == classes:
        class_names = tuple(shown(name) for name in names)
    else:
        class_names = None
    first = first_layer(network)
    recorded = record.get("input_scale")
    if recorded != "0-255" or not isinstance(first, Standardize | Rescale):
        return None  # the layers do not confirm the record: ignore it
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
    mean, std = _as_written(mean, record.get("mean")), _as_written(std, record.get("std"))
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


def _as_written(measured: torch.Tensor, recorded: Any) -> torch.Tensor:
    """`recorded` where it is three numbers that agree with `measured` but for rounding, else `measured`."""
    if isinstance(recorded, list) and len(recorded) == 3 and all(type(item) is float for item in recorded):
        exact = torch.tensor(recorded, dtype=torch.float32)
        if torch.allclose(measured, exact, rtol=1e-4, atol=1e-6):
            return exact
    return measured


def has_lambda(config: Any) -> bool:
    """Whether there is a Lambda layer or pickled code anywhere in `config`."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if item.get("class_name") in ("Lambda", "__lambda__") or "__lambda__" in item:
                return True
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return False


def scale_notes(network: nn.Module, scale: str | None) -> list[str]:
    """Note where a foreign file normalizes its input itself and the user gave no scale; else none."""
    first = first_layer(network)
    if scale is not None:
        return []
    if isinstance(first, Rescale):
        own = float(first.scale.max()) < 0.02
    else:
        own = isinstance(first, Standardize) and float(first.mean.max()) > 2
    return ["the file scales pixels from 0 to 255 itself: it probably wants --scale 0-255"] if own else []


def first_layer(network: nn.Module) -> nn.Module | None:
    """The layer that takes the input, through nested models, or None where several do."""
    if isinstance(network, nn.Sequential):
        children = [child for child in network if not isinstance(child, nn.Identity)]
        return first_layer(children[0]) if children else None
    if isinstance(network, GraphModule):
        takers = [name for name, taken in network.steps if 0 in taken]
        return first_layer(network.get_submodule(takers[0])) if len(takers) == 1 else None
    return network


def without_first(network: nn.Module) -> nn.Module:
    """The network without its first layer, which `first_layer` found at the outermost level."""
    if isinstance(network, nn.Sequential):
        children = list(network.named_children())
        return _sequential(children[1:])
    if isinstance(network, GraphModule):
        index = next(i for i, (_, taken) in enumerate(network.steps) if 0 in taken)
        return network.without_step(index)
    raise HundredError("the normalization that the file records is missing")


def without_softmax(network: nn.Module) -> tuple[nn.Module, bool]:
    """The network without a softmax at its end, through nested models, and whether there was one."""
    if isinstance(network, nn.Sequential):
        children = list(network.named_children())
        if children and isinstance(children[-1][1], nn.Softmax):
            return _sequential(children[:-1]), True
        if children and isinstance(children[-1][1], nn.Sequential | GraphModule):
            inner, found = without_softmax(children[-1][1])
            if found:
                return _sequential([*children[:-1], (children[-1][0], inner)]), True
    elif isinstance(network, GraphModule) and network.steps and network.output == len(network.steps):
        name, taken = network.steps[-1]
        last = network.get_submodule(name)
        used_once = sum(step == name for step, _ in network.steps) == 1
        if isinstance(last, nn.Softmax) and used_once:
            layers = {key: layer for key, layer in network.named_children() if key != name}
            return GraphModule(layers, network.steps[:-1], taken[0]), True
        if isinstance(last, nn.Sequential | GraphModule) and used_once:
            inner, found = without_softmax(last)
            if found:
                layers = {**dict(network.named_children()), name: inner}
                return GraphModule(layers, network.steps, network.output), True
    return network, False


def _sequential(children: list[tuple[str, nn.Module]]) -> nn.Sequential:
    from collections import OrderedDict

    return nn.Sequential(OrderedDict(children))
