"""A sweep as an object: its table, best trial, winner and figures, all read from its files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import HundredError
from hundred.files import write_json, write_text
from hundred.formatting import csv_safe, json_safe
from hundred.reports.figures.style import Provenance, save
from hundred.runs.layout import FIGURES, REPORT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.repeats import Repeats, is_repeats
from hundred.runs.result import read_object
from hundred.runs.run import Run
from hundred.sweeps.journal import STATES, Journal, Trial
from hundred.sweeps.plan import PLAN, SUMMARY, SweepPlan, is_sweep, read_plan
from hundred.sweeps.search.sampler import study_of
from hundred.sweeps.search.space import Range

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

TABLE = "trials.csv"
COLUMNS = ("trial", "state", "val_accuracy", "epochs", "train_seconds")
LEAST_FOR_IMPORTANCE = 4  # complete trials; of fewer, the importances are noise alone


@dataclass(frozen=True)
class Sweep:
    """A sweep in `path`, ended or under way."""

    path: Path

    @cached_property
    def plan(self) -> SweepPlan:
        """Its settings."""
        return read_plan(self.path)

    @property
    def trials(self) -> list[Trial]:
        """The trials so far, by number."""
        return [trial for _, trial in sorted(Journal(self.path).trials.items())]

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each trial: COLUMNS, a column for each varied key, and `why` one ended early."""
        import pandas as pd

        keys = list(self.plan.vary)
        rows = [
            [
                trial.number,
                trial.state,
                trial.val_accuracy,
                trial.epochs,
                trial.train_seconds,
                *(trial.parameters[key] for key in keys),
                trial.why,
            ]
            for trial in self.trials
        ]
        table = pd.DataFrame(rows, columns=[*COLUMNS, *keys, "why"])
        return table.astype({"val_accuracy": "float64", "train_seconds": "float64"})

    @property
    def best(self) -> Trial | None:
        """The complete trial with the highest validation accuracy; its one seed may have been lucky."""
        return best_of(self.trials)

    @property
    def winner(self) -> Repeats | None:
        """The best trial's setting trained with other seeds; None where it was not, or not yet."""
        best = self.best
        folder = None if best is None else self.path / best.winner_folder
        return Repeats(folder) if folder is not None and is_repeats(folder) else None

    @property
    def figures(self) -> dict[str, Path]:
        """The pictures by name: `parallel`, `importance`."""
        return {path.stem: path for path in sorted((self.path / FIGURES).glob("*.png"))}

    @property
    def csv(self) -> Path:
        """The table as a file."""
        return self.path / TABLE

    @property
    def summary(self) -> dict[str, Any]:
        """sweep.json: the results; {} while the sweep is under way."""
        return read_object(self.path / SUMMARY) if (self.path / SUMMARY).is_file() else {}

    def run_of(self, trial: Trial) -> Run:
        """The run of a trial."""
        return Run(self.path / trial.name)

    def importance(self) -> dict[str, float]:
        """How much of the difference between trials each key explains, largest first, summing to 1; {} where
        too few trials are complete to tell.

        By functional ANOVA (Hutter, Hoos and Leyton-Brown 2014) with Optuna's evaluator.
        """
        complete = [trial for trial in self.trials if trial.state == "complete"]
        accuracies = {trial.val_accuracy for trial in complete}
        if len(complete) < LEAST_FOR_IMPORTANCE or len(accuracies) < 2:
            return {}
        from optuna.importance import FanovaImportanceEvaluator, get_param_importances

        study = study_of(self.plan.space, complete)
        try:
            found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
        except (ValueError, RuntimeError):
            return {}
        return {key: float(value) for key, value in found.items() if math.isfinite(value)}

    def metrics(self) -> dict[str, float]:
        """The figures that MLflow shows of the sweep as a whole."""
        best, winner = self.best, self.winner
        found = {} if best is None or best.val_accuracy is None else {"best_val_accuracy": best.val_accuracy}
        winner_metrics = {} if winner is None else winner.metrics()
        return {**found, **{f"winner_{name}": value for name, value in winner_metrics.items()}}

    def write_table(self) -> None:
        """Write trials.csv."""
        with os_errors_as_hundred_errors(self.csv):
            safe = self.table.map(csv_safe).rename(columns=csv_safe)
            write_text(self.csv, safe.to_csv(index=False, lineterminator="\n"))

    def write(self, seconds: float, *, figures: bool) -> None:
        """Write sweep.json and, with `figures`, the figures and the page. seconds: that the sweep took,
        this time."""
        importance = self.importance()
        with os_errors_as_hundred_errors(self.path / SUMMARY):
            write_json(self.path / SUMMARY, json_safe(self._content(seconds, importance)))
        if figures:
            drawn = self._draw(importance)
            with os_errors_as_hundred_errors(self.path / FIGURES):
                (self.path / FIGURES).mkdir(exist_ok=True)
                for name, figure in drawn.items():
                    save(figure, self.path / FIGURES / f"{name}.png")
            self._write_page(drawn)

    def write_page(self) -> Path:
        """Write report.html from what the sweep has so far, and return its path."""
        return self._write_page(self._draw(self.importance()))

    def _write_page(self, drawn: "dict[str, Figure]") -> Path:
        from hundred.sweeps.page import PageContents, render

        titles = {"parallel": "Settings and accuracy of the trials", "importance": "Which setting mattered"}
        contents = PageContents(
            self.path.resolve().name,
            str(self.path),
            self.plan,
            self.trials,
            self.table,
            self.best,
            self.winner,
            {titles[name]: figure for name, figure in drawn.items()},
        )
        path = self.path / REPORT
        with os_errors_as_hundred_errors(path):
            write_text(path, render(contents))
        return path

    def _content(self, seconds: float, importance: dict[str, float]) -> dict[str, Any]:
        plan, trials, best, winner = self.plan, self.trials, self.best, self.winner
        return {
            "name": self.path.resolve().name,
            "recipe": plan.recipe["name"],
            "data": plan.data_name,
            "search": plan.search,
            "seed": plan.seed,
            "vary": plan.vary,
            "trials": {
                state: count for state in STATES if (count := sum(trial.state == state for trial in trials))
            },
            "best": None
            if best is None
            else {"trial": best.number, "val_accuracy": best.val_accuracy, "parameters": best.parameters},
            "winner": None
            if winner is None
            else {"folder": winner.path.name, **{k: v for k, v in winner.summary.items() if k != "name"}},
            "importance": importance,
            "seconds": seconds,
        }

    def _draw(self, importance: dict[str, float]) -> "dict[str, Figure]":
        """The figures by name: `parallel`, `importance`; without those that there are too few trials for."""
        from hundred.reports.figures.sweeps import draw_importance, draw_parallel

        provenance = Provenance(self.plan.data_name, "holdout")
        table = self.table.dropna(subset=["val_accuracy"])
        logarithmic = {p.key for p in self.plan.space if isinstance(p, Range) and p.log}
        keys, found = list(self.plan.vary), {}
        if len(table):
            found["parallel"] = draw_parallel(table, keys, logarithmic=logarithmic, provenance=provenance)
        if importance:
            count = int((table["state"] == "complete").sum())
            found["importance"] = draw_importance(importance, count, provenance=provenance)
        return found

    def __repr__(self) -> str:
        best = self.best
        what = (
            "no trial is complete"
            if best is None
            else f"best {best.name}, {best.val_accuracy:.2%} validation"
        )
        return f"Sweep({str(self.path)!r}: {len(self.trials)} trials, {what})"


def open_sweep(path: str | Path) -> Sweep:
    """The sweep in the directory `path`. Raises HundredError where there is none."""
    path = Path(path)
    if not is_sweep(path):
        raise HundredError(f"{path} is not a sweep: it has no {PLAN}")
    return Sweep(path)


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The complete trial with the highest validation accuracy, the earliest of equals; None where none is."""
    complete = [trial for trial in trials if trial.state == "complete" and trial.val_accuracy is not None]
    return min(complete, key=lambda trial: (-(trial.val_accuracy or 0.0), trial.number), default=None)
