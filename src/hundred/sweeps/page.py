"""A sweep's page: one self-contained HTML file with its figures inside."""

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from hundred.formatting import command, duration, percent, plural
from hundred.reports.figures.style import Provenance, as_inline_svg
from hundred.reports.figures.sweeps import draw_trial_curves
from hundred.runs.repeats import Repeats
from hundred.sweeps.journal import Trial
from hundred.sweeps.plan import SweepPlan
from hundred.version import __version__

MOST_ROWS = 500


@dataclass(frozen=True)
class PageContents:
    """What the page shows: the sweep's name and path as text, its plan, trials, table, best trial, winner,
    and figures by title."""

    name: str
    path: str
    plan: SweepPlan
    trials: list[Trial]
    table: pd.DataFrame
    best: Trial | None
    winner: Repeats | None
    figures: dict[str, Figure]


def render(contents: PageContents) -> str:
    """The page as HTML."""
    plan, winner = contents.plan, contents.winner
    figures = dict(contents.figures)
    curves = {trial.name: trial.curve for trial in contents.trials if trial.curve}
    if curves:
        best = "" if contents.best is None else contents.best.name
        figures["Validation accuracy by epoch"] = draw_trial_curves(
            curves, best, provenance=Provenance(plan.data_name)
        )
    ranked = contents.table.sort_values("val_accuracy", ascending=False, kind="stable")
    return _environment().get_template("sweep.html").render(
        resume=command("sweep", Path(contents.path).resolve(), "--resume"),
        contents=contents,
        plan=plan,
        keys=list(plan.vary),
        states=_states(contents.trials),
        settings=_settings(contents),
        winner=None if winner is None else _winner(winner),
        figures=[
            (title, Markup(as_inline_svg(figure)))  # noqa: S704 - matplotlib escapes all text in it
            for title, figure in figures.items()
        ],
        rows=[_row(dict(row), plan) for _, row in ranked.head(MOST_ROWS).iterrows()],
        left_out=max(0, len(ranked) - MOST_ROWS),
        seconds=duration(contents.table["train_seconds"].sum()),
        made_by=__version__,
    )  # fmt: skip


def _states(trials: list[Trial]) -> str:
    """Such as `12 trials: 9 complete, 3 pruned`."""
    counts = Counter(trial.state for trial in trials).most_common()
    states = ", ".join(f"{count} {state.replace('-', ' ')}" for state, count in counts)
    return f"{plural(len(trials), 'trial')}: {states}" if states else plural(0, "trial")


def _settings(contents: PageContents) -> str:
    """The best trial's values as options of `hundred train`; '' without one."""
    if contents.best is None:
        return ""
    values = contents.best.parameters
    return " ".join(f"--set {key}={_text(value)}" for key, value in values.items())


def _winner(winner: Repeats) -> dict[str, Any]:
    summary = winner.summary
    return {
        "folder": winner.path.name,
        "seeds": ", ".join(str(seed) for seed in summary["seeds"]),
        "test": _figure(summary["test_accuracy"]),
        "validation": _figure(summary["val_accuracy"]),
        "runs": [
            {
                "name": run.name,
                "test": percent(run.result.get("test_accuracy")),
                "validation": percent(run.result.get("val_accuracy")),
                "training": duration(run.result.get("train_seconds")),
            }
            for run in winner.runs
        ],
    }


def _figure(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return percent(None)
    if figure["low"] is None:
        return percent(figure["mean"])
    low, high = max(0.0, figure["low"]), min(1.0, figure["high"])
    return f"{percent(figure['mean'])} (95 % interval {percent(low)} to {percent(high)})"


def _row(row: dict[str, Any], plan: SweepPlan) -> dict[str, Any]:
    return {
        "trial": row["trial"],
        "state": row["state"],
        "accuracy": percent(row["val_accuracy"]),
        "epochs": row["epochs"],
        "training": duration(row["train_seconds"]),
        "values": [_text(row[key]) for key in plan.vary],
        "why": row["why"],
    }


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("hundred.sweeps", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
