"""`hundred doctor`."""

from typing import TYPE_CHECKING

import click

from hundred.cli import complete
from hundred.cli.output import first_line, json_option, print_json

if TYPE_CHECKING:
    from hundred.evaluation.doctor.diagnosis import Diagnosis
    from hundred.evaluation.doctor.findings import Finding


@click.command()
@click.argument("what", metavar="RUN-OR-CSV", shell_complete=complete.runs)
@click.option("--run", metavar="NAME", help="Which run, where a file or store holds several.")
@json_option
def doctor(what: str, run: str | None, as_json: bool) -> None:
    """Say what the curves of a training show, how sure that is, and what to try next.

    RUN-OR-CSV is a run directory, or the history of any framework: Keras' CSVLogger, Lightning's metrics.csv,
    Ultralytics' results.csv, a history dict as JSON, the id of an MLflow run, or any table with recognizable
    columns. docs/doctor.md says what each finding means.

    \b
    Examples:
      hundred doctor runs/school-2026-01-31-1200
      hundred doctor training.log --json
      hundred doctor all-runs.csv --run cnn_7
    """
    first_line(f"reading {what}")
    from hundred.evaluation.doctor.diagnosis import doctor as examine

    found = examine(what, run)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found)
    for note in found.notes:
        click.echo(f"note: {note}", err=True)


def _print(found: "Diagnosis") -> None:
    click.echo(found.verdict)
    for number, finding in enumerate(found.findings, start=1):
        _print_finding(number, finding)


def _print_finding(number: int, finding: "Finding") -> None:
    since = "" if finding.since_epoch is None else f", since epoch {finding.since_epoch}"
    click.echo(f"\n{number}. {finding.name}{since} ({finding.confidence:.0%} sure)")
    click.echo(f"   {finding.sentence}")
    if finding.advice:
        click.echo(f"   try: hundred train RECIPE {' '.join(finding.advice)}")
