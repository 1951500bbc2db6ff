"""From report data to what the templates print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hundred.formatting import is_known, json_safe
from hundred.reports.page.data import ReportData, RunReport
from hundred.reports.page.headlines import Headline, headlines
from hundred.reports.page.sections import Section, run_sections
from hundred.reports.page.shared import shared_sections

PROTOCOLS = {
    "holdout": "Validation images are held out of the training set; the test set was read once, at the end.",
    "full": "All training images were trained on; the test set was read once, at the end.",
    "test-as-validation": (
        "The test set was used as validation set, as the published study did: "
        "the best epoch was chosen by it, which flatters these figures."
    ),
}


@dataclass(frozen=True)
class RunView:
    """One run as the templates print it."""

    key: str
    name: str
    line: str
    marks: tuple[str, ...]
    protocol: str
    protocol_text: str
    headlines: tuple[Headline, ...]
    result: Mapping[str, Any]
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class PageView:
    """A whole page: shared sections (of several runs), then the runs."""

    title: str
    shared: tuple[Section, ...]
    runs: tuple[RunView, ...]
    marks: tuple[str, ...]
    made_by: str
    left_out: str


def page_view(data: ReportData) -> PageView:
    """The view of a report."""
    runs = list(data.runs)
    single = len(runs) == 1
    views = tuple(run_view(run, "" if single else f"run{place}-") for place, run in enumerate(runs, 1))
    names = [run.name for run in runs]
    title = names[0] if single else f"{', '.join(names[:-1])} and {names[-1]}"
    return PageView(
        title, tuple(shared_sections(data)), views, _shared_marks(views), data.made_by, data.left_out
    )


def _shared_marks(views: Sequence[RunView]) -> tuple[str, ...]:
    """The marks of all runs; one that only some runs carry names them."""
    marked: dict[str, list[str]] = {}
    for view in views:
        for mark in view.marks:
            marked.setdefault(mark, []).append(view.name)
    return tuple(
        mark if len(names) == len(views) else f"{mark}: {', '.join(names)}" for mark, names in marked.items()
    )


def run_view(run: RunReport, prefix: str) -> RunView:
    """The view of one run; `prefix` keeps the ids of several runs apart."""
    result = run.result
    protocol = run.provenance.protocol
    line = [str(result[key]) for key in ("recipe", "model", "data", "device") if is_known(result.get(key))]
    return RunView(
        key=prefix or "run-",
        name=run.name,
        line=" · ".join(dict.fromkeys(line)),
        marks=run.provenance.marks(),
        protocol=protocol,
        protocol_text=PROTOCOLS.get(protocol, ""),
        headlines=tuple(headlines(run)),
        result=json_safe(dict(result)),
        sections=tuple(run_sections(run, prefix)),
    )
