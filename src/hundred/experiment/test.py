"""Testing a saved model again: a run, our own file, or anyone's Keras file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from hundred.data.dataset import Dataset
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError, UsageError
from hundred.evaluation.metrics import Metrics, evaluate
from hundred.experiment.build.data import open_data
from hundred.interchange.read.load import load
from hundred.interchange.read.model import LoadedModel, Model
from hundred.recipe.load import load_recipe
from hundred.runs.layout import MODEL, RECIPE, is_run
from hundred.runs.run import open_run
from hundred.training.device import choose_device

SCALES = ("0-1", "0-255", "standard")
# An accuracy this near to 1 / classes says that pixels reach the network in a scale it did not learn.
CHANCE_FACTOR = 2.5
# Images that are resized at a time for a model of another size; at 224x224 they take 150 MB.
RESIZED_AT_ONCE = 250


@dataclass(frozen=True)
class TestResult:
    """What a saved model does on the test images.

    file, origin (`hundred` or `keras`), scale of its input, parameters, data and its digest, and `metrics`.
    remark: a sentence where the accuracy is at chance, else ''. notes: what a person should know of the file,
    such as a layer over which it had to be run by Keras.
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    file: Path
    origin: str
    scale: str
    parameters: int
    data: str
    data_digest: str
    metrics: Metrics
    remark: str = ""
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The figures under the names that result.json has."""
        return {
            "file": str(self.file),
            "origin": self.origin,
            "scale": self.scale,
            "parameters": self.parameters,
            "data": self.data,
            "data_digest": self.data_digest,
            **{
                key: value for key, value in self.metrics.as_dict("test_").items() if "calibration" not in key
            },
            "calibration_error": self.metrics.calibration_error,
            "test_images": self.metrics.images,
            "remark": self.remark,
            "notes": list(self.notes),
        }


def test(
    what: str | Path,
    *,
    data: str | Path | Dataset | None = None,
    scale: str | None = None,
    device: str = "auto",
    custom_objects: dict[str, Any] | None = None,
    allow_lambda: bool = False,
) -> TestResult:
    """Evaluate the model in `what` (a run directory or a model file) on the test images of `data`.

    scale: `0-1`, `0-255` or `standard`, for a foreign file's input; our own files say theirs.
    data: as for `train`; where None, a run of the sample set is tested on that again.
    device: where a native network works. custom_objects, allow_lambda: as for `hundred.load`.

    Raises UsageError where there is nothing of that name, HundredError for a file that cannot be read or does
    not classify these images.
    """
    path = Path(what)
    if is_run(path):
        path = path / MODEL
        if not path.is_file():
            raise HundredError(
                f"{path.parent} has no {MODEL}: the run has not saved its network, or not as that"
            )
        dataset = _data_of(path.parent, data)
    else:
        if not path.is_file():
            raise UsageError(f"there is no run and no file {str(what)!r} to test")
        dataset = open_data(data)
    on = choose_device(device)
    model = load(path, scale=scale, custom_objects=custom_objects, allow_lambda=allow_lambda)
    if isinstance(model, Model):
        model.to(on)
    logits, notes = logits_of(model, dataset.test.images, path.name)
    if logits.shape[1] != len(dataset.fine_names):
        raise HundredError(f"{path} has {logits.shape[1]} classes, and the data {len(dataset.fine_names)}")
    metrics = evaluate(logits, dataset.test.fine, dataset.fine_to_coarse)
    return TestResult(
        path,
        model.origin,
        model.input_scale,
        model.parameters,
        dataset.name,
        dataset.digest,
        metrics,
        _remark(metrics.accuracy, model.input_scale, model.origin, len(dataset.fine_names)),
        (*model.notes, *notes),
    )


test.__test__ = False  # type: ignore[attr-defined]  # nor is this one


def logits_of(model: LoadedModel, images: Tensor, name: str) -> tuple[NDArray[np.float32], list[str]]:
    """Logits of `images` (uint8 [n, 3, rows, columns]) in the size that the model takes; a word on that.

    Raises HundredError, beginning with `name`, where the model takes other pictures than coloured ones.
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


def _data_of(run: Path, data: str | Path | Dataset | None) -> Dataset:
    """The images that `run` was tested on: where `data` is not given, a run of the sample set has that."""
    if data is None and open_run(run).environment.get("data") == "sample":
        data = "sample"
    dataset = open_data(data)
    if not (run / RECIPE).is_file():
        return dataset
    section = load_recipe(run / RECIPE).recipe.data
    return subset_per_class(dataset, section.train_per_class, section.test_per_class)


def _remark(accuracy: float, scale: str, origin: str, classes: int) -> str:
    """A hint where a foreign file is at chance: the other input scales."""
    if origin == "hundred" or accuracy > CHANCE_FACTOR / classes:
        return ""
    others = " or ".join(f"--scale {other}" for other in SCALES if other != scale)
    return f"the accuracy is at chance ({1 / classes:.0%}) with --scale {scale}: the file may expect {others}"
