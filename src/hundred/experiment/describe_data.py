"""`hundred data PATH`: what is in a set of images, with a picture of its classes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hundred.data.dataset import Dataset
from hundred.data.describe import summary_line
from hundred.data.opening.cache import cache_folder
from hundred.experiment.build.data import open_data
from hundred.files import make_folder
from hundred.formatting import readable
from hundred.recipe.schema import DataSection
from hundred.reports.figures.samples import draw_sample_grid
from hundred.reports.figures.style import Provenance, save
from hundred.runs.os_errors import os_errors_as_hundred_errors

MOST_PICTURED = 200


@dataclass(frozen=True)
class DataDescription:
    """What is in a set.

    classes: one row for each class in label order: class, superclass, train, validation and test (images).
    largest_to_smallest: training images of the largest class over those of the smallest.
    picture: one image of each class (of the first 200), as PNG.
    """

    dataset: Dataset
    classes: pd.DataFrame
    largest_to_smallest: float
    picture: Path

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        data = self.dataset
        return {
            "name": data.name,
            "form": data.form,
            "source": data.source,
            "split": data.split,
            "digest": data.digest,
            "image_size": data.image_size,
            "train": len(data.train),
            "test": len(data.test),
            "largest_to_smallest": self.largest_to_smallest,
            "classes": self.classes.to_dict("records"),
            "notes": list(data.notes),
            "picture": str(self.picture),
        }

    @property
    def summary(self) -> str:
        """One line: what it is."""
        return summary_line(self.dataset)


def describe_data(
    where: Any = None, picture: str | Path | None = None, *, skip_damaged: bool = False
) -> DataDescription:
    """Open the data at `where` (as for `train`) and count what is in it.

    picture: where to put the picture, a .png; None is a file in the user's cache. skip_damaged: leave out
    pictures that cannot be decoded.

    Raises HundredError and UsageError as `open_dataset` does.
    """
    dataset = open_data(where, DataSection(skip_damaged=skip_damaged))
    counts = {
        "train": _counts(dataset, dataset.train.fine.numpy()),
        "validation": np.zeros(dataset.classes, np.int64),
        "test": _counts(dataset, dataset.test.fine.numpy()),
    }
    if dataset.validation_indices is not None:
        counts["validation"] = _counts(dataset, dataset.train.fine[dataset.validation_indices].numpy())
        counts["train"] = counts["train"] - counts["validation"]
    above = [dataset.superclass_names[int(number)] for number in dataset.fine_to_coarse]
    classes = pd.DataFrame({"class": dataset.fine_names, "superclass": above, **counts})
    target = Path(picture) if picture else cache_folder() / "pictures" / f"{dataset.digest[:16]}.png"
    balance = float(counts["train"].max() / max(counts["train"].min(), 1))
    return DataDescription(dataset, classes, balance, _draw(dataset, target))


def _counts(dataset: Dataset, labels: Any) -> Any:
    return np.bincount(labels, minlength=dataset.classes)


def _draw(dataset: Dataset, target: Path) -> Path:
    labels = dataset.train.fine.numpy()
    shown = min(dataset.classes, MOST_PICTURED)
    first = [int(np.flatnonzero(labels == label)[0]) for label in range(shown)]
    figure = draw_sample_grid(
        dataset.train.images[first].numpy(),
        [readable(name) for name in dataset.fine_names[:shown]],
        [readable(name) for name in dataset.superclass_names],
        dataset.fine_to_coarse[:shown].numpy(),
        title=f"{dataset.name}: one image of each class",
        provenance=Provenance(dataset.name),
    )
    with os_errors_as_hundred_errors(target):
        make_folder(target)
        return save(figure, target)
