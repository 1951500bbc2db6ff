"""The study's page: one self-contained HTML file with its figures inside."""

import base64
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from hundred.evaluation.compare.cost import pareto_front
from hundred.formatting import duration, file_size, number, percent, points
from hundred.reports.figures.classes import draw_class_changes
from hundred.reports.figures.curves import compare_curves
from hundred.reports.figures.pareto import draw_pareto
from hundred.reports.figures.published import draw_published
from hundred.reports.figures.style import Provenance, as_bytes
from hundred.study.pairs import PAIRS, Pair, pair_of
from hundred.study.systems import NAMES, system_of
from hundred.version import __version__

if TYPE_CHECKING:
    from hundred.study.result import Study

MOST_CLASSES = 15
CURVES = "Curves of the first run of each system"


def render(study: "Study") -> str:
    """The page of `study` as HTML."""
    pair = pair_of(study.runs, *PAIRS[0])
    return _environment().get_template("study.html").render(
        study=study,
        rows=[_row(dict(row)) for _, row in study.table.iterrows()],
        settings=_settings(study),
        devices=" and ".join(sorted(set(study.table["device"]))),
        absent=[name for name in NAMES if name not in study.runs],
        figures=[(name, title, _inline(figure)) for name, title, figure in _figures(study, pair)],
        lessons=study.lessons,
        changes=[] if pair is None else _changes(pair),
        pair=pair,
        warnings=_warnings(study),
        verdicts=[found.verdict for names in PAIRS if (found := pair_of(study.runs, *names)) is not None],
        command=_command(study),
        made_by=__version__,
    )  # fmt: skip


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the table as it is printed."""
    system = system_of(row["recipe"])
    spread = f"± {100 * row['sd']:.2f}" if row["runs"] > 1 else ""
    return {
        **row,
        "published": system.published,
        "note": system.note,
        "interval_text": f"{percent(row['low'], 1)} to {percent(row['high'], 1)}",
        "spread": spread,
        "short": f"{row['epochs']:g} of {row['recipe_epochs']}",
        "outcome": points(row["difference"]),
        "in_all": duration(row["total_seconds"]),
    }


def _figures(study: "Study", pair: Pair | None) -> list[tuple[str, str, Figure]]:
    first = next(iter(study.runs.values()))[0].result
    provenance = Provenance(first["data"], first["protocol"])
    table = study.table
    histories = {name: runs[0].history for name, runs in study.runs.items()}
    costs = table.assign(name=table["recipe"], accuracy=table["test_accuracy"]).assign(
        pareto=pareto_front(table["train_seconds"].tolist(), table["test_accuracy"].tolist())
    )
    what = (
        "the best epoch's validation accuracy"
        if first["protocol"] == "test-as-validation"
        else "test accuracy"
    )
    shift = table["measured"] - table["test_accuracy"]
    moved = table.assign(low=table["low"] + shift, high=table["high"] + shift)
    note = f"measured: {what}; published: the best validation accuracy, on the test images"
    if first["data"] == "sample":
        note = "published figures are of CIFAR-100, measured ones of the sample set: not to be compared"
    found = [
        ("published", "Measured against published", draw_published(moved, note=note, provenance=provenance)),
        ("curves", CURVES, compare_curves(histories, title=CURVES, provenance=provenance)),
        ("pareto", "Accuracy against training time", draw_pareto(costs, provenance=provenance)),
    ]  # fmt: skip
    if pair is not None:
        changes = draw_class_changes(
            pair.classes, (pair.revisited, pair.first), most=MOST_CLASSES, provenance=provenance
        )
        found.append(("changes", f"Classes: {pair.revisited} against {pair.first}", changes))
    return found


def _changes(pair: Pair) -> list[dict[str, Any]]:
    return [dict(row) for _, row in pair.classes.iterrows()]


def _settings(study: "Study") -> list[tuple[str, str]]:
    """What was set over the recipes, with the names of the systems that it was set for."""
    table = study.table[study.table["changed"] != ""]
    return [
        (str(setting), ", ".join(rows["recipe"])) for setting, rows in table.groupby("changed", sort=False)
    ]


def _warnings(study: "Study") -> list[str]:
    """What must be known before any figure is read."""
    table, found = study.table, []
    if study.plan.data == "sample":
        found.append(
            "These runs are of the drawn sample set, not of CIFAR-100: "
            "no figure here can be compared with a published one."
        )
    if table["cut_short"].any():
        names = ", ".join(table.loc[table["cut_short"], "recipe"])
        found.append(f"Cut short, with fewer epochs than the recipe has: {names}.")
    if (table["changed"] != "").any():
        found.append("Some recipes ran with other settings than they ship with, named below the table.")
    if (table["protocol"] == "test-as-validation").any():
        found.append("The test images chose the best epoch, as in the study: such figures flatter.")
    elif study.plan.data != "sample":
        found.append(
            "The study's own figures are the best of all epochs on the test images, and so flatter; "
            "these here read the test images once, at the end."
        )
    return found  # fmt: skip


def _command(study: "Study") -> str:
    plan = study.plan
    words = ["hundred study", f"--name {study.path.name.removeprefix('study-')}"]
    words += ["--quick"] if plan.quick else []
    words += [f"--epochs {plan.epochs}"] if plan.epochs and not plan.quick else []
    words += [f"--minutes {plan.minutes:g}"] if plan.minutes else []
    words += [f"--protocol {plan.protocol}"] if plan.protocol != "holdout" else []
    return " ".join(words)


def _inline(figure: Figure) -> str:
    return base64.b64encode(as_bytes(figure, "png")).decode("ascii")


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
