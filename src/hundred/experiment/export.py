"""Writing a trained network as a file that others open: Keras `.h5` and `.keras`, and ONNX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hundred.data.formats.raw import Fit
from hundred.errors import HundredError, UsageError
from hundred.experiment.locate import model_file, place_of, writing
from hundred.experiment.saved.ensemble import as_network, open_ensemble
from hundred.experiment.saved.fit import FIT, fit_of
from hundred.experiment.saved.open import OpenOptions, local_images, open_saved
from hundred.files import atomic_write, expand_user, make_folder
from hundred.interchange.read.ends import LOGITS, SIGMOID, SOFTMAX
from hundred.interchange.read.layers.images import ReverseChannels
from hundred.interchange.read.load import load
from hundred.interchange.read.model import LoadedModel, Model
from hundred.interchange.write.save import save_h5, save_keras, save_onnx
from hundred.runs.layout import is_run
from hundred.runs.run import Run

WRITERS = {"h5": save_h5, "keras": save_keras, "onnx": save_onnx}
CHECKED_IMAGES = 16
# Above this, relative to the largest output, the written file is another network.
LARGEST_DIFFERENCE = 1e-3


@dataclass(frozen=True)
class Export:
    """What was written.

    path, format (`h5`, `keras`, `onnx`), output (`probabilities` or `logits`), input (described), classes,
    bytes. difference: the largest between what file and original give for 16 pictures, or None where nothing
    here can read the file back. notes: sentences that a user should see.
    """

    path: Path
    format: str
    output: str
    input: str
    classes: int
    bytes: int
    difference: float | None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "path": str(self.path), "notes": list(self.notes)}


@dataclass(frozen=True)
class _Source:
    """What is written: a network from normalized images, and what the file gives for uint8 images.

    softmax: whether one is added at the end. notes: sentences that a user should see.
    """

    network: nn.Module
    mean: list[float]
    std: list[float]
    softmax: bool
    expected: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    size: tuple[int, int]
    class_names: Sequence[str] | None = None
    metadata: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


def export(
    what: str | Path | Run | Sequence[str | Path],
    to: str,
    *,
    out: str | Path | None = None,
    logits: bool = False,
    scale: str | Mapping[str, str] | None = None,
    output: str | None = None,
    average: bool = False,
    force: bool = False,
) -> Export:
    """Write the network of a run or model file as `to`: `h5`, `keras` or `onnx`.

    The file takes raw pixels, float [n, rows, columns, 3] from 0 to 255, and gives probabilities, or with
    `logits` what comes before the softmax. It is read back and compared before it takes its place.

    average: several models, or the runs of a folder of repeats, as one file of their mean probabilities.
    out: the file, or a folder for it; default beside the original. scale, output: as for `hundred.test`.
    force: write over a file that is there.

    Raises UsageError for a wrong call, HundredError for a network that the format cannot hold.
    """
    if to not in WRITERS:
        raise UsageError(f"--to {to}: it takes {', '.join(WRITERS)}")
    options, several = (
        OpenOptions(scale, output),
        [what] if isinstance(what, str | Path | Run) else list(what),
    )
    if len(several) > 1 and not average:
        raise UsageError(
            f"export takes one run or file, not {len(several)}: several are averaged with --average"
        )
    if average:
        if out is None:
            raise UsageError("an average of models has no place of its own: give its file with --out FILE")
        place = place_of(several[0])
        path = _target(place, place, to, out, force=force)
        source = _average([place_of(each) for each in several], options, logits=logits)
    else:
        file = model_file(several[0])
        path = _target(file, place_of(several[0]), to, out, force=force)
        model = open_saved(several[0], options, local_images)
        source = _of_model(model, file, fit_of(model, several[0]), logits=logits)
    return _written(source, to, path, logits=logits)


def _written(source: _Source, to: str, path: Path, *, logits: bool) -> Export:
    (rows, columns), notes = source.size, source.notes
    pictures = _pictures(rows, columns)
    with writing(path):
        make_folder(path)
    with writing(path), atomic_write(path) as temporary:
        WRITERS[to](
            temporary,
            source.network,
            mean=source.mean,
            std=source.std,
            class_names=source.class_names,
            softmax=source.softmax,
            image_size=(rows, columns),
            metadata=source.metadata,
        )
        expected = source.expected(pictures)
        difference = _checked(temporary, to, pictures, expected, path)
    if difference is None:
        notes = (
            *notes,
            "onnxruntime is not installed, so the file was not read back: pip install 'hundred[onnx]'",
        )
    return Export(
        path,
        to,
        "logits" if logits else "probabilities",
        f"raw pixels 0-255, float32 [n, {rows}, {columns}, 3]; normalization is inside",
        expected.shape[1],
        path.stat().st_size,
        difference,
        notes,
    )


def _of_model(model: LoadedModel, file: Path, fit: Fit, *, logits: bool) -> _Source:
    if not isinstance(model, Model):
        raise HundredError(f"{file} cannot be exported: {'; '.join(model.notes) or 'it is not native'}")
    rows, columns, channels = model.input_shape
    if channels != 3:
        raise HundredError(f"{file} takes images of {channels} channels: only RGB networks are exported")
    network, softmax, notes = model.body, False, tuple(model.notes)
    if model.end in (SOFTMAX, LOGITS):
        softmax = not logits
        if model.end == LOGITS and not logits:
            notes = (*notes, "the original gives no probabilities: a softmax was added at its end")
    elif model.end == SIGMOID:
        network = network if logits else nn.Sequential(network, nn.Sigmoid()).eval()
    elif logits:
        raise HundredError(f"{file} makes its probabilities inside, and has no logits: leave out --logits")
    if model.reversed_channels:
        network = nn.Sequential(ReverseChannels(3), network).eval()

    def expected(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        if model.end in (SOFTMAX, LOGITS):
            values = model.logits_of_images(pictures)
            return _softmax(values) if softmax else values
        given = model.predict_images(pictures)
        return np.log(given) - np.log1p(-given) if logits else given

    return _Source(
        network,
        model.mean.tolist(),
        model.std.tolist(),
        softmax,
        expected,
        (rows, columns),
        model.class_names,
        {**model.metadata, FIT: fit},
        notes,
    )


def _average(places: list[Path], options: OpenOptions, *, logits: bool) -> _Source:
    if logits:
        raise UsageError("an average of models gives probabilities: leave out --logits")
    ensemble = open_ensemble(places, options, local_images)
    network, (rows, columns, channels) = as_network(ensemble)
    if channels != 3:
        raise HundredError(f"{places[0]} takes images of {channels} channels: only RGB networks are exported")

    def expected(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.exp(ensemble.logits(torch.from_numpy(pictures))[0])

    names = {model.class_names for model in ensemble.models}
    fits = {fit_of(model, place) for model, place in zip(ensemble.models, ensemble.names, strict=True)}
    return _Source(
        network.eval(),
        [0.0] * 3,
        [1.0] * 3,
        False,
        expected,
        (rows, columns),
        names.pop() if len(names) == 1 else None,
        {"members": list(ensemble.names), **({FIT: fits.pop()} if len(fits) == 1 else {})},
        ensemble.notes,
    )


def _target(source: Path, place: Path, to: str, out: str | Path | None, *, force: bool) -> Path:
    """Where to write. Raises UsageError where that would destroy something."""
    path = source.with_suffix(f".{to}") if out is None else expand_user(out)
    if path.is_dir():
        path = path / f"{place.resolve().name if is_run(place) else source.stem}.{to}"
    if path.suffix != f".{to}":
        raise UsageError(
            f"--out {path}: a file for --to {to} must end in .{to}, or it would not be opened as one"
        )
    if path.exists() and path.samefile(source):
        raise UsageError(f"{path} is the file to export itself: give another one with --out FILE")
    if path.exists() and not force:
        raise UsageError(
            f"{path} is there already: give another one with --out, or write over it with --force"
        )
    return path


def _pictures(rows: int, columns: int) -> NDArray[np.uint8]:
    """Random patches of colour, uint8 [16, 3, rows, columns]: nearer to photographs than noise is."""
    generator = torch.Generator().manual_seed(0)
    patches = torch.randint(0, 256, (CHECKED_IMAGES, 3, 8, 8), generator=generator).float()
    images: NDArray[np.uint8] = torch.nn.functional.interpolate(patches, (rows, columns)).byte().numpy()
    return images


def _softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return torch.from_numpy(values).softmax(1).numpy()


def _checked(
    file: Path, to: str, pictures: NDArray[np.uint8], expected: NDArray[np.float32], path: Path
) -> float | None:
    """The largest difference between `expected` and what the written file gives; None: it cannot be read."""
    found = _outputs_of_onnx(file, pictures) if to == "onnx" else load(file).predict_images(pictures)
    if found is None:
        return None
    difference = float(np.abs(found - expected).max())
    if not difference <= LARGEST_DIFFERENCE * max(1.0, float(np.abs(expected).max())):
        raise HundredError(
            f"{path} was not written: read back, it differs from the original by {difference:.2g}\n"
            "this is a fault of Hundred; please report it with the network"
        )
    return difference


def _outputs_of_onnx(file: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    batch = pictures.transpose(0, 2, 3, 1).astype(np.float32)
    outputs: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return outputs
