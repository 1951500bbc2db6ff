"""`hundred test`."""

from typing import Any

import click

from hundred.cli import complete
from hundred.cli.model_options import library_names, model_options, opening
from hundred.cli.output import data_option, device_option, first_line, json_option, print_json, print_pairs
from hundred.cli.run_names import all_existing, in_runs_option
from hundred.formatting import percent


@click.command()
@click.argument("what", metavar="FILE-OR-RUN...", nargs=-1, required=True, shell_complete=complete.runs)
@data_option
@model_options
@click.option("--average", is_flag=True, help="Test several models, or repeats, by their mean probabilities.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="PACKAGE:FUNCTION",
    help="A metric of your own, of logits and labels; several times for several.",
)
@in_runs_option
@device_option
@json_option
def test(what: tuple[str, ...], runs: str, as_json: bool, metrics: tuple[str, ...], **options: Any) -> None:
    """Test a run directory, or a model file (ours, or anyone's Keras .h5 or .keras), on the test images.

    \b
    Examples:
      hundred test runs/sprint-2026-01-31-1200
      hundred test their-model.h5 --data cifar-100-python
      hundred test a.h5 b.h5 --average
    """
    what = all_existing(what, runs)
    first_line("testing: loading PyTorch")
    from hundred.experiment.test import test as test_model

    with library_names():
        result = test_model(*what, metrics=metrics, **opening(**options))
    if as_json:
        print_json(result.as_dict())
        return
    low, high = result.metrics.accuracy_interval
    sample = "  (drawn sample set, not CIFAR-100)" if result.data == "sample" else ""
    pairs = [
        (
            "test accuracy",
            f"{percent(result.metrics.accuracy)}, 95 % interval {percent(low)} to {percent(high)}{sample}",
        ),
        ("top-5", percent(result.metrics.top5_accuracy)),
        ("superclass", percent(result.metrics.coarse_accuracy)),
        ("loss", f"{result.metrics.loss:.4f}"),
        ("calibration error", percent(result.metrics.calibration_error)),
        *((name, f"{value:.4g}") for name, value in result.own.items()),
        ("parameters", f"{result.parameters:,}"),
        ("input", f"{result.scale} ({result.scale_from}), written by {result.origin}"),
    ]
    if result.labels == "coarse":
        pairs = [pair for pair in pairs if pair[0] != "superclass"]
    print_pairs(pairs)
    for note in filter(None, (*result.notes, result.remark)):
        click.echo(f"note: {note}", err=True)
