"""Which labels of a set a network's outputs are judged by: its classes, or its superclasses."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from hundred.data.dataset import Dataset, Split
from hundred.errors import HundredError


@dataclass(frozen=True)
class Labels:
    """The names of the classes that outputs stand for.

    kind: `fine` or `coarse`, the attribute of a Split. names, coarse_names, fine_to_coarse: as in Dataset;
    where the superclasses themselves are judged, each is its own superclass.
    """

    kind: str
    names: Sequence[str]
    coarse_names: Sequence[str]
    fine_to_coarse: Tensor

    def of(self, split: Split) -> Tensor:
        """int64 [n], the labels of `split`."""
        return split.fine if self.kind == "fine" else split.coarse

    @property
    def note(self) -> str:
        """A sentence where it is not the classes that are judged, else ''."""
        if self.kind == "fine":
            return ""
        return f"it has {len(self.names)} classes: it is judged by the superclasses"


def labels_for(dataset: Dataset, classes: int) -> Labels | None:
    """The labels that `classes` outputs fit, or None where none do."""
    if classes == len(dataset.fine_names):
        return Labels("fine", dataset.fine_names, dataset.coarse_names, dataset.fine_to_coarse)
    if classes == len(dataset.coarse_names) > 1:
        names = dataset.coarse_names
        return Labels("coarse", names, names, torch.arange(len(names)))
    return None


def require_labels(dataset: Dataset, classes: int, what: object) -> Labels:
    """As `labels_for`, or HundredError with the way out."""
    found = labels_for(dataset, classes)
    if found is None:
        coarse = len(dataset.coarse_names)
        superclasses = f" and {coarse} superclasses" if coarse > 1 else ""
        raise HundredError(
            f"{what} has {classes} classes, and the data {len(dataset.fine_names)}{superclasses}: "
            f"name data of {classes} classes with --data"
        )
    return found
