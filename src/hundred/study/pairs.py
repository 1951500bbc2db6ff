"""A system and its revisited form side by side: which is better, and which classes changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hundred.data.names import FINE_NAMES
from hundred.data.sample.draw import SAMPLE_FINE_NAMES
from hundred.evaluation.compare.class_changes import class_changes
from hundred.evaluation.compare.comparison import Comparison, compare_contenders
from hundred.evaluation.compare.contender import Contender
from hundred.formatting import readable
from hundred.runs.run import Run
from hundred.study import quick_data

PAIRS = (("school", "school-revisited"), ("simple", "simple-revisited"))


@dataclass(frozen=True)
class ClassChange:
    """One class's accuracy in the first recipe and the revisited one. settled: beyond what seeds would do."""

    name: str
    first: float
    revisited: float
    settled: bool

    @property
    def better(self) -> bool:
        """Whether the revisited recipe is better at it, beyond chance."""
        return self.settled and self.revisited > self.first

    @property
    def text(self) -> str:
        """Such as `seal 31 % to 48 % right (beyond chance)`."""
        doubt = "beyond chance" if self.settled else "not beyond chance"
        return f"{self.name} {self.first:.0%} to {self.revisited:.0%} right ({doubt})"


@dataclass(frozen=True)
class Pair:
    """Runs of the recipe `first` and of `revisited`, tested on the same images."""

    first: str
    revisited: str
    first_runs: list[Run]
    revisited_runs: list[Run]

    @property
    def runs(self) -> list[Run]:
        """All runs of both."""
        return [*self.first_runs, *self.revisited_runs]

    @cached_property
    def comparison(self) -> Comparison:
        """Which is better, as `hundred compare` says it."""
        return compare_contenders(
            [_contender(self.first, self.first_runs), _contender(self.revisited, self.revisited_runs)]
        )

    @property
    def verdict(self) -> str:
        """The comparison in a sentence."""
        return self.comparison.verdict

    @property
    def settled(self) -> bool:
        """Whether one is better beyond what other seeds would change."""
        return self.comparison.better is not None

    @property
    def revisited_leads(self) -> bool:
        """Whether the revisited recipe is the more accurate one."""
        return self.comparison.leader == self.revisited

    @cached_property
    def classes(self) -> pd.DataFrame:
        """`class_changes` of the revisited recipe against the first one."""
        revisited = _contender(self.revisited, self.revisited_runs)
        first = _contender(self.first, self.first_runs)
        return class_changes(revisited.right, first.right, first.truth, class_names(self.first_runs[0]))

    def change(self, name: str) -> ClassChange:
        """How the class `name` changed from the first recipe to the revisited one."""
        row = self.classes[self.classes["class"] == name].iloc[0]
        return ClassChange(name, float(row["second"]), float(row["first"]), bool(row["change"]))


def pair_of(runs: Mapping[str, list[Run]], first: str, revisited: str) -> Pair | None:
    """The pair of these two recipes, or None where one of them has no finished run."""
    if not (runs.get(first) and runs.get(revisited)):
        return None
    return Pair(first, revisited, runs[first], runs[revisited])


def class_names(run: Run) -> list[str]:
    """The names of the fine classes in plain English, in label order."""
    known = {"cifar100": FINE_NAMES, "sample": SAMPLE_FINE_NAMES, quick_data.NAME: quick_data.CLASSES}
    data = str(run.result.get("data"))
    if data not in known:
        return [f"class {label}" for label in range(run.predictions()["test_logits"].shape[1])]
    return [readable(name) for name in known[data]]


def class_ranks(runs: Sequence[Run], names: Sequence[str]) -> dict[str, tuple[float, int, int]]:
    """Mean test error over `runs`, rank by it (1 is the hardest) and number of classes, for each of `names`.

    {} where a class of that name is not among the test images of all runs.
    """
    known = class_names(runs[0])
    wrong = []
    for run in runs:
        found = run.predictions()
        labels = found["test_labels"]
        mistakes = found["test_logits"].argmax(axis=1) != labels
        counts = np.bincount(labels, minlength=len(known))
        wrong.append(np.bincount(labels, weights=mistakes, minlength=len(known)) / np.maximum(counts, 1))
        if any(name not in known or not counts[known.index(name)] for name in names):
            return {}
    errors = np.mean(wrong, axis=0)  # [classes]
    count = int((counts > 0).sum())
    return {
        name: (float(error), int((errors > error).sum()) + 1, count)
        for name in names
        for error in [errors[known.index(name)]]
    }


def _contender(name: str, runs: list[Run]) -> Contender:
    results = [run.result for run in runs]
    predictions = [run.predictions() for run in runs]
    return Contender(
        name,
        [found["test_logits"] for found in predictions],
        predictions[0]["test_labels"],
        seeds=[result["seed"] for result in results],
        train_seconds=[result["train_seconds"] for result in results],
        parameters=results[0]["parameters"],
        file_bytes=results[0].get("model_bytes"),
        protocol=results[0]["protocol"],
        data=results[0]["data_digest"],
    )
