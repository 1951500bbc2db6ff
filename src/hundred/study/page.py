"""The study's page: one self-contained HTML file with its figures inside."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from hundred.errors import HundredError
from hundred.evaluation.compare.cost import pareto_front
from hundred.evaluation.doctor.diagnosis import doctor
from hundred.formatting import command, duration, file_size, number, percent, points
from hundred.reports.figures.classes import draw_class_changes
from hundred.reports.figures.pareto import draw_pareto
from hundred.reports.figures.published import draw_published
from hundred.reports.figures.published_curves import draw_published_curves
from hundred.reports.figures.style import Provenance, as_inline_svg
from hundred.runs.run import Run
from hundred.study.lessons import Lesson, whole_runs
from hundred.study.pairs import PAIRS, Pair, pair_of
from hundred.study.plan import StudyPlan
from hundred.study.published import SCHOOL, published_histories
from hundred.study.quick_data import NAME
from hundred.study.systems import CIFAR100, NAMES, system_of
from hundred.version import __version__

MOST_CLASSES = 15
CURVES = "Curves of the first run of each system"


@dataclass(frozen=True)
class PageContents:
    """Everything that the page shows: a study's folder, settings, missing systems, finished runs by system
    (one or more), table and lessons."""

    path: Path
    plan: StudyPlan
    missing: dict[str, str]
    runs: dict[str, list[Run]]
    table: pd.DataFrame
    lessons: list[Lesson]

    @property
    def name(self) -> str:
        """The study's name, as of its folder."""
        return self.path.resolve().name


