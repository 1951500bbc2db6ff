"""Testing saved models again: a run, our own file, anyone's Keras file, or several averaged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.dataset import Dataset
from hundred.errors import UsageError
from hundred.evaluation.metrics import Metrics, evaluate
from hundred.evaluation.own_metrics import Metric, load_metrics, measure
from hundred.experiment.build.data import open_data, open_data_of
from hundred.experiment.locate import place_of
from hundred.experiment.saved.ensemble import Ensemble, open_ensemble
from hundred.experiment.saved.labels import Labels, require_labels
from hundred.experiment.saved.open import OpenOptions, logits_of, open_saved
from hundred.interchange.read.scale import SCALES
from hundred.runs.layout import is_run
from hundred.runs.run import open_run

# An accuracy this near to 1 / classes suggests that pixels reach the network in a scale it did not learn.
CHANCE_FACTOR = 2.5


@dataclass(frozen=True)
class TestResult:
    """What a saved model does on the test images.

    file (the first of an ensemble), origin (`hundred`, `keras`, ...), parameters, data, data_digest, metrics.
    scale of its input, and scale_from: `recorded`, `layers`, `given`, `measured`, `remembered` or `assumed`.
    output: its name in the file. end: how the file ends. labels: `fine` or `coarse`, which it is judged by.
    members: the files that are averaged, () for one. remark: a sentence where the accuracy is at chance, else
    ''. notes: what a user should know of the file. logits: float32 [n, classes] of the test images.
    own: metrics of the user's, by name.
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
    scale_from: str = "recorded"
    output: str = ""
    end: str = "softmax"
    labels: str = "fine"
    members: tuple[str, ...] = ()
    logits: NDArray[np.float32] | None = None
    own: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The figures under the names that result.json has."""
        return {
            "file": str(self.file),
            "members": list(self.members),
            "origin": self.origin,
            "scale": self.scale,
            "scale_from": self.scale_from,
            "output": self.output,
            "end": self.end,
            "labels": self.labels,
            "parameters": self.parameters,
            "data": self.data,
            "data_digest": self.data_digest,
            **{
                key: value for key, value in self.metrics.as_dict("test_").items() if "calibration" not in key
            },
            "calibration_error": self.metrics.calibration_error,
            **{f"test_{name}": value for name, value in self.own.items()},
            "test_images": self.metrics.images,
            "remark": self.remark,
            "notes": list(self.notes),
        }


def test(
    *what: str | Path,
    average: bool = False,
    data: str | Path | Dataset | None = None,
    scale: str | Mapping[str, str] | None = None,
    output: str | None = None,
    device: str = "auto",
    custom_objects: Mapping[str, Any] | None = None,
    allow_lambda: bool = False,
    metrics: Sequence[str] = (),
) -> TestResult:
    """Evaluate the model in `what` (a run directory or a model file) on the test images of `data`.

    average: several models, or the runs of a folder of repeats, by the mean of their probabilities.
    scale: how other people's files want their pixels, see `hundred.load`; where None it is measured on the
    training images. Several files may have one each, by name. output: of a file that has several outputs.
    data: as for `train`; where None, a run is tested on the data that it was trained with.
    device: where a native network works. custom_objects, allow_lambda: as for `hundred.load`.
    metrics: of your own, as `package:function` of logits and labels.

    Raises UsageError where there is nothing of that name, HundredError for a file that cannot be read or does
    not classify these images.
    """
    if not what or (len(what) > 1 and not average):
        raise UsageError(f"test takes one run or file, not {len(what)}: several are averaged with --average")
    own = load_metrics(metrics, [each.name for each in fields(Metrics)])
    options = OpenOptions(scale, output, custom_objects or {}, allow_lambda, device)
    paths = [place_of(each) for each in what]
    for path, each in zip(paths, what, strict=True):
        if not path.exists():
            raise UsageError(f"there is no run and no file {str(each)!r} to test")
    run = next((path for path in paths if is_run(path)), None)
    dataset = open_data(data) if run is None else open_data_of(open_run(run), data, same=data is None)
    if average:
        return _average(open_ensemble(paths, options, lambda: dataset), dataset, own)
    path = paths[0]
    model = open_saved(path, options, lambda: dataset)
    logits, notes = logits_of(model, dataset.test.images, path.name)
    labels = require_labels(dataset, logits.shape[1], path)
    truth = labels.of(dataset.test)
    figures = evaluate(logits, truth, labels.fine_to_coarse)
    return TestResult(
        path,
        model.origin,
        model.input_scale,
        model.parameters,
        dataset.name,
        dataset.digest,
        figures,
        _remark(figures.accuracy, model.input_scale, model.origin, len(labels.names)),
        _notes(model.notes, notes, labels),
        model.scale_from,
        model.output_name,
        model.end,
        labels.kind,
        (),
        logits,
        measure(own, logits, truth),
    )


test.__test__ = False  # type: ignore[attr-defined]  # nor is this one


def _average(ensemble: Ensemble, dataset: Dataset, own: dict[str, Metric]) -> TestResult:
    logits, notes = ensemble.logits(dataset.test.images)
    labels = require_labels(dataset, logits.shape[1], ensemble.names[0])
    truth = labels.of(dataset.test)
    scales = list(dict.fromkeys(model.input_scale for model in ensemble.models))
    return TestResult(
        Path(ensemble.names[0]),
        f"average of {len(ensemble.models)}",
        ", ".join(scales),
        ensemble.parameters,
        dataset.name,
        dataset.digest,
        evaluate(logits, truth, labels.fine_to_coarse),
        "",
        _notes(ensemble.notes, notes, labels),
        ", ".join(dict.fromkeys(model.scale_from for model in ensemble.models)),
        "",
        "probabilities",
        labels.kind,
        ensemble.names,
        logits,
        measure(own, logits, truth),
    )


def _notes(of_model: tuple[str, ...], of_images: list[str], labels: Labels) -> tuple[str, ...]:
    return tuple(filter(None, (*of_model, *of_images, labels.note)))


def _remark(accuracy: float, scale: str, origin: str, classes: int) -> str:
    """A hint where a foreign file is at chance: the other input scales."""
    if origin == "hundred" or accuracy > CHANCE_FACTOR / classes:
        return ""
    others = ", ".join(name for name in SCALES if name != scale)
    return f"the accuracy is at chance ({1 / classes:.0%}) with --scale {scale}; others are {others}"
