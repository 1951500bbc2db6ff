"""The network that a run starts from: built by its name, given by the user, or read from a saved model."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hundred.data.dataset import Dataset
from hundred.data.normalize import Normalize
from hundred.errors import HundredError, UsageError
from hundred.experiment.build.pretrained import check_frozen, load_pretrained
from hundred.files import expand_user
from hundred.formatting import plural
from hundred.models.foreign import runs_foreign_code
from hundred.models.head import replace_head
from hundred.models.registry import build, options
from hundred.models.summary import count_parameters, evaluating
from hundred.models.two_heads import TwoHeads, has_two_heads
from hundred.recipe.schema import ModelSection
from hundred.runs.layout import MODEL, is_run
from hundred.training.out_of_memory import is_out_of_memory

# `model.name = "file:/path/their.h5"`: the network is that of a saved model, to be trained further.
FILE = "file:"
SIDE = 32


@dataclass(frozen=True)
class Start:
    """A network before training, on the CPU, and the scaling of its input where a file defines it.

    notes: what a user should see when training begins.
    """

    network: nn.Module
    scaling: Normalize | None = None
    notes: tuple[str, ...] = ()


def starting_network(
    model: ModelSection,
    classes: int,
    given: nn.Module | Callable[[int], nn.Module] | None = None,
    image_size: int = SIDE,
) -> Start:
    """The network of a recipe's `[model]` table, or `given`; initialized by torch's generator.

    Raises UsageError for a name, option or network that does not fit, HundredError for a damaged file.
    """
    if given is not None:
        network = given if isinstance(given, nn.Module) else given(classes)
        return Start(_checked(network, classes, f"the network given from Python ({model.name})", image_size))
    if model.name.startswith(FILE):
        return _from_file(model, classes, image_size)
    check_frozen(model.name, model.options, model.weights)
    chosen: dict[str, Any] = model.options
    network = build(model.name, classes=classes, image_size=image_size, **chosen)
    if model.weights:
        load_pretrained(network, model.name, model.weights, image_size)
    return Start(network)


def check_sizes(network: nn.Module, name: str, sizes: Iterable[int], device: torch.device) -> None:
    """Try a network on each image side of `training.resolutions` (0 is as stored).

    Raises UsageError naming the first that it cannot take.
    """
    for size in sizes:
        images = torch.zeros(2, 3, size or SIDE, size or SIDE, device=device)
        try:
            with evaluating(network), torch.no_grad():
                network(images.contiguous(memory_format=torch.channels_last))
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise UsageError(
                f"training.resolutions has images of {size}x{size}, which {name} cannot take: "
                f"set training.resolutions=[] ({_in_one_line(error)})"
            ) from error


def describe_network(model: ModelSection, classes: int = 100) -> tuple[dict[str, Any], int | None]:
    """The options of a recipe's network with their defaults, and its number of parameters; ({}, None) where
    building it would run code that the recipe names.

    Raises UsageError and HundredError as `starting_network` does.
    """
    if model.name.startswith(FILE):
        return {}, count_parameters(starting_network(model, classes).network)
    if runs_foreign_code(model.name, model.options):
        return {}, None
    # On the meta device a network has shapes and no memory.
    with torch.device("meta"):
        chosen: dict[str, Any] = model.options
        network = build(model.name, classes=classes, **chosen)
    return options(model.name), count_parameters(network)


def table_of_file(
    path: str | Path, scale: str | None = None, images: Callable[[], Dataset | None] | None = None
) -> ModelSection:
    """The `[model]` table of a run that goes on with the saved model, or the run, at `path`.

    scale: how a file that Hundred did not write wants its pixels; where None, what is measured on `images`.

    Raises UsageError where there is no such file.
    """
    file = expand_user(path)
    if is_run(file):
        file = file / MODEL
    if not file.is_file():
        raise UsageError(f"--from {path}: there is no such file")
    if scale is None and images is not None:
        from hundred.experiment.saved.open import measured_scale

        scale = measured_scale(file, images)
    more = {} if scale is None else {"scale": scale}
    return ModelSection.model_validate({"name": f"{FILE}{file.resolve()}", **more})


def table_of_network(network: nn.Module | Callable[[int], nn.Module]) -> ModelSection:
    """The `[model]` table of a run whose network came from Python: the name of its class or function."""
    kind = type(network) if isinstance(network, nn.Module) else network
    name = getattr(kind, "__qualname__", type(network).__name__)
    return ModelSection(name=f"{getattr(kind, '__module__', '__main__')}:{name}")


def _from_file(model: ModelSection, classes: int, image_size: int) -> Start:
    from hundred.interchange.read.load import load
    from hundred.interchange.read.model import Model

    path = model.name.removeprefix(FILE)
    given: dict[str, Any] = dict(model.options)
    scale = given.pop("scale", None)
    if given or model.weights:
        wrong = next(iter(given), "weights")
        raise UsageError(f"model.{wrong} has no meaning for a network that is read from a file: leave it out")
    loaded = load(path, scale=scale)
    if not isinstance(loaded, Model):
        raise HundredError(
            f"{path} cannot be trained further, only tested: {'; '.join(loaded.notes) or 'it is not native'}"
        )
    if loaded.input_shape != (image_size, image_size, 3):
        rows, columns, channels = loaded.input_shape
        way = f": set data.image_size={rows}" if rows == columns and channels == 3 else ""
        raise HundredError(
            f"{path} takes images of {rows}x{columns}x{channels}, and the data has "
            f"{image_size}x{image_size}x3{way}"
        )
    scaling = Normalize(torch.from_numpy(loaded.mean), torch.from_numpy(loaded.std))
    notes: tuple[str, ...] = ()
    if loaded.scale_from == "assumed":
        notes = (f"pixels from 0 to 1 are assumed for {path}: give its scale with --scale",)
    notes += _fit_head(loaded.network, classes, path, image_size)
    if loaded.frozen:
        notes += (
            f"{plural(len(loaded.frozen), 'layer')} of {path} are frozen, as the file says, and stay so",
        )
    return Start(_checked(loaded.network, classes, path, image_size), scaling, notes)


def _fit_head(network: nn.Module, classes: int, path: str, image_size: int) -> tuple[str, ...]:
    """Replace the head of a network for another number of classes; sentences about it."""
    with evaluating(network), torch.no_grad():
        logits = network(torch.zeros(1, 3, image_size, image_size))
    before = logits.shape[1] if isinstance(logits, Tensor) and logits.dim() == 2 else classes
    if before == classes:
        return ()
    name = replace_head(network, before, classes)
    return (f"{path} has {before} classes and the data {classes}: its last layer ({name}) is a new one",)


def _checked(network: object, classes: int, what: str, image_size: int) -> nn.Module:
    """`network`, once two black images have gone through it and come out as logits [2, classes]."""
    if not isinstance(network, nn.Module):
        raise UsageError(f"{what} is a {type(network).__name__}, not a torch.nn.Module")
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    try:
        with evaluating(network), torch.no_grad():
            logits = network(torch.zeros(2, 3, image_size, image_size, device=device))
    except Exception as error:
        given = [2, 3, image_size, image_size]
        raise UsageError(f"{what} fails on images {given}: {_in_one_line(error)}") from error
    if has_two_heads(logits):
        network, logits = TwoHeads(network), logits[0]
    shape = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if shape != [2, classes]:
        raise UsageError(f"{what} turns two images into {shape}, not into logits [2, {classes}]")
    return network


def _in_one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
