"""`hundred doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hundred.cli import complete
from hundred.cli.output import first_line, json_option, print_json
from hundred.cli.run_names import in_runs_option, path_of
from hundred.errors import HundredError
from hundred.formatting import command
from hundred.runs.layout import is_run

if TYPE_CHECKING:
    from hundred.evaluation.doctor.diagnosis import Diagnosis
    from hundred.evaluation.doctor.findings import Finding


@click.command()
@click.argument("what", metavar="RUN-OR-CSV", shell_complete=complete.runs)
@click.option(
    "--run", metavar="NAME", help="Which run, or which training by its number, where a file has several."
)
@click.option("--explain", is_flag=True, help="Say first what was understood of the file.")
@click.option("--figure", metavar="FILE", type=click.Path(), help="Draw the curves with the findings marked.")
@in_runs_option
@json_option
def doctor(
    what: str, run: str | None, explain: bool, figure: str | None, *, runs: str, as_json: bool
) -> None:
    """Say what the curves of a training show, how sure that is, and what to try next.

    RUN-OR-CSV is a run directory, or the history of any framework: Keras' CSVLogger, Lightning's metrics.csv,
    Ultralytics' results.csv, exports of Weights & Biases and TensorBoard, a history dict as JSON, printed
    console output, the id of an MLflow run, or any table with recognizable columns. docs/doctor.md says what
    each finding means.

    \b
    Examples:
      hundred doctor runs/school-2026-01-31-1200
      hundred doctor training.log --json
      hundred doctor results.csv --explain
      hundred doctor all-runs.csv --run cnn_7
    """
    what = path_of(what, runs)
    first_line(f"reading {what}")
    from hundred.evaluation.doctor.diagnosis import doctor as examine

    try:
        found = examine(what, run)
    except HundredError as error:
        if as_json:
            print_json({"error": str(error)})
        raise
    if as_json:
        print_json(found.as_dict(explain=explain))
    else:
        _print(found, explain, Path(what) if is_run(Path(what)) else None)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if figure is not None:
        from hundred.experiment.locate import writing
        from hundred.files import make_folder
        from hundred.reports.figures.history import draw_diagnosis
        from hundred.reports.figures.style import save

        with writing(Path(figure)):
            make_folder(figure)
            save(draw_diagnosis(found, Path(what).name or what), figure)
        click.echo(f"picture: {figure}", err=True)


def _print(found: "Diagnosis", explain: bool, run: Path | None) -> None:
    if explain and found.reading is not None:
        click.echo("\n".join([*found.reading.lines(), ""]))
    click.echo(found.verdict)
    unit = found.history.unit if found.history else "epoch"
    for number, finding in enumerate(found.findings, start=1):
        _print_finding(number, finding, unit, run)


def _print_finding(number: int, finding: "Finding", unit: str, run: Path | None) -> None:
    since = "" if finding.since_epoch is None else f", since {unit} {finding.since_epoch:g}"
    click.echo(f"\n{number}. {finding.name}{since} ({finding.confidence:.0%} sure)")
    click.echo(f"   {finding.sentence}")
    if finding.advice and finding.advice[0].startswith("--set "):
        repeated = command("train", run) if run is not None else "hundred train RECIPE"
        click.echo(f"   try: {repeated} {' '.join(finding.advice)}")
    elif finding.advice:
        click.echo("   try: " + "\n        ".join(finding.advice))
