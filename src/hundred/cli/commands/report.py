"""`hundred report`."""

from typing import Any

import click

from hundred.cli import complete
from hundred.cli.model_options import library_names, model_options, opening
from hundred.cli.output import data_option, device_option, first_line, json_option, print_json
from hundred.cli.run_names import all_existing, in_runs_option
from hundred.experiment.locate import page_path


@click.command()
@click.argument("what", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
@click.option(
    "--out", metavar="FILE", type=click.Path(), help="Where to write the page; else into the run directory."
)
@click.option("--svg", is_flag=True, help="Also write the drawn pictures as figures/*.svg into each run.")
@data_option
@model_options
@in_runs_option
@device_option
@json_option
def report(what: tuple[str, ...], runs: str, *, as_json: bool, **options: Any) -> None:
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
    what = all_existing(what, runs)
    if options["out"] is not None:
        page_path(options["out"])
    first_line("writing the report: loading PyTorch")
    from hundred.study.report import report as write

    notes: list[str] = []
    with library_names():
        path = write(*what, notes=notes, **opening(**options))
    if as_json:
        print_json({"page": str(path), "notes": notes})
        return
    for note in notes:
        click.echo(f"note: {note}", err=True)
    # Where the page is, and the link that a terminal or browser opens.
    click.echo(f"page  {path}\nopen  {path.resolve().as_uri()}")
