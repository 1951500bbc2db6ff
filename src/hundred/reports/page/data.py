"""The content of a report page as plain data; the templates only print it.

Every part but the result may be None or empty; its section is then left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from hundred.reports.figures.mosaic import Shot
from hundred.reports.figures.samples import ClassGallery
from hundred.reports.figures.style import Provenance
from hundred.reports.milestones import Milestones

if TYPE_CHECKING:
    from hundred.evaluation.compare.comparison import Comparison
    from hundred.models.summary import LayerRow


@dataclass(frozen=True)
class Change:
    """A setting of the recipe that differs from its parent's. Values as TOML; None: not set."""

    key: str
    value: str | None
    parent_value: str | None


@dataclass(frozen=True)
class Setting:
    """A setting that differs between the runs of a page. values: one for each run, in their order."""

    key: str
    values: tuple[str | None, ...]


@dataclass(frozen=True)
class Gallery:
    """Images under one heading, such as the most confident mistakes. note: how they were chosen."""

    title: str
    shots: tuple[Shot, ...]
    note: str = ""


@dataclass(frozen=True)
class Confusion:
    """The confusion matrix: counts int [classes, classes], row the true class, both in label order.

    fine_to_coarse: int [classes], the superclass of each class; without superclasses coarse_names has at most
    one name.
    """

    matrix: Any
    fine_names: Sequence[str]
    coarse_names: Sequence[str]
    fine_to_coarse: Any


@dataclass(frozen=True)
class RunReport:
    """One run.

    result: the content of result.json, from which the headline figures are taken; `name` is required.
    accuracy_interval: of test_accuracy, fractions; interval_note: what it is an interval over.
    test_images: how many there were, of how many in the whole test set (None where not known).
    history: columns of history.csv; marks: its milestones (found in it where None).
    rates: columns epoch and learning_rate, the learning rate in every step; None to take those of `history`.
    label_smoothing: of the training, 0 to 1.
    recipe_text: recipe.toml; parent: the recipe it extends; changes: what differs from that.
    layers: of `hundred.models.summary.summarize`. classes, superclasses, reliability: of
    `hundred.evaluation`. worst, best: galleries of classes; galleries: of single images.
    label_errors: test images whose label is doubted: `true` the given label, `predicted` the suggested one.
    doctor: `{"findings": [{"name", "since_epoch", "confidence", "evidence", "try"}], "verdict"}`.
    environment: the content of environment.json. repeat: commands that repeat the run.
    """

    result: Mapping[str, Any]
    accuracy_interval: tuple[float, float] | None = None
    interval_note: str = "95% interval over test images"
    test_images: tuple[int, int | None] | None = None
    history: pd.DataFrame | None = None
    marks: Milestones | None = None
    rates: pd.DataFrame | None = None
    label_smoothing: float = 0.0
    recipe_text: str | None = None
    parent: str | None = None
    changes: Sequence[Change] | None = None
    layers: "Sequence[LayerRow] | None" = None
    classes: pd.DataFrame | None = None
    superclasses: pd.DataFrame | None = None
    confusion: Confusion | None = None
    reliability: pd.DataFrame | None = None
    worst: Sequence[ClassGallery] = ()
    best: Sequence[ClassGallery] = ()
    galleries: Sequence[Gallery] = ()
    label_errors: Gallery | None = None
    doctor: Mapping[str, Any] | None = None
    environment: Mapping[str, Any] | None = None
    repeat: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The run's name."""
        return str(self.result["name"])

    @property
    def provenance(self) -> Provenance:
        """The data and protocol of the run's figures."""
        return Provenance(self.result.get("data") or "cifar100", self.result.get("protocol") or "holdout")


@dataclass(frozen=True)
class ReportData:
    """A page on one run, or on several side by side.

    settings: what differs between several runs. comparison: of `hundred.evaluation`, which is better.
    made_by: the version of Hundred, printed in the footer. left_out: what a page of very many runs lacks.
    """

    runs: Sequence[RunReport]
    settings: Sequence[Setting] | None = None
    comparison: "Comparison | None" = None
    made_by: str = ""
    left_out: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that does not have one value for each run."""
        for setting in self.settings or ():
            if len(setting.values) != len(self.runs):
                raise ValueError(f"{setting.key} has {len(setting.values)} values for {len(self.runs)} runs")
