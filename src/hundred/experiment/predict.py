"""What a saved model sees in pictures: the likeliest classes and superclasses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hundred.data.files.pictures import pictures_in, read_picture
from hundred.errors import HundredError, UsageError
from hundred.experiment.locate import Names, names_for
from hundred.experiment.saved.fit import fit_of
from hundred.experiment.saved.open import DEFAULTS, OpenOptions, local_images, open_saved
from hundred.interchange.read.model import LoadedModel
from hundred.runs.run import Run

# Pictures in memory at a time: each of a batch waits for the slowest of it to be read.
BATCH = 64
TOP = 5


@dataclass(frozen=True)
class Ranked:
    """A fine class or superclass by name, with its probability, 0 to 1."""

    name: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The likeliest classes of one picture.

    classes: the five likeliest fine classes, likeliest first. superclasses: likewise, each with the summed
    probability of its fine classes; () where the model's classes are in no known superclasses.
    """

    image: Path
    classes: tuple[Ranked, ...]
    superclasses: tuple[Ranked, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `class` and `superclass` are the first of each list."""
        top, coarse = self.classes[0], self.superclasses[0] if self.superclasses else None
        return {
            "image": str(self.image),
            "class": top.name,
            "probability": top.probability,
            "superclass": coarse.name if coarse else None,
            "superclass_probability": coarse.probability if coarse else None,
            "top5": [{"class": each.name, "probability": each.probability} for each in self.classes],
            "superclasses": [
                {"superclass": each.name, "probability": each.probability} for each in self.superclasses
            ],
        }


@dataclass(frozen=True)
class Failed:
    """A picture that could not be read, and why in one line."""

    image: Path
    why: str


class Predictor:
    """A saved model that names what is in pictures.

    names: of its classes. fit: how pictures become square, as the model's training data did.
    notes: sentences that a user should see.
    """

    def __init__(self, what: str | Path | Run, options: OpenOptions = DEFAULTS) -> None:
        """`what` is a run, our own file, or anyone's Keras file, opened with `options`.

        Raises UsageError and HundredError as `hundred.load` does.
        """
        self.model: LoadedModel = open_saved(what, options, local_images)
        rows, columns, channels = self.model.input_shape
        if rows != columns or channels != 3:
            raise HundredError(
                f"{what} takes images of {rows}x{columns}x{channels}: pictures are made square and RGB here"
            )
        probe = self.probabilities([np.zeros((channels, rows, columns), np.uint8)])
        self.names: Names = names_for(self.model.class_names, probe.shape[1])
        self.fit = fit_of(self.model, what)
        self.notes = tuple(self.model.notes)
        if self.names.origin == "cifar100":
            self.notes += ("the file has no class names: CIFAR-100's are shown, in their usual order",)
        if self.names.origin == "numbers":
            count = len(self.names.fine)
            self.notes += (f"the file has no names for its {count} classes: they are shown by number",)

    def read(self, path: Path) -> NDArray[np.uint8]:
        """The picture at `path` as the model takes it, uint8 [3, side, side]."""
        return read_picture(path, self.model.input_shape[0], self.fit)

    def probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Images, each uint8 [3, side, side], to probabilities [n, classes]."""
        return as_probabilities(self.model.logits_of_images(np.stack(images)))

    def each(self, paths: Iterable[Path]) -> Iterator[Prediction | Failed]:
        """For each picture, in order, what it shows or why it could not be read."""
        waiting: list[Path | Failed] = []
        images: list[NDArray[np.uint8]] = []
        for path in paths:
            try:
                images.append(self.read(path))
                waiting.append(path)
            except HundredError as error:
                waiting.append(Failed(path, str(error).removeprefix(f"{path}: ")))
            if len(waiting) == BATCH:
                yield from self._predictions(waiting, images)
                waiting, images = [], []
        yield from self._predictions(waiting, images)

    def _predictions(
        self, waiting: Sequence[Path | Failed], images: Sequence[NDArray[np.uint8]]
    ) -> Iterator[Prediction | Failed]:
        rows = iter(self.probabilities(images)) if images else iter(())
        for item in waiting:
            yield item if isinstance(item, Failed) else self._ranked(item, next(rows))

    def _ranked(self, path: Path, row: NDArray[np.float64]) -> Prediction:
        names = self.names
        coarse = np.zeros(len(names.coarse))
        if names.coarse:
            np.add.at(coarse, list(names.fine_to_coarse), row)
        return Prediction(path, _top(row, names.fine), _top(coarse, names.coarse))


def predict(
    what: str | Path | Run,
    images: str | Path | Sequence[str | Path],
    *,
    scale: str | Mapping[str, str] | None = None,
    output: str | None = None,
    device: str = "auto",
    custom_objects: Mapping[str, Any] | None = None,
    allow_lambda: bool = False,
) -> list[Prediction]:
    """The likeliest classes of pictures (files that Pillow opens, and folders of them) by a saved model.

    what: a run, our own file, or anyone's Keras file. scale, output, custom_objects, allow_lambda: of the
    latter, as for `hundred.load`; a scale that is not given is measured on the CIFAR-100 that is here.

    Raises HundredError for the first picture that cannot be read; `Predictor.each` goes on instead.
    """
    paths = picture_paths([images] if isinstance(images, str | Path) else images)
    found = []
    options = OpenOptions(scale, output, custom_objects or {}, allow_lambda, device)
    for each in Predictor(what, options).each(paths):
        if isinstance(each, Failed):
            raise HundredError(f"{each.image}: {each.why}")
        found.append(each)
    return found


def picture_paths(what: Sequence[str | Path]) -> list[Path]:
    """The pictures named by `what`: files as they are, of folders every picture in them and below, sorted.

    Raises UsageError for nothing at all and for a folder without pictures.
    """
    paths = []
    for each in what:
        path = Path(each)
        inside = list(pictures_in(path)) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"there are no pictures in {path}")
        paths += inside
    if not paths:
        raise UsageError("predict needs at least one picture, or a folder of them")
    return paths


def as_probabilities(outputs: Any) -> NDArray[np.float64]:
    """What a model gives, [n, classes], as probabilities: as it is where rows are such, else its softmax.

    Raises HundredError for outputs that are not finite.
    """
    values = np.asarray(outputs, np.float64)
    if not np.isfinite(values).all():
        raise HundredError("the model gives outputs that are not finite numbers: it is damaged, or diverged")
    if are_probabilities(values):
        return values
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return result


def are_probabilities(values: NDArray[Any]) -> bool:
    """Whether no value is negative and each row of `values` [n, classes] adds up to 1."""
    return bool((values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-3))


def _top(row: NDArray[np.float64], names: Sequence[str]) -> tuple[Ranked, ...]:
    order = np.argsort(-row[: len(names)], kind="stable")[:TOP]
    return tuple(Ranked(names[place], float(row[place])) for place in order)
