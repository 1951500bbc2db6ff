"""Opening a saved model for a command: its pixel scale is found, its outputs put to images of any size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from hundred.errors import HundredError, UsageError
from hundred.experiment.locate import model_file
from hundred.experiment.saved.labels import labels_for
from hundred.experiment.saved.memory import digest_of, remember_scale, remembered_scale
from hundred.experiment.saved.scale_detection import ScaleFigures, measure_scales
from hundred.interchange.read.load import load
from hundred.interchange.read.model import LoadedModel, Model
from hundred.training.device import choose_device

if TYPE_CHECKING:
    from hundred.data.dataset import Dataset
    from hundred.runs.run import Run

# Images that are resized at a time for a model of another size; at 224x224 they take 150 MB.
RESIZED_AT_ONCE = 250
#: Gives the images that a scale is measured on, or None where there are none here.
Images = Callable[[], "Dataset | None"]


@dataclass(frozen=True)
class OpenOptions:
    """How saved models are opened.

    scale: how files that Hundred did not write want their pixels, see `hundred.load`; None to find it out.
    Several files may have one each, by path or name: `{"a.h5": "tf", "b.h5": "0-255"}`. output,
    custom_objects, allow_lambda: as for `hundred.load`. device: where a native network works.
    """

    scale: str | Mapping[str, str] | None = None
    output: str | None = None
    custom_objects: Mapping[str, Any] = field(default_factory=dict)
    allow_lambda: bool = False
    device: str = "auto"

    def scale_for(self, path: Path) -> str | None:
        """The scale that is given for the file `path`."""
        if self.scale is None or isinstance(self.scale, str):
            return self.scale
        return self.scale.get(str(path), self.scale.get(path.name, self.scale.get("")))


DEFAULTS = OpenOptions()


def no_images() -> None:
    """Nothing to measure a scale on."""
    return


def open_saved(
    what: "str | Path | Run", options: OpenOptions = DEFAULTS, images: Images = no_images
) -> LoadedModel:
    """The model in a file or run, in the scale that it was trained on where that can be found.

    That is, in this order: the scale recorded by Hundred; the one given; the file's own rescaling layers; one
    measured before; one measured on the training images of `images`, called only then; else 0-1, with a note.

    Raises UsageError where there is no such file, HundredError for one that cannot be read.
    """
    path = model_file(what)
    opened = load(
        path,
        output=options.output,
        custom_objects=options.custom_objects,
        allow_lambda=options.allow_lambda,
    )
    if isinstance(opened, Model):
        opened.to(choose_device(options.device))
    given = options.scale_for(path)
    if opened.scale_from == "recorded":  # one --scale may be meant for the others among several files
        return opened
    if given is not None:
        return opened.with_scale(given)
    if opened.scale_from == "layers" or opened.input_shape[2] != 3:
        return opened
    return _with_found_scale(opened, path, images)


def _with_found_scale(opened: LoadedModel, path: Path, images: Images) -> LoadedModel:
    digest = digest_of(path)
    known = remembered_scale(digest, opened.output_name)
    if known is not None:
        return _noted(opened.with_scale(known[0], "remembered"), f"{known[1]} (measured before)")
    dataset = images()
    labels = None if dataset is None else labels_for(dataset, max(opened.classes, 2))
    if dataset is None or labels is None or not len(dataset.train):
        why = (
            "there are no images here that it classifies"
            if dataset is None or labels is None
            else "no images"
        )
        return _noted(opened, f"the pixel scale is assumed to be 0-1, since {why}: give it with --scale")
    figures = _measured(opened, dataset.train.images, labels.of(dataset.train), max(opened.classes, 2))
    if figures.clear:
        remember_scale(digest, opened.output_name, figures.best, figures.sentence())
        return _noted(opened.with_scale(figures.best, "measured"), figures.sentence())
    best = figures.best if figures.above_chance else "0-1"
    return _noted(opened.with_scale(best, "assumed"), figures.sentence())


def measured_scale(path: Path, images: Images) -> str | None:
    """The scale of a file where it is measured on `images`, or was before; None where that is not needed."""
    opened = open_saved(path, OpenOptions(device="cpu"), images)
    return opened.input_scale if opened.scale_from in ("measured", "remembered") else None


def _measured(opened: LoadedModel, images: Tensor, labels: Tensor, classes: int) -> ScaleFigures:
    def predict(scale: str, batch: Tensor) -> NDArray[np.float32]:
        return logits_of(opened.with_scale(scale), batch, "")[0]

    return measure_scales(predict, images, labels, classes)


def _noted(model: LoadedModel, note: str) -> LoadedModel:
    model.notes = (*model.notes, note)
    return model


def logits_of(model: LoadedModel, images: Tensor, name: str) -> tuple[NDArray[np.float32], list[str]]:
    """Logits of `images` (uint8 [n, 3, rows, columns]) in the size that the model takes, and a note on that.

    Raises HundredError, beginning with `name`, where the model takes other images than coloured ones.
    """
    rows, columns, channels = model.input_shape
    if channels != 3:
        raise HundredError(
            f"{name} takes images of {rows}x{columns}x{channels}, and these have three colours: "
            "it was made for other data"
        )
    given = tuple(images.shape[2:])
    if given == (rows, columns):
        return model.logits_of_images(images), []
    parts = []
    for batch in images.split(RESIZED_AT_ONCE):
        sized = interpolate(
            batch.float(), (rows, columns), mode="bilinear", antialias=min(given) > min(rows, columns)
        )
        parts.append(model.logits_of_images(sized.round().clamp(0, 255).to(torch.uint8)))
    note = (
        f"the model takes images of {rows}x{columns}: those of {given[0]}x{given[1]} were resized (bilinear)"
    )
    return np.concatenate(parts), [note]


def local_images() -> "Dataset | None":
    """The CIFAR-100 that is on this machine, or None; nothing is downloaded."""
    from hundred.data.opening.open import open_dataset

    try:
        return open_dataset(None, download=False)
    except HundredError:
        return None


def parse_scales(values: "tuple[str, ...] | list[str]") -> str | dict[str, str] | None:
    """`--scale` as often as it was given: one scale for all files, or FILE=SCALE for some.

    Raises UsageError for two scales of the same file, and for an unknown one.
    """
    from hundred.interchange.read.scale import scale_of

    found: dict[str, str] = {}
    for value in values:
        file, _, scale = value.rpartition("=")
        if file in found:
            raise UsageError(f"--scale {value}: a scale for {file or 'all files'} is given already")
        found[file] = scale_of(scale).name
    return found.get("") if set(found) <= {""} else found
