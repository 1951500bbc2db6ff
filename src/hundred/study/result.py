"""A study as its folder tells it: the runs of each system, what they reached against what was published."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hundred.errors import HundredError, UsageError
from hundred.evaluation.intervals import summarize, wilson_interval
from hundred.files import write_text
from hundred.recipe.load import load_recipe
from hundred.runs.layout import RECIPE
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run, list_runs
from hundred.study.plan import PLAN, StudyPlan, changed_values, read_plan
from hundred.study.systems import NAMES, System, system_of

if TYPE_CHECKING:
    from hundred.study.lessons import Lesson

PAGE = "study.html"
TABLE = "study.csv"


@dataclass(frozen=True)
class Study:
    """The study in `path`. Everything is computed from its run directories, so it can be copied and shown
    anywhere."""

    path: Path

    @property
    def plan(self) -> StudyPlan:
        """What the study was begun with."""
        return read_plan(self.path)[0]

    @property
    def missing(self) -> dict[str, str]:
        """Why systems or runs are missing, by name."""
        return read_plan(self.path)[1]

    @cached_property
    def runs(self) -> dict[str, list[Run]]:
        """The finished runs of each system by its recipe's name, in the study's order and by seed."""
        found = {name: [run for run in list_runs(self.path / name) if run.finished] for name in NAMES}
        return {name: sorted(runs, key=_seed) for name, runs in found.items() if runs}

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per system that was run: measured, published, and at what cost. Accuracies are fractions.

        test_accuracy is the mean over seeds with its 95 % interval low to high (`interval`: over `runs`, or
        for one run over test `images`). best_val_accuracy is the mean of the best epoch's validation
        accuracy: what the study published, where the test images validate. measured is the one of the two
        that is compared with published_low to published_high; difference is 0 within them, and None where
        the data are not CIFAR-100. cut_short: fewer epochs were allowed than the recipe has, and used up.
        changed: what else differs from the recipe.
        """
        return pd.DataFrame([_row(system_of(name), runs) for name, runs in self.runs.items()])

    @cached_property
    def lessons(self) -> "list[Lesson]":
        """What these runs say about each of the study's six lessons."""
        from hundred.study.lessons import lessons

        return lessons(self)

    @property
    def page(self) -> Path:
        """The page, once written."""
        return self.path / PAGE

    @property
    def csv(self) -> Path:
        """The table as CSV, once written."""
        return self.path / TABLE

    def write(self) -> Path:
        """Write the page and the CSV from what is there, and return the page's path."""
        from hundred.study.page import render

        if not self.runs:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.missing.items())
            raise HundredError(
                f"no run of the study in {self.path} has finished{': ' if reasons else ''}{reasons}"
            )
        with os_errors_as_hundred_errors(self.path):
            write_text(self.csv, self.table.to_csv(index=False))
            write_text(self.page, render(self))
        return self.page

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "name": self.path.name,
            "path": str(self.path),
            "page": str(self.page),
            "csv": str(self.csv),
            "data": self.plan.data,
            "protocol": self.plan.protocol,
            "quick": self.plan.quick,
            "systems": self.table.astype(object).where(self.table.notna(), None).to_dict(orient="records"),
            "lessons": [lesson.as_dict() for lesson in self.lessons],
            "missing": self.missing,
        }

    def __repr__(self) -> str:
        """Such as ``Study('runs/study-quick': 7 systems, 7 runs)``."""
        runs = sum(len(runs) for runs in self.runs.values())
        return f"Study({str(self.path)!r}: {len(self.runs)} systems, {runs} runs)"


def open_study(path: Path | str) -> Study:
    """The study in the folder `path`. Raises UsageError where there is none."""
    path = Path(path)
    if not (path / PLAN).is_file():
        raise UsageError(f"{path} is not a study: it has no {PLAN}")
    return Study(path)


def _seed(run: Run) -> int:
    seed = run.result.get("seed")
    return seed if isinstance(seed, int) else 0


def _row(system: System, runs: list[Run]) -> dict[str, Any]:
    results = [run.result for run in runs]
    first = results[0]
    recipe = load_recipe(runs[0].path / RECIPE).recipe
    whole = load_recipe(system.recipe).recipe.training.epochs
    best = [value for run in runs if (value := best_val_accuracy(run)) is not None]
    spread = _spread(runs, results)
    measured = _mean(best) if first["protocol"] == "test-as-validation" and best else spread["test_accuracy"]
    epochs = [int(result["epochs"]) for result in results]
    cut = any(
        n < whole and result["stopped"] != "early-stopping" for n, result in zip(epochs, results, strict=True)
    )
    changed = {
        key: value for key, value in changed_values(recipe, system.recipe).items() if key != "training.epochs"
    }
    return {
        "recipe": system.recipe,
        "runs": len(runs),
        "seeds": " ".join(str(result["seed"]) for result in results),
        "data": first["data"],
        "protocol": first["protocol"],
        **spread,
        "best_val_accuracy": _mean(best),
        "measured": measured,
        "published_low": system.low,
        "published_high": system.high,
        "difference": None if first["data"] == "sample" else _difference(measured, system),
        "test_top5_accuracy": _mean_of(results, "test_top5_accuracy"),
        "test_coarse_accuracy": _mean_of(results, "test_coarse_accuracy"),
        "calibration_error": _mean_of(results, "calibration_error"),
        "epochs": _mean([float(n) for n in epochs]),
        "recipe_epochs": whole,
        "cut_short": cut,
        "changed": " ".join(f"{key}={value}" for key, value in changed.items()),
        "parameters": first["parameters"],
        "model_bytes": first.get("model_bytes"),
        "train_seconds": _mean_of(results, "train_seconds"),
        "total_seconds": _mean_of(results, "total_seconds"),
        "images_per_second": _mean_of(results, "images_per_second"),
        "device": first["device"],
    }  # fmt: skip


def _spread(runs: list[Run], results: list[dict[str, Any]]) -> dict[str, Any]:
    summary = summarize([float(result["test_accuracy"]) for result in results])
    low, high, over = summary.low, summary.high, "runs"
    if low is None or high is None:
        images = len(runs[0].predictions()["test_labels"])
        low, high = wilson_interval(round(summary.mean * images), images)
        over = "images"
    return {
        "test_accuracy": summary.mean,
        "sd": summary.sd,
        "low": max(0.0, low),
        "high": min(1.0, high),
        "interval": over,
    }


def best_val_accuracy(run: Run) -> float | None:
    """The best validation accuracy of all epochs; None where nothing was validated."""
    values = run.history["val_accuracy"].dropna()
    return float(values.max()) if len(values) else None


def _difference(measured: float | None, system: System) -> float | None:
    """How far `measured` is above (+) or below (-) what was published; 0 within it."""
    if measured is None or system.low is None or system.high is None:
        return None
    return max(measured - system.high, 0.0) + min(measured - system.low, 0.0)


def _mean_of(results: list[dict[str, Any]], key: str) -> float | None:
    return _mean([float(result[key]) for result in results if result.get(key) is not None])


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
