"""`report`: the page of whatever is named, a run, several, a model file, a sweep or a study."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hundred.errors import UsageError
from hundred.experiment.locate import page_path, place_of
from hundred.files import make_folder, write_text
from hundred.runs.os_errors import os_errors_as_hundred_errors
from hundred.study.result import Study, is_study, open_study
from hundred.sweeps.plan import is_sweep
from hundred.sweeps.result import Sweep, open_sweep

if TYPE_CHECKING:
    from hundred.experiment.compare import Side


def report(
    *what: "Side | Sweep | Study",
    out: str | Path | None = None,
    svg: bool = False,
    notes: list[str] | None = None,
    **options: Any,
) -> Path:
    """Write the page of one run, model file, sweep or study, or of several runs side by side.

    Returns its path. out, svg, notes and other options: as for `hundred.write_report`, which writes the pages
    of runs and files; a sweep or a study takes `out` alone.

    Raises UsageError for a wrong call, HundredError where files are damaged or the page cannot be written.
    """
    groups = [each for each in what if _is_group(each)]
    if not groups:
        from hundred.experiment.report.page import write_report

        runs: Any = what
        return write_report(*runs, out=out, svg=svg, notes=notes, **options)
    group = _opened(groups[0])
    if len(what) > 1:
        raise UsageError(f"{group.path} is a sweep or a study: it has a page of its own, so report it alone")
    page = group.write_page() if isinstance(group, Sweep) else group.write()
    return page if out is None else _copied(page, out)


def _is_group(what: Any) -> bool:
    if isinstance(what, Sweep | Study):
        return True
    path = place_of(what) if isinstance(what, str | Path) else Path()
    return isinstance(what, str | Path) and (is_sweep(path) or is_study(path))


def _opened(what: Any) -> Sweep | Study:
    if isinstance(what, Sweep | Study):
        return what
    path = place_of(what)
    return open_sweep(path) if is_sweep(path) else open_study(path)


def _copied(page: Path, to: str | Path) -> Path:
    out = page_path(to)
    with os_errors_as_hundred_errors(out):
        make_folder(out)
        write_text(out, page.read_text(encoding="utf-8"))
    return out
