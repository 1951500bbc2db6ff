"""`hundred report`."""

from pathlib import Path
from typing import Any

import click

from hundred.cli import complete
from hundred.cli.model_options import library_names, model_options, opening
from hundred.cli.output import data_option, first_line
from hundred.errors import UsageError
from hundred.files import write_text
from hundred.runs.os_errors import os_errors_as_hundred_errors

GROUP_FILES = ("sweep.toml", "study.json")


@click.command()
@click.argument("what", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
@click.option(
    "--out", metavar="FILE", type=click.Path(), help="Where to write the page; else into the run directory."
)
@click.option("--svg", is_flag=True, help="Also write the drawn pictures as figures/*.svg into each run.")
@data_option
@model_options
def report(what: tuple[str, ...], out: str | None, data: str | None, *, svg: bool, **options: Any) -> None:
    """Write one HTML page about a run or model file, or several side by side, that opens without a network.

    It has curves, the recipe and what was changed in it, the network, tables by class, confusions, galleries
    of mistakes and doubtful labels, and how to repeat the run; for several runs also which is better. A RUN
    may be a folder of repeats, or a Keras file, which is tested for its page and has no curves. A sweep or a
    study has a page of its own: its trials or systems, their curves, what mattered, and what came of it.

    \b
    Examples:
      hundred report runs/sprint-2026-01-31-1200
      hundred report runs/sprint-a runs/sprint-b --out both.html
      hundred report runs/sprint-2026-01-31-1200 --svg
      hundred report runs/sprint-sweep-2026-01-31-1200
    """
    first_line("writing the report: loading PyTorch")
    group = _group_page(what, out)
    if group is not None:
        _print_page(group)
        return
    from hundred.experiment.report.page import write_report

    notes: list[str] = []
    with library_names():
        path = write_report(*what, out=out, data=data, notes=notes, svg=svg, **opening(**options))
    for note in notes:
        click.echo(f"note: {note}", err=True)
    _print_page(path)


def _print_page(path: Path) -> None:
    """Where the page is, and the link that a terminal or browser opens."""
    click.echo(f"page  {path}\nopen  {path.resolve().as_uri()}")


def _group_page(what: tuple[str, ...], out: str | None) -> Path | None:
    """The page of the sweep or the study that is reported, written anew; None where it is neither."""
    groups = [path for path in map(Path, what) if any((path / name).is_file() for name in GROUP_FILES)]
    if not groups:
        return None
    if len(what) > 1:
        raise UsageError(f"{groups[0]} is a sweep or a study: it has a page of its own, so report it alone")
    if (groups[0] / GROUP_FILES[0]).is_file():
        from hundred.sweeps.result import open_sweep

        page = open_sweep(groups[0]).write_page()
    else:
        from hundred.study.result import open_study

        page = open_study(groups[0]).write()
    if out is None:
        return page
    with os_errors_as_hundred_errors(out):
        write_text(out, page.read_text(encoding="utf-8"))
    return Path(out)
