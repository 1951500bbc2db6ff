"""`hundred predict`."""

import csv
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hundred.cli import complete
from hundred.cli.model_options import library_names, model_options, opening
from hundred.cli.output import device_option, first_line, json_option, print_json
from hundred.cli.run_names import existing, in_runs_option
from hundred.errors import HundredError
from hundred.formatting import csv_safe, percent

if TYPE_CHECKING:
    from hundred.experiment.predict import Failed, Prediction, Predictor

SECONDS_BETWEEN_LINES = 2.0


@click.command()
@click.argument("what", metavar="FILE-OR-RUN", shell_complete=complete.runs)
@click.argument("images", metavar="IMAGE-OR-FOLDER...", nargs=-1, required=True)
@model_options
@click.option("--out", metavar="FILE", type=click.Path(), help="Write a CSV file, one row a picture.")
@in_runs_option
@device_option
@json_option
def predict(
    *, what: str, images: tuple[str, ...], out: str | None, runs: str, as_json: bool, **options: Any
) -> None:
    """Name what is in your own pictures: the five likeliest classes, and the superclass.

    FILE-OR-RUN is a run, our .h5, or anyone's Keras .h5 or .keras. A folder's pictures are printed as CSV. A
    picture that cannot be read is one line on standard error; the others still follow, and the exit is 1.

    \b
    Examples:
      hundred predict runs/sprint-2026-01-31-1200 cat.jpg
      hundred predict model.h5 photos/ --out photos.csv
      hundred predict their-model.h5 cat.jpg --scale 0-255 --json
    """
    what = existing(what, runs)
    if not as_json and not any(Path(image).exists() for image in images):
        others = " (nor any of the others)" if len(images) > 1 else ""
        raise HundredError(f"there is no picture {images[0]}{others}")
    first_line("predicting: loading PyTorch")
    from hundred.experiment.predict import Failed, Prediction, Predictor, picture_paths
    from hundred.experiment.saved.open import OpenOptions

    paths = picture_paths(images)
    with library_names():
        predictor = Predictor(what, OpenOptions(**opening(**options)))
    for note in predictor.notes:
        click.echo(f"note: {note}", err=True)
    failed: list[Failed] = []

    def good() -> Iterator[Prediction]:
        for each in _with_progress(predictor, paths):
            if isinstance(each, Failed):
                failed.append(each)
                click.echo(f"hundred: {each.image}: {each.why}", err=True)
            else:
                yield each

    found = list(good()) if as_json else good()
    if out is not None:
        _write_csv(Path(out), found)
    if as_json:
        _print_json(what, predictor, found, failed)
    elif out is None and any(Path(image).is_dir() for image in images):
        for line in _csv_lines(found):
            click.echo(line, nl=False)
    elif out is None:
        _print(found)
    if failed:
        raise click.exceptions.Exit(1)


def _with_progress(predictor: "Predictor", paths: Sequence[Path]) -> "Iterator[Prediction | Failed]":
    """The predictions, with a line on standard error every few seconds."""
    began = printed = time.monotonic()
    for number, each in enumerate(predictor.each(paths), start=1):
        yield each
        now = time.monotonic()
        if now - printed >= SECONDS_BETWEEN_LINES and number < len(paths):
            left = (now - began) / number * (len(paths) - number)
            click.echo(f"{number:,} of {len(paths):,} pictures, {left:.0f} s left", err=True)
            printed = now


def _print(found: "Iterable[Prediction]") -> None:
    for each in found:
        width = max(len(ranked.name) for ranked in each.classes)
        click.echo(str(each.image))
        for ranked in each.classes:
            click.echo(f"  {ranked.name:<{width}}  {percent(ranked.probability):>7}")
        if each.superclasses:
            top = each.superclasses[0]
            click.echo(f"  superclass: {top.name}, {percent(top.probability)}")


def _print_json(
    what: str, predictor: "Predictor", found: "Iterable[Prediction]", failed: "list[Failed]"
) -> None:
    predictions = [each.as_dict() for each in found]
    content: dict[str, Any] = {
        "model": what,
        "class_names_from": predictor.names.origin,
        "input_scale": predictor.model.input_scale,
        "scale_from": predictor.model.scale_from,
        "predictions": predictions,
        "failed": [{"image": str(each.image), "error": each.why} for each in failed],
        "notes": list(predictor.notes),
    }
    print_json(content)


def _write_csv(path: Path, found: "Iterable[Prediction]") -> None:
    from hundred.experiment.locate import writing
    from hundred.files import make_folder, write_text

    text = "".join(_csv_lines(found))
    with writing(path):
        make_folder(path)
        write_text(path, text)


def _csv_lines(found: "Iterable[Prediction]") -> Iterator[str]:
    """A header, then one row a picture: its five classes and the superclass with their probabilities."""
    first = ["image", "class", "probability", "superclass", "superclass_probability"]
    yield _csv_line(
        [*first, *(f"{name}_{rank}" for rank in range(2, 6) for name in ("class", "probability"))]
    )
    for each in found:
        values = each.as_dict()
        others = [value for ranked in values["top5"][1:] for value in ranked.values()]
        yield _csv_line(["" if value is None else value for value in [values[key] for key in first] + others])


def _csv_line(values: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([csv_safe(value) for value in values])
    return buffer.getvalue()
