"""hundred.load: any Keras file as a model that predicts, native wherever its layers allow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hundred.errors import HundredError, UsageError
from hundred.interchange.read import ends
from hundred.interchange.read.archive import Archive, open_archive
from hundred.interchange.read.assemble import Assembly, assemble, fill
from hundred.interchange.read.custom import custom_names, has_lambda, refuse_recurrent
from hundred.interchange.read.model import LoadedModel, Model, require_image_input
from hundred.interchange.read.options import LoadOptions
from hundred.interchange.read.record import our_details, rescales_pixels
from hundred.interchange.read.scale import SCALES, scale_of
from hundred.interchange.read.settings import CustomObject, NotNative, listed, shown
from hundred.interchange.read.wiring import (
    MODELS,
    ModelWiring,
    SeveralEnds,
    read_wiring,
    works_channels_first,
)

#: Images on which the end of a network is confirmed.
_PROBES = 4


def load(
    path: Path | str,
    *,
    scale: str | None = None,
    output: str | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    allow_lambda: bool = False,
) -> LoadedModel:
    """Open a model file: Hundred's own, or anyone's Keras `.h5` (Keras 2 and 3) or `.keras`.

    scale: how the file wants its pixels: "0-1" (assumed for other people's files), "0-255", "-1..1" ("tf"),
        "caffe", "torch", "standard" (CIFAR-100's mean and deviation), or "mean,mean,mean/std,std,std". Files
        of Hundred record theirs, and files that begin by rescaling pixels take 0-255.
    output: the name of the output to use, for a file that has several.
    custom_objects: classes and functions by name, for a file with layers that are not Keras' own. Such a
        file, and one with a layer that cannot be turned native, runs through Keras; `notes` says why.
    allow_lambda: let Lambda layers run the code in the file. Only for files whose author you trust.

    Nothing in the file is executed otherwise. Raises HundredError with one line for whatever is wrong.
    """
    path = Path(path)
    if scale is not None:
        scale_of(scale)  # an unknown scale is refused before the file is read
    options = LoadOptions(scale, output, dict(custom_objects or {}), allow_lambda)
    try:
        with open_archive(path) as archive:
            return _load(path, archive, options)
    except HundredError as error:
        if str(error).startswith((path.name, str(path))) or isinstance(error, UsageError):
            raise
        raise HundredError(f"{path.name}: {error}") from None
    except RecursionError:
        raise HundredError(f"{path.name}: nested too deep") from None
    except MemoryError:
        raise HundredError(f"{path.name}: this machine has not enough memory for it") from None


def _load(path: Path, archive: Archive, options: LoadOptions) -> LoadedModel:
    if has_lambda(archive.config) and not options.allow_lambda:
        raise HundredError(
            "has a Lambda layer, which is code inside the file; "
            "it is only run with allow_lambda=True, for files you trust"
        )
    refuse_recurrent(archive.config)
    try:
        return _native(archive, options)
    except NotNative as reason:
        why = reason
    if isinstance(why, CustomObject):
        missing = [
            name
            for name in custom_names(archive.config, why, archive.version)
            if name not in options.custom_objects
        ]
        if missing:
            given = ", ".join(f"{shown(name)!r}: ..." for name in missing)
            raise HundredError(f"{why}: pass it, as in hundred.load(path, custom_objects={{{given}}})")
    from hundred.interchange.read.through_keras import load_through_keras

    return load_through_keras(path, archive, why, options)


def _native(archive: Archive, options: LoadOptions) -> Model:
    wiring = _wiring(archive)
    name = _chosen_output(wiring, options.output)
    first = works_channels_first(archive.config)
    input_shape = require_image_input(wiring.input_shape, archive.name, first)
    assembly = Assembly(archive.version, archive.backend, first, allow_lambda=options.allow_lambda)
    if wiring.input_shape is not None and None in wiring.input_shape:
        assembly.notes.append(f"the file takes images of any size: {input_shape[0]}x{input_shape[1]} is used")
    built = assemble(assembly, wiring, input_shape, output=name)
    if len(built.shape) != 1:
        raise HundredError(f"gives {list(built.shape)} for an image, no vector of classes")
    parameters = fill(assembly, archive.weights)
    network, end = _end(built.network, input_shape, assembly.notes)
    details: dict[str, Any] = {
        "end": end,
        "input_shape": input_shape,
        "channels_first": first,
        "parameters": parameters,
        "largest_map": assembly.largest,
        "rows": assembly.rows,
        "frozen": tuple(assembly.frozen),
        "classes": built.shape[0],
        "output_name": name,
    }
    if archive.ours is not None:
        ours = our_details(archive.ours, network, options.scale, built.shape[0])
        if ours is not None:
            return Model(**ours, **details, notes=assembly.notes)
    if input_shape[2] != 3:
        assembly.notes.append(f"the model takes images of {input_shape[2]} channels")
    class_name = archive.config["class_name"]
    if class_name not in MODELS:
        assembly.notes.append(f"the file's own class {shown(class_name)} is read as the model of its layers")
    return _scaled(network, options.scale, details, assembly.notes)


def _scaled(network: nn.Module, scale: str | None, details: dict[str, Any], notes: list[str]) -> Model:
    """A file that Hundred did not write, in the scale that is given, or that its own layers show."""
    rescales = scale is None and rescales_pixels(network)
    if rescales:
        notes.append(
            "the file rescales pixels itself: it gets them as they are, from 0 to 255 (--scale 0-255)"
        )
    plain, channels = SCALES["0-1"], details["input_shape"][2]
    model = Model(
        network,
        mean=plain.mean[:channels],
        std=plain.std[:channels],
        normalized_inside=False,
        input_scale=plain.name,
        scale_from="assumed",
        origin="keras",
        **details,
        notes=notes,
    )
    if scale is None and not rescales:
        return model
    return model.with_scale(scale or "0-255", "layers" if rescales else "given")


def _end(network: nn.Module, shape: tuple[int, int, int], notes: list[str]) -> tuple[nn.Module, str]:
    """The network without its end, and which; see `ends`."""
    body, end = ends.split_end(network)
    if end in (ends.SOFTMAX, ends.SIGMOID, ends.LOGITS):
        return body, end
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(_PROBES, shape[2], shape[0], shape[1], generator=draw)
    try:
        with torch.inference_mode():
            end, note = ends.confirmed_end(end, network.eval()(images))
    except RuntimeError as error:  # layers that do not fit together in a way that no shape shows
        raise HundredError(f"cannot be run: {shown(str(error), 200)}") from None
    notes += [note] if note else []
    return network, end


def _chosen_output(wiring: ModelWiring, output: str | None) -> str:
    names = list(wiring.outputs)
    if output is not None and output not in names:
        raise UsageError(f"--output {output}: the file's outputs are {listed(names)}")
    if output is None and len(names) > 1:
        raise HundredError(f"has {len(names)} outputs: choose one of {listed(names)} with --output NAME")
    return names[0] if output is None else output


def _wiring(archive: Archive) -> ModelWiring:
    name = archive.config["class_name"]
    if name not in MODELS and not isinstance(archive.config["config"].get("layers"), list):
        raise CustomObject("the model", name, "is its author's own class, without a list of layers", name)
    try:
        return read_wiring(name, archive.config["config"], archive.version)
    except SeveralEnds as several:
        raise HundredError(
            f"the model {shown(several.layer)} {several.reason}, and one is taken here: "
            "save keras.Model(model.inputs[0], ...) of the part that takes images"
        ) from None
