"""report.html: the page of a run, or of several side by side, computed from their run directories."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.data.dataset import Dataset
from hundred.errors import HundredError, UsageError
from hundred.evaluation.compare.comparison import Comparison
from hundred.evaluation.doctor.diagnosis import doctor as diagnose
from hundred.experiment.compare import Entry, compare_entries, entry_of, names_of
from hundred.experiment.locate import page_path, writing
from hundred.experiment.report.contents import run_report
from hundred.experiment.report.figures import draw_figures
from hundred.experiment.report.model_file import file_report
from hundred.experiment.report.recipe_changes import differing_settings
from hundred.experiment.report.run_images import RunImages
from hundred.experiment.report.tables import write_tables
from hundred.files import make_folder, write_text
from hundred.recipe.load import load_recipe
from hundred.reports.page.data import ReportData, RunReport
from hundred.reports.page.render import lost_sections, render_page, write_page
from hundred.runs.layout import RECIPE, REPORT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run
from hundred.version import __version__

if TYPE_CHECKING:
    from hundred.experiment.compare import Side

# The findings on a run, as `RunReport.doctor`; None where there is nothing to diagnose.
Doctor = Callable[[Run], Mapping[str, Any] | None]


def doctor_findings(run: Run) -> dict[str, Any] | None:
    """The doctor's findings on `run` in sentences, as `RunReport.doctor`; None where it has no epochs."""
    try:
        diagnosis = diagnose(run)
    except HundredError:
        return None
    findings = [{**finding.as_dict(), "evidence": finding.sentence} for finding in diagnosis.findings]
    return {"findings": findings, "verdict": diagnosis.verdict}


def write_run_report(run: Run, report: RunReport | None = None) -> Path:
    """Write report.html into the directory of `run`, and return its path.

    report: of `run_report`; None to make one without images.

    Raises HundredError where a file of the run is damaged or the page cannot be written.
    """
    path = run.path / REPORT
    report = run_report(run) if report is None else report
    page = ReportData([replace(report, doctor=doctor_findings(run))], made_by=__version__)
    with os_errors_as_hundred_errors(path):
        return write_page(path, page)


def write_report(
    *what: "Side",
    out: str | Path | None = None,
    data: str | Path | Dataset | None = None,
    notes: list[str] | None = None,
    doctor: Doctor | None = doctor_findings,
    svg: bool = False,
    **opening: Any,
) -> Path:
    """Write the page of one run or model file, or of several (and folders of repeats) side by side.

    Returns its path. A single finished run that has no page yet also gets its figures/*.png and tables/*.csv.
    A model file is tested for it, and has what needs no history: classes, confusions,
    galleries, calibration, doubted labels.

    out: the file, or a folder for it. Default: report.html in the run directory, in the folder of repeats,
        or, for several, in the folder that holds the first of them; NAME-report.html beside a model file.
    data: the images that the runs were tested on; where None, they are looked for, not downloaded.
    notes: a list that gets a sentence for each part that the page lacks, and why.
    doctor: gives the findings on each run; None for a page without them.
    svg: also write the charts of each run as figures/*.svg into its directory.
    opening: scale, output, device, custom_objects, allow_lambda of model files, as for `hundred.test`.

    Raises UsageError for a wrong call, HundredError where a run is damaged or the page cannot be written.
    """
    notes = notes if notes is not None else []
    entries = [entry_of(each) for each in what]
    if not entries:
        raise UsageError("report needs at least one run")
    path = _target(entries, out)
    runs = _named_runs(entries)
    images = RunImages(data, notes)
    reports = _run_reports(runs, images, doctor, notes, svg=svg)
    if len(entries) == len(runs) == 1 and out is None and not path.is_file():
        _draw_rest(next(iter(runs.values())), reports[0], images, notes)
    named = zip(entries, names_of(entries), strict=True)
    reports += [
        file_report(entry.path, name, data, notes, opening) for entry, name in named if not entry.runs
    ]
    page = ReportData(
        reports,
        settings=differing_settings(list(runs.values())) if len(runs) > 1 else None,
        comparison=_comparison(entries, data, notes, opening) if len(entries) > 1 else None,
        made_by=__version__,
    )
    with writing(path):
        if out is None:
            return _write_unless_poorer(path, page, notes)
        make_folder(path)  # a page that --out names is the user's own choice
        return write_page(path, page)


def _run_reports(
    runs: Mapping[str, Run], images: RunImages, doctor: Doctor | None, notes: list[str], *, svg: bool
) -> list[RunReport]:
    reports = []
    for name, run in runs.items():
        report = run_report(run, images.of(run))
        report = replace(report, doctor=doctor(run) if doctor is not None else None)
        reports.append(replace(report, result={**report.result, "name": name}))
        if svg:
            failed = draw_figures(run, report, kind="svg")
            notes += [f"a figure could not be drawn: {fault}" for fault in failed]
    return reports


def _draw_rest(run: Run, report: RunReport, images: RunImages, notes: list[str]) -> None:
    """Tables and figures of a finished run that has no page, as where it was stopped while it drew them."""
    if not run.finished or not (run.path / RECIPE).is_file():
        return
    dataset = images.of(run)
    if dataset is not None and report.classes is not None:
        write_tables(run, dataset, run.predictions()["test_logits"])
    failed = draw_figures(run, report, load_recipe(run.path / RECIPE).recipe, dataset)
    notes += [f"a figure could not be drawn: {fault}" for fault in failed]


def _write_unless_poorer(path: Path, data: ReportData, notes: list[str]) -> Path:
    """Write the page, unless the one that is there has more: galleries, where the images are not here now."""
    page = render_page(data)
    lost = lost_sections(path.read_text("utf-8", errors="replace"), page) if path.is_file() else []
    if lost:
        notes.append(
            f"{path} is left as it is, since a new page would lack: {', '.join(dict.fromkeys(lost))}; "
            "--out FILE writes the new page elsewhere"
        )
    else:
        write_text(path, page)
    return path


def _named_runs(entries: Sequence[Entry]) -> dict[str, Run]:
    """All runs of `entries` by names that tell them apart; a repeat is named by its folder and its own."""
    found = {}
    for entry, name in zip(entries, names_of(entries), strict=True):
        for run in entry.runs:
            found[name if len(entry.runs) == 1 and run.path == entry.path else f"{name}/{run.name}"] = run
    return found


def _comparison(
    entries: Sequence[Entry], data: Any, notes: list[str], opening: Mapping[str, Any]
) -> Comparison | None:
    files = any(not entry.runs for entry in entries)
    try:
        return compare_entries(entries, data, **opening) if files else compare_entries(entries)
    except HundredError as error:
        notes.append(f"the page has no comparison: {str(error).splitlines()[0]}")
        return None


def _target(entries: Sequence[Entry], out: str | Path | None) -> Path:
    if out is None:
        first = entries[0].path
        if not entries[0].runs and len(entries) == 1:
            return first.with_name(f"{first.stem}-{REPORT}")
        return (first if len(entries) == 1 else first.resolve().parent) / REPORT
    return page_path(out)
