"""report.html: the page of a run, or of several side by side, computed from their run directories."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.data.dataset import Dataset
from hundred.data.subset import subset_per_class
from hundred.errors import HundredError, UsageError
from hundred.evaluation.compare.comparison import Comparison
from hundred.evaluation.doctor.diagnosis import doctor as examine
from hundred.experiment.build.data import open_data
from hundred.experiment.compare import Entry, compare_entries, entry_of, names_of
from hundred.experiment.locate import writing
from hundred.experiment.report.contents import every_setting, run_report
from hundred.recipe.load import load_recipe
from hundred.reports.page.data import ReportData, RunReport, Setting
from hundred.reports.page.render import write_report as write_page
from hundred.runs.layout import RECIPE, REPORT
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.runs.run import Run
from hundred.version import __version__

if TYPE_CHECKING:
    from hundred.experiment.compare import Side

# What says how a run went, as `RunReport.doctor`; None where it has nothing to say.
Doctor = Callable[[Run], Mapping[str, Any] | None]


def what_the_doctor_says(run: Run) -> dict[str, Any] | None:
    """The doctor's findings on `run` in sentences, as `RunReport.doctor`; None where it has no epochs."""
    try:
        found = examine(run)
    except HundredError:
        return None
    findings = [{**finding.as_dict(), "evidence": finding.sentence} for finding in found.findings]
    return {"findings": findings, "verdict": found.verdict}


def write_run_report(
    run: Run, dataset: Dataset | None = None, doctor: Doctor | None = what_the_doctor_says
) -> Path:
    """Write report.html into the directory of `run`, from what is in it, and return its path.

    dataset: the images the run was tested on, for the galleries; without them the page has none.
    doctor: asked for its findings; None for a page without them.

    Raises HundredError where a file of the run is damaged or the page cannot be written.
    """
    path = run.path / REPORT
    with os_errors_as_hundred_errors(path):
        return write_page(path, ReportData([_examined(run, dataset, doctor)], made_by=__version__))


def write_report(
    *what: "Side",
    out: str | Path | None = None,
    data: str | Path | Dataset | None = None,
    notes: list[str] | None = None,
    doctor: Doctor | None = what_the_doctor_says,
    svg: bool = False,
) -> Path:
    """Write the page of one run, or of several (and folders of repeats) side by side; return its path.

    out: the file, or a folder for it. Default: report.html in the run directory, in the folder of repeats,
        or, for several, in the folder that holds the first of them.
    data: the images that the runs were tested on; where None, they are looked for, not downloaded.
    notes: a list to which sentences are added on what the page lacks, and why.
    doctor: asked for its findings on each run; None for a page without them.
    svg: also write the drawn pictures of each run as figures/*.svg into its directory.

    Raises UsageError for a wrong call, HundredError where a run is damaged or the page cannot be written.
    """
    said = notes if notes is not None else []
    entries = [entry_of(each) for each in what]
    if not entries:
        raise UsageError("report needs at least one run")
    for entry in entries:
        if not entry.runs:
            raise UsageError(f"{entry.path} is a model file: a report is made of a run directory")
    path = _target(entries, out)
    finder = ImageFinder(data, said)
    runs = _named_runs(entries)
    reports = [_named(_examined(run, finder.images_of(run), doctor), name) for name, run in runs.items()]
    if svg:
        _draw_vectors(list(runs.values()), reports)
    page = ReportData(
        reports,
        settings=_settings(list(runs.values())) if len(runs) > 1 else None,
        comparison=_comparison(entries, said) if len(entries) > 1 else None,
        made_by=__version__,
    )
    with writing(path):
        return write_page(path, page)


class ImageFinder:
    """Finds the test images of runs, each dataset once; what cannot be found is said, and left out."""

    def __init__(self, data: str | Path | Dataset | None, notes: list[str]) -> None:
        """`data` as the user named it, or None to look for it; `notes` takes sentences on what is missing."""
        self._data, self._notes = data, notes
        self._opened: dict[str, Dataset | None] = {}

    def images_of(self, run: Run) -> Dataset | None:
        """The dataset that `run` was tested on, or None where it is not here."""
        environment = run.environment
        name, digest = environment.get("data"), environment.get("data_digest")
        dataset = self._open("sample" if self._data is None and name == "sample" else self._data)
        if dataset is None:
            return None
        if (run.path / RECIPE).is_file():
            section = load_recipe(run.path / RECIPE).recipe.data
            dataset = subset_per_class(dataset, section.train_per_class, section.test_per_class)
        if digest != dataset.digest:
            self._say(
                f"{run.name} was tested on other images than those of {dataset.source}: "
                "its page has no galleries; name its data with --data"
            )
            return None
        return dataset

    def _open(self, where: str | Path | Dataset | None) -> Dataset | None:
        if isinstance(where, Dataset):
            return where
        if where is not None:
            if str(where) not in self._opened:
                self._opened[str(where)] = open_data(where)
            return self._opened[str(where)]
        if "" not in self._opened:
            self._opened[""] = self._looked_for()
        return self._opened[""]

    def _looked_for(self) -> Dataset | None:
        from hundred.data.open import open_dataset

        try:
            return open_dataset(download=False)
        except HundredError:
            self._say(
                "the images are not on this machine, so the page has no galleries; name them with --data"
            )
            return None

    def _say(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)


def _draw_vectors(runs: Sequence[Run], reports: Sequence[RunReport]) -> None:
    from hundred.experiment.report.vector_figures import draw_vector_figures

    for run, report in zip(runs, reports, strict=True):
        draw_vector_figures(run, report)


def _examined(run: Run, dataset: Dataset | None, doctor: Doctor | None) -> RunReport:
    report = run_report(run, dataset)
    return report if doctor is None else replace(report, doctor=doctor(run))


def _named_runs(entries: Sequence[Entry]) -> dict[str, Run]:
    """All runs of `entries` by names that tell them apart; a repeat's is that of its folder and its own."""
    found = {}
    for entry, name in zip(entries, names_of(entries), strict=True):
        for run in entry.runs:
            found[name if len(entry.runs) == 1 and run.path == entry.path else f"{name}/{run.name}"] = run
    return found


def _named(report: RunReport, name: str) -> RunReport:
    """A report under the name that tells it from the others on the page."""
    return report if report.name == name else replace(report, result={**report.result, "name": name})


def _comparison(entries: Sequence[Entry], notes: list[str]) -> Comparison | None:
    try:
        return compare_entries(entries)
    except HundredError as error:
        notes.append(f"the page has no comparison: {str(error).splitlines()[0]}")
        return None


def _settings(runs: Sequence[Run]) -> list[Setting]:
    """The settings of the recipes that differ between `runs`."""
    recipes = [run.path / RECIPE for run in runs]
    tables = [every_setting(load_recipe(path).recipe) if path.is_file() else {} for path in recipes]
    keys: Iterable[str] = dict.fromkeys(key for table in tables for key in table)
    found = [Setting(key, tuple(table.get(key) for table in tables)) for key in keys]
    return [setting for setting in found if len(set(setting.values)) > 1]


def _target(entries: Sequence[Entry], out: str | Path | None) -> Path:
    if out is None:
        first = entries[0].path
        return (first if len(entries) == 1 else first.resolve().parent) / REPORT
    path = Path(out).expanduser()
    if path.is_dir():
        return path / REPORT
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out {path}: a page's name ends in .html")
    return path
