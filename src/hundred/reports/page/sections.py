"""The sections of one run: each from its part of the report, left out where there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hundred.formatting import is_known, number, percent, readable
from hundred.reports.figures.samples import ClassGallery
from hundred.reports.figures.stages import stages
from hundred.reports.milestones import STOP_REASONS, milestones
from hundred.reports.page import tables
from hundred.reports.page.curve_plots import RunCurves, curve_plots
from hundred.reports.page.data import Gallery, RunReport
from hundred.reports.page.images import Picture, picture
from hundred.reports.page.matrix import confusion_svg


@dataclass(frozen=True)
class Section:
    """A part of the page. kind: the template that prints it; parts: what that template needs."""

    key: str
    title: str
    kind: str
    parts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> bool:
        """Whether it shows figures, which carry the marks of their data and protocol."""
        return self.kind not in ("recipe", "network", "repeat") and self.key != "settings"


def run_sections(run: RunReport, prefix: str) -> list[Section]:
    """All sections of a run; `prefix` keeps the ids of several runs apart."""
    makers = (
        _doctor, _curves, _recipe, _network, _classes, _superclasses, _confusion,
        _class_galleries, _galleries, _reliability, _label_errors, _repeat,
    )  # fmt: skip
    found = (maker(run, prefix) for maker in makers)
    return [section for section in found if section is not None]


def _doctor(run: RunReport, prefix: str) -> Section | None:
    if run.doctor is None:
        return None
    findings = [
        {
            **finding,
            "advice": _as_lines(finding.get("try")),
            "evidence": _as_lines(finding.get("evidence")),
            "title": readable(str(finding.get("name", ""))).replace("-", " "),
            "sure": percent(finding.get("confidence"), 0),
        }
        for finding in run.doctor.get("findings", ())
    ]
    return Section(
        f"{prefix}doctor",
        "Doctor",
        "doctor",
        {"findings": findings, "verdict": run.doctor.get("verdict")},
    )


def _as_lines(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return [f"{key}: {item}" for key, item in value.items()]
    return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]


def _curves(run: RunReport, prefix: str) -> Section | None:
    if run.history is None or not len(run.history):
        return None
    marks = run.marks or milestones(run.history, stopped=run.result.get("stopped"))
    findings = _marked_findings(run)
    parts = {
        "plots": curve_plots([RunCurves(run.name, run.history, marks, run.rates, findings)]),
        "findings": findings,
        "note": _smoothing_note(run),
        "stop_reason": STOP_REASONS.get(marks.stop_reason, marks.stop_reason),
        "table": tables.history_rows(f"{prefix}epochs", run.history),
        "marks": marks,
        "several": False,
    }
    return Section(f"{prefix}curves", "Curves", "curves", parts)


def _marked_findings(run: RunReport) -> list[tuple[str, float]]:
    """The findings of the doctor that have a first epoch and are a fault, which the curves mark."""
    return [
        (str(finding["name"]), float(finding["since_epoch"]))
        for finding in (run.doctor or {}).get("findings", ())
        if finding.get("since_epoch") is not None and finding.get("name") != "healthy"
    ]


def _smoothing_note(run: RunReport) -> str:
    if not run.label_smoothing:
        return ""
    return (
        f"The training loss is of labels smoothed by {run.label_smoothing:g}, the validation loss of the "
        "labels as they are: do not compare the two."
    )


def _recipe(run: RunReport, prefix: str) -> Section | None:
    if run.recipe_text is None:
        return None
    table = None
    if run.changes is not None and run.parent:
        name = str(run.result.get("recipe") or run.name)
        table = tables.recipe_rows(f"{prefix}changes", run.changes, name, run.parent)
    parts = {"text": run.recipe_text, "parent": run.parent, "table": table}
    return Section(f"{prefix}recipe", "Recipe", "recipe", parts)


def _network(run: RunReport, prefix: str) -> Section | None:
    if not run.layers:
        return None
    drawn = stages(run.layers)
    parts = {
        "stages": drawn,
        "total": sum(stage.parameters for stage in drawn),
        "table": tables.layer_rows(f"{prefix}layers", run.layers),
    }
    return Section(f"{prefix}network", "Network", "network", parts)


def _classes(run: RunReport, prefix: str) -> Section | None:
    if run.classes is None:
        return None
    return Section(
        f"{prefix}classes",
        "Classes" if run.superclasses is None else "Fine classes",
        "table",
        {"table": tables.class_rows(f"{prefix}class-table", run.classes)},
    )


def _superclasses(run: RunReport, prefix: str) -> Section | None:
    if run.superclasses is None:
        return None
    table = tables.superclass_rows(f"{prefix}superclass-table", run.superclasses)
    note = (
        "Bar: mean error over the superclass' fine classes. Whiskers: from its easiest to its hardest class."
    )
    return Section(f"{prefix}superclasses", "Superclasses", "table", {"table": table, "note": note})


def _confusion(run: RunReport, prefix: str) -> Section | None:
    if run.confusion is None:
        return None
    parts = {
        "matrix": confusion_svg(run.confusion),
        "table": tables.pair_rows(f"{prefix}pairs", run.confusion),
    }
    return Section(f"{prefix}confusion", "Confusions", "confusion", parts)


def _class_galleries(run: RunReport, prefix: str) -> Section | None:
    parts = [("Worst", _gallery_rows(run.worst)), ("Best", _gallery_rows(run.best))]
    if not any(rows for _, rows in parts):
        return None
    return Section(f"{prefix}extremes", "Worst and best classes", "extremes", {"groups": parts})


def _gallery_rows(galleries: Sequence[ClassGallery]) -> list[dict[str, Any]]:
    return [
        {
            "name": readable(gallery.name),
            "superclass": readable(gallery.superclass),
            "error": percent(gallery.error, 1),
            "pictures": _pictures(gallery),
        }
        for gallery in galleries
    ]


def _pictures(gallery: Gallery | ClassGallery) -> list[Picture]:
    return [picture(shot) for shot in gallery.shots]


def _galleries(run: RunReport, prefix: str) -> Section | None:
    filled = [gallery for gallery in run.galleries if gallery.shots]
    if not filled:
        return None
    groups = [{"title": g.title, "note": g.note, "pictures": _pictures(g)} for g in filled]
    return Section(
        f"{prefix}images",
        "Single images",
        "galleries",
        {"groups": groups, "label": "true class, then the prediction"},
    )


def _reliability(run: RunReport, prefix: str) -> Section | None:
    if run.reliability is None:
        return None
    table = run.reliability
    most = max(1, int(table["count"].max()))
    bins = [
        {
            "left": 100 * row["low"],
            "width": 100 * (row["high"] - row["low"]),
            "accuracy": 100 * row["accuracy"] if is_known(row["accuracy"]) else None,
            "confidence": 100 * row["confidence"] if is_known(row["confidence"]) else None,
            "count": 100 * row["count"] / most,
        }
        for row in table.to_dict("records")
    ]
    parts = {
        "bins": bins,
        "most": number(most),
        "smoothing": run.label_smoothing,
        "error": percent(run.result.get("calibration_error"), 2),
        "table": tables.reliability_rows(f"{prefix}bins", table),
    }
    return Section(f"{prefix}reliability", "Reliability", "reliability", parts)


def _label_errors(run: RunReport, prefix: str) -> Section | None:
    if run.label_errors is None:
        return None
    shots = [picture(shot, ("labelled", "looks like")) for shot in run.label_errors.shots]
    group = {"title": "", "note": run.label_errors.note, "pictures": shots}
    return Section(
        f"{prefix}labels",
        "Suspected label errors",
        "galleries",
        {"groups": [group], "label": "given label, then the suggested one"},
    )


def _repeat(run: RunReport, prefix: str) -> Section | None:
    if not run.repeat and run.environment is None:
        return None
    rows = [
        (readable(str(key)), value if is_known(value) else "–")
        for key, value in (run.environment or {}).items()
    ]
    flat = [(key, value) for key, value in rows if not isinstance(value, Mapping | list | tuple)]
    return Section(
        f"{prefix}repeat",
        "Environment and how to repeat it",
        "repeat",
        {"commands": list(run.repeat), "rows": flat},
    )
