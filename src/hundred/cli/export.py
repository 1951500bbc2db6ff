"""`hundred export`."""

import click

from hundred.cli.output import json_option, print_json, print_pairs
from hundred.formatting import file_size


@click.command()
@click.argument("what", metavar="RUN-OR-FILE")
@click.option("--to", required=True, type=click.Choice(["keras", "h5", "onnx"]), help="The kind of file.")
@click.option("--out", metavar="FILE", type=click.Path(), help="Where to write it; else beside the original.")
@click.option(
    "--logits", is_flag=True, help="Give logits, what comes before the softmax, instead of probabilities."
)
@click.option(
    "--scale",
    type=click.Choice(["0-1", "0-255", "standard"]),
    help="How a foreign original wants its pixels (0-1); our own files say theirs.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@json_option
def export(
    *, what: str, to: str, out: str | None, logits: bool, scale: str | None, force: bool, as_json: bool
) -> None:
    """Write a trained network as a file that others open: Keras (.keras, .h5) or ONNX.

    It takes raw pixels (0 to 255, channels last): the normalization is inside. What was written is read back
    and compared with the original.

    \b
    Examples:
      hundred export runs/sprint-2026-01-31-1200 --to onnx
      hundred export model.h5 --to keras --out their-name.keras --logits
    """
    from hundred.experiment.export import CHECKED_IMAGES
    from hundred.experiment.export import export as write

    done = write(what, to, out=out, logits=logits, scale=scale, force=force)
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
