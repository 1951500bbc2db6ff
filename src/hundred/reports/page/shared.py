"""The sections that several runs share: which is better, figures and curves side by side, what differs."""

from collections.abc import Sequence

from hundred.formatting import MISSING, plural
from hundred.reports.milestones import milestones
from hundred.reports.page import tables
from hundred.reports.page.curve_plots import RunCurves, curve_plots
from hundred.reports.page.data import ReportData, RunReport
from hundred.reports.page.headlines import Headline, headlines
from hundred.reports.page.scatter_plot import scatter_plot
from hundred.reports.page.sections import Section


def shared_sections(data: ReportData) -> list[Section]:
    """The sections before those of the single runs; none where there is one run only."""
    if len(data.runs) < 2:
        return []
    sections = (
        _comparison(data),
        Section("figures", "Figures side by side", "table", {"table": _side_by_side(data.runs)}),
        _curves(data),
        _settings(data),
        _changes(data),
    )
    return [section for section in sections if section is not None]


def _comparison(data: ReportData) -> Section | None:
    found = data.comparison
    if found is None:
        return None
    table = tables.contender_rows("contenders", found.table, found.confidence)
    timed = len(found.table["train_seconds"].dropna()) > 1
    pareto = scatter_plot(found.table) if timed else None
    parts = {"comparison": found, "table": table, "pareto": pareto}
    return Section("comparison", "Which is better", "comparison", parts)


def _curves(data: ReportData) -> Section | None:
    curves = [
        RunCurves(run.name, run.history, run.marks or milestones(run.history), run.rates)
        for run in data.runs
        if run.history is not None and len(run.history)
    ]
    if not curves:
        return None
    parts = {"plots": curve_plots(curves), "several": len(curves) > 1, "marks": curves[0].marks}
    parts |= {"note": "", "stop_reason": ""}
    return Section("curves", "Curves", "curves", parts)


def _settings(data: ReportData) -> Section | None:
    if data.settings is None:
        return None
    table = tables.setting_rows("settings-table", data.settings, [run.name for run in data.runs])
    parts = {"table": table, "empty": "No setting differs."}
    return Section("settings", "Settings that differ", "table", parts)


def _changes(data: ReportData) -> Section | None:
    found = data.comparison
    if found is None or not len(found.per_class):
        return None
    table = tables.change_rows("changes-table", found.per_class, found.leader, found.other)
    better = int((found.per_class["change"] == "better").sum())
    worse = int((found.per_class["change"] == "worse").sum())
    note = (
        f"{found.leader} against {found.other}: {plural(better, 'class')} better and {worse} worse "
        "by more than other seeds could change. The gain is in percentage points of accuracy."
    )
    return Section("changes", "Gains and losses by class", "table", {"table": table, "note": note})


def _side_by_side(runs: Sequence[RunReport]) -> tables.Table:
    """The headline figures of all runs, one column a run."""
    all_figures = [{figure.key: figure for figure in headlines(run)} for run in runs]
    labels = {key: figure.label for figures in all_figures for key, figure in figures.items()}
    rows = [
        (tables.Cell(label), *(_figure_cell(figures.get(key)) for figures in all_figures))
        for key, label in labels.items()
    ]
    data = (tables.Cell("Data"), *(tables.Cell(run.provenance.data) for run in runs))
    protocols = (tables.Cell("Protocol"), *(tables.Cell(run.provenance.protocol) for run in runs))
    columns = (tables.Column("Figure", numeric=False), *(tables.Column(run.name) for run in runs))
    return tables.Table(
        "figures-table", "Figures side by side", columns, (*rows, data, protocols), tools=False, sorts=False
    )


def _figure_cell(figure: Headline | None) -> tables.Cell:
    return tables.Cell(MISSING) if figure is None else tables.Cell(figure.text, figure.value)
