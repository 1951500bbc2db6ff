"""Several saved models as one: the mean of their probabilities."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hundred.errors import HundredError, UsageError
from hundred.experiment.locate import place_of
from hundred.experiment.saved.open import DEFAULTS, Images, OpenOptions, logits_of, no_images, open_saved
from hundred.interchange.read.ends import LOGITS, PROBABILITIES, SOFTMAX
from hundred.interchange.read.layers.images import Combine, GraphModule, Rescale, ReverseChannels, Standardize
from hundred.interchange.read.model import LoadedModel, Model
from hundred.runs.layout import is_run
from hundred.runs.repeats import Repeats, is_repeats


@dataclass(frozen=True)
class Ensemble:
    """Models that are asked together.

    names: of their files or runs. models: as `open_saved` gives them, all of as many classes.
    """

    names: tuple[str, ...]
    models: tuple[LoadedModel, ...]

    @property
    def parameters(self) -> int:
        """Of all models together."""
        return sum(model.parameters for model in self.models)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of each, after its name."""
        return tuple(
            f"{name}: {note}"
            for name, model in zip(self.names, self.models, strict=True)
            for note in model.notes
        )

    def logits(self, images: Tensor) -> tuple[NDArray[np.float32], list[str]]:
        """The logarithm of the mean probabilities of `images`, uint8 [n, 3, rows, columns]; and notes."""
        total, notes = None, []
        for name, model in zip(self.names, self.models, strict=True):
            logits, said = logits_of(model, images, name)
            p = torch.from_numpy(logits).double().softmax(1)
            total = p if total is None else total + p
            notes += [f"{name}: {note}" for note in said]
        assert total is not None  # noqa: S101 - an ensemble has models
        mean = (total / len(self.models)).clamp_min(1e-45)
        return mean.log().float().numpy(), notes


def open_ensemble(
    places: Sequence[str | Path], options: OpenOptions = DEFAULTS, images: Images = no_images
) -> Ensemble:
    """The models in `places`: files, runs, and folders of repeats, all of whose runs count.

    Raises UsageError for fewer than two, HundredError where their classes differ.
    """
    files = [file for place in places for file in _members(place)]
    if len(files) < 2:
        raise UsageError(f"--average takes two models or more, or a folder of repeats, not {len(files)}")
    models = tuple(open_saved(file, options, images) for file in files)
    names = tuple(str(file) for file in files)
    widths = [max(model.classes, 2) for model in models]
    if len(set(widths)) > 1:
        each = ", ".join(f"{name} {width}" for name, width in zip(names, widths, strict=True))
        raise HundredError(f"models of different classes cannot be averaged: {each}")
    return Ensemble(names, models)


def _members(place: str | Path) -> list[Path]:
    path = place_of(place)
    if path.is_dir() and not is_run(path) and is_repeats(path):
        return [run.path for run in Repeats(path).runs]
    return [path]


def as_network(ensemble: Ensemble) -> tuple[GraphModule, tuple[int, int, int]]:
    """One network from pixels / 255 [n, 3, rows, columns] to mean probabilities, and its input shape.

    Raises HundredError for members that are not native or take images of different sizes.
    """
    layers = OrderedDict[str, nn.Module]()
    steps: list[tuple[str, tuple[int, ...]]] = []
    ends: list[int] = []
    shapes = {model.input_shape for model in ensemble.models}
    if len(shapes) > 1:
        raise HundredError(f"members of different input sizes cannot be one file: {sorted(shapes)}")
    for number, (name, model) in enumerate(zip(ensemble.names, ensemble.models, strict=True)):
        if not isinstance(model, Model):
            raise HundredError(f"{name} is not native and cannot be part of a file: {'; '.join(model.notes)}")
        layers[f"member{number}"] = _member(model)
        steps.append((f"member{number}", (0,)))
        ends.append(number + 1)
    layers["average"] = Combine("average")
    steps.append(("average", tuple(ends)))
    return GraphModule(layers, steps, len(steps)), next(iter(shapes))


def _member(model: Model) -> nn.Sequential:
    """A model from pixels / 255 to probabilities."""
    parts: list[nn.Module] = []
    mean, std = torch.from_numpy(model.mean), torch.from_numpy(model.std)
    if mean.any() or len(set(std.tolist())) > 1:
        parts.append(Standardize(mean[:, None, None], std[:, None, None]))
    elif float(std[0]) != 1:
        parts.append(Rescale(1 / std[0], torch.tensor(0.0)))
    if model.reversed_channels:
        parts.append(ReverseChannels(3))
    parts.append(model.body)
    if model.end in (SOFTMAX, LOGITS):
        parts.append(nn.Softmax(1))
    elif model.end != PROBABILITIES:
        raise HundredError("a model that ends in sigmoids cannot be averaged into one file")
    return nn.Sequential(*parts).eval()
