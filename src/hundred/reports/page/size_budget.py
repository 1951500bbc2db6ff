"""Keeping a page of many runs under 5 MB: the largest and least informative parts are left out first."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hundred.reports.page.data import ReportData, RunReport

MOST_BYTES = 4_900_000
MOST_IMAGES = 800
"""Images in a page. A 32-pixel photograph takes about 3 kB as PNG in text, so these are under 3 MB."""


def ever_smaller(data: ReportData) -> Iterator[ReportData]:
    """`data`, then ever less of it; `left_out` names what is missing."""
    runs = list(data.runs)
    total = sum(_images(run) for run in runs)
    if total > MOST_IMAGES:
        share = MOST_IMAGES / total
        runs = [_cut(run, share) for run in runs]
        data = replace(data, runs=runs, left_out=f"{1 - share:.0%} of the images")
    yield data
    bare = [replace(run, worst=(), best=(), galleries=(), label_errors=None) for run in runs]
    yield replace(data, runs=bare, left_out="all images")
    barer = [replace(run, layers=None, confusion=None, superclasses=None) for run in bare]
    yield replace(data, runs=barer, left_out="all images, networks and confusion matrices")
    barest = [RunReport(run.result, run.accuracy_interval, run.interval_note) for run in runs]
    yield replace(data, runs=barest, left_out="all but the figures of each run")


def _images(run: RunReport) -> int:
    galleries: list[Any] = [*run.worst, *run.best, *run.galleries, *filter(None, [run.label_errors])]
    return sum(len(gallery.shots) for gallery in galleries)


def _cut(run: RunReport, share: float) -> RunReport:
    def cut(gallery: Any) -> Any:
        return replace(gallery, shots=tuple(gallery.shots[: int(len(gallery.shots) * share)]))

    return replace(
        run,
        worst=[cut(gallery) for gallery in run.worst],
        best=[cut(gallery) for gallery in run.best],
        galleries=[cut(gallery) for gallery in run.galleries],
        label_errors=cut(run.label_errors) if run.label_errors is not None else None,
    )