def render(contents: PageContents) -> str:
    """The page as HTML."""
    pair = pair_of(whole_runs(contents.runs), *PAIRS[0])
    changes = [] if pair is None else [dict(row) for _, row in pair.classes.iterrows()]
    table = contents.table
    return _environment().get_template("study.html").render(
        contents=contents,
        rows=[_row(dict(row)) for _, row in table.iterrows()],
        settings=_settings(table),
        devices=" and ".join(sorted(set(table["device"]))),
        absent=[name for name in NAMES if name not in contents.runs],
        figures=[
            (name, title, Markup(as_inline_svg(figure)))  # noqa: S704 - matplotlib escapes all text in it
            for name, title, figure in _figures(contents, pair)
        ],
        diagnoses=_diagnoses(contents.runs),
        energy=bool(table["energy_joules"].notna().any()),
        changes=changes,
        pair=pair,
        warnings=_warnings(contents),
        verdicts=_verdicts(contents),
        comparable=contents.plan.data == CIFAR100,
        command=command("study", contents.path.resolve(), "--resume"),
        data=_data_text(contents.plan.data),
        made_by=__version__,
    )  # fmt: skip


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table as it is printed."""
    system = system_of(row["recipe"])
    return {
        **row,
        "published": system.published,
        "note": system.note,
        "interval_text": f"{percent(row['low'])} to {percent(row['high'])}",
        "spread": f"± {100 * row['sd']:.2f}" if row["runs"] > 1 else "",
        "epochs_text": f"{row['epochs']:g} of {row['recipe_epochs']}",
        "difference_text": points(row["difference"]),
        "in_all": duration(row["total_seconds"]),
        "energy_text": _watt_hours(row["energy_joules"]),
    }


def _watt_hours(joules: float | None) -> str:
    return "–" if joules is None or pd.isna(joules) else f"{joules / 3600:,.3g} Wh"


def _figures(contents: PageContents, pair: Pair | None) -> list[tuple[str, str, Figure]]:
    table, first = contents.table, next(iter(contents.runs.values()))[0].result
    published = published_histories() if first["data"] == CIFAR100 else {}
    # Figures of the quick data are marked as those of the sample set, of which it is a part.
    data = "sample" if first["data"] == NAME else first["data"]
    provenance = Provenance(data, first["protocol"])
    title = f"{CURVES}, over the published ones" if published else CURVES
    histories = {name: runs[0].history for name, runs in contents.runs.items()}
    curves = draw_published_curves(
        histories, published, highlight=SCHOOL if published else "", title=title, provenance=provenance
    )
    costs = table.assign(name=table["recipe"], accuracy=table["test_accuracy"]).assign(
        pareto=pareto_front(table["train_seconds"].tolist(), table["test_accuracy"].tolist())
    )
    found = [
        ("published", "Measured accuracy of each system", _draw_published(table, first, provenance)),
        ("curves", title, curves),
        ("pareto", "Accuracy against training time", draw_pareto(costs, provenance=provenance)),
    ]
    if pair is not None:
        names = (pair.revisited, pair.first)
        changes = draw_class_changes(pair.classes, names, most=MOST_CLASSES, provenance=provenance)
        found.append(("changes", f"Classes: {pair.revisited} against {pair.first}", changes))
    return found


def _draw_published(table: pd.DataFrame, first: dict[str, Any], provenance: Provenance) -> Figure:
    best_epoch = first["protocol"] == "test-as-validation"
    measured = "the best epoch's validation accuracy" if best_epoch else "test accuracy"
    title = "Measured beside published"
    note = f"measured: {measured}; published: the best validation accuracy, on the test images"
    if first["data"] != CIFAR100:  # published figures, of other images, would look comparable
        table = table.assign(published_low=float("nan"), published_high=float("nan"))
        title, note = "Measured", measured
    # The interval is of test accuracy; around another figure it has the same width.
    shift = table["measured"] - table["test_accuracy"]
    moved = table.assign(low=table["low"] + shift, high=table["high"] + shift)
    return draw_published(moved, title=title, note=note, provenance=provenance)


def _diagnoses(runs: dict[str, list[Run]]) -> list[dict[str, Any]]:
    """What the doctor finds in the first run of each system."""
    found = []
    for name, of_system in runs.items():
        run = of_system[0]
        try:
            diagnosis = doctor(run)
        except HundredError as error:
            found.append({"system": name, "seed": run.result.get("seed"), "verdict": str(error), "names": ""})
            continue
        names = ", ".join(diagnosis.names)
        found.append(
            {"system": name, "seed": run.result.get("seed"), "verdict": diagnosis.verdict, "names": names}
        )
    return found


def _verdicts(contents: PageContents) -> list[str]:
    """A comparison of each pair of which both went to their end."""
    whole = whole_runs(contents.runs)
    return [pair.verdict for names in PAIRS if (pair := pair_of(whole, *names)) is not None]


def _settings(table: pd.DataFrame) -> list[tuple[str, str]]:
    """What was set over the recipes, with the names of the systems that it was set for."""
    changed = table[table["changed"] != ""]
    return [
        (str(setting), ", ".join(rows["recipe"])) for setting, rows in changed.groupby("changed", sort=False)
    ]


def _warnings(contents: PageContents) -> list[str]:
    """What must be known to read the figures."""
    table, found = contents.table, []
    if contents.plan.data != CIFAR100:
        found.append(
            f"These runs are of {_data_text(contents.plan.data)}, not of CIFAR-100: "
            "no figure here can be compared with a published one."
        )
    if table["cut_short"].any():
        names = ", ".join(table.loc[table["cut_short"], "recipe"])
        found.append(
            f"Cut short, with fewer epochs than the recipe has: {names}. Their accuracies are not what these "
            "recipes reach, and no lesson is judged from them."
        )
    if (table["changed"] != "").any():
        found.append("Some recipes ran with other settings than they ship with, named below the table.")
    if (table["protocol"] == "test-as-validation").any():
        found.append("The test images chose the best epoch, as in the study: such figures flatter.")
    elif contents.plan.data == CIFAR100:
        found.append(
            "The study's own figures are the best of all epochs on the test images, and so flatter; "
            "these here read the test images once, at the end."
        )
    return found


def _data_text(data: str) -> str:
    """The images of a study in words."""
    texts = {
        CIFAR100: "CIFAR-100",
        "sample": "the drawn sample set",
        NAME: "ten classes of the drawn sample set, made easy by a colour each",
    }
    return texts.get(data, data)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hundred.study", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "percent": percent,
        "points": points,
        "duration": duration,
        "size": file_size,
        "number": number,
    }
    environment.filters.update(filters)
    return environment
