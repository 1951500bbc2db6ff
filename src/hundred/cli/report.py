"""`hundred report`."""

import click

from hundred.cli import complete
from hundred.cli.output import data_option, first_line


@click.command()
@click.argument("what", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
@click.option(
    "--out", metavar="FILE", type=click.Path(), help="Where to write the page; else into the run directory."
)
@click.option("--svg", is_flag=True, help="Also write the drawn pictures as figures/*.svg into each run.")
@data_option
def report(what: tuple[str, ...], out: str | None, data: str | None, *, svg: bool) -> None:
    """Write one HTML page about a run, or about several side by side, that opens without a network.

    It has curves, the recipe and what was changed in it, the network, tables by class, confusions, galleries
    of mistakes and doubtful labels, and how to repeat the run; for several runs also which is better. A RUN
    may be a folder of repeats.

    \b
    Examples:
      hundred report runs/sprint-2026-01-31-1200
      hundred report runs/sprint-a runs/sprint-b --out both.html
      hundred report runs/sprint-2026-01-31-1200 --svg
    """
    first_line("writing the report: loading PyTorch")
    from hundred.experiment.report.page import write_report

    notes: list[str] = []
    path = write_report(*what, out=out, data=data, notes=notes, svg=svg)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"page  {path}")
