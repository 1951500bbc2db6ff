"""`hundred export`."""

from typing import Any

import click

from hundred.cli import complete
from hundred.cli.model_options import library_names
from hundred.cli.output import first_line, json_option, print_json, print_pairs
from hundred.cli.run_names import all_existing, in_runs_option
from hundred.errors import UsageError
from hundred.formatting import file_size


@click.command()
@click.argument("what", metavar="RUN-OR-FILE...", nargs=-1, required=True, shell_complete=complete.runs)
@click.option("--to", required=True, type=click.Choice(["keras", "h5", "onnx"]), help="The kind of file.")
@click.option("--out", metavar="FILE", type=click.Path(), help="Where to write it; else beside the original.")
@click.option(
    "--logits", is_flag=True, help="Give logits, what comes before the softmax, instead of probabilities."
)
@click.option(
    "--scale",
    multiple=True,
    metavar="[FILE=]SCALE",
    help="How a Keras original wants its pixels, see `hundred test --help`.",
)
@click.option("--output", metavar="NAME", help="The output to write, of a file that has several.")
@click.option("--average", is_flag=True, help="Write several models, or repeats, as one of their mean.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@in_runs_option
@json_option
def export(
    *, what: tuple[str, ...], scale: tuple[str, ...], average: bool, runs: str, as_json: bool, **options: Any
) -> None:
    """Write a trained network as a file that others open: Keras (.keras, .h5) or ONNX.

    It takes raw pixels (0 to 255, channels last): the normalization is inside. What was written is read back
    and compared with the original.

    \b
    Examples:
      hundred export runs/sprint-2026-01-31-1200 --to onnx
      hundred export model.h5 --to keras --out their-name.keras --logits
    """
    what = all_existing(what, runs)
    what = what if average else (_only(what),)
    first_line("exporting: loading PyTorch")
    from hundred.experiment.export import CHECKED_IMAGES
    from hundred.experiment.export import export as write
    from hundred.experiment.saved.open import parse_scales

    with library_names():
        done = write(what if average else what[0], scale=parse_scales(scale), average=average, **options)
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        print_json(done.as_dict())
        return
    checked = (
        "not read back"
        if done.difference is None
        else f"read back: at most {done.difference:.1e} from the original on {CHECKED_IMAGES} pictures"
    )
    print_pairs(
        [
            ("written", f"{done.path}, {file_size(done.bytes)}"),
            ("input", done.input),
            ("output", f"{done.output} of {done.classes} classes"),
            ("checked", checked),
        ]
    )


def _only(what: tuple[str, ...]) -> str:
    if len(what) > 1:
        raise UsageError(
            f"export takes one run or file, not {len(what)}: several are averaged with --average"
        )
    return what[0]
