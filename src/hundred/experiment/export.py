"""Writing a trained network as a file that others open: Keras `.h5` and `.keras`, and ONNX."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hundred.errors import HundredError, UsageError
from hundred.experiment.locate import load_saved, model_file, place_of, writing
from hundred.experiment.predict import are_probabilities
from hundred.files import atomic_write
from hundred.interchange.read.load import load
from hundred.interchange.read.model import Model
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

    path, format (`h5`, `keras`, `onnx`), output (`probabilities` or `logits`), input (in words), classes,
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


def export(
    what: str | Path | Run,
    to: str,
    *,
    out: str | Path | None = None,
    logits: bool = False,
    scale: str | None = None,
    force: bool = False,
) -> Export:
    """Write the network of a run or model file as `to`: `h5`, `keras` or `onnx`.

    The file takes raw pixels, float [n, rows, columns, 3] from 0 to 255, and gives probabilities, or with
    `logits` what comes before the softmax. It is read back and compared before it takes its place.

    out: the file, or a folder for it; default beside the original. scale: how a foreign original wants its
    pixels (0-1). force: write over a file that is there.

    Raises UsageError for a wrong call, HundredError for a network that the format cannot hold.
    """
    if to not in WRITERS:
        raise UsageError(f"--to {to}: it takes {', '.join(WRITERS)}")
    source = model_file(what)
    path = _target(source, place_of(what), to, out, force=force)
    model = load_saved(what, scale)
    if not isinstance(model, Model):
        raise HundredError(f"{source} cannot be exported: {'; '.join(model.notes) or 'it is not native'}")
    rows, columns, channels = model.input_shape
    if channels != 3:
        raise HundredError(f"{source} takes images of {channels} channels: only RGB networks are exported")
    pictures = _pictures(rows, columns)
    softmax, notes = _ending(model, pictures, logits=logits)
    with writing(path), atomic_write(path) as temporary:
        WRITERS[to](
            temporary,
            model.network,
            mean=model.mean.tolist(),
            std=model.std.tolist(),
            class_names=model.class_names,
            softmax=softmax,
            image_size=(rows, columns),
            metadata=model.metadata,
        )
        expected = model.logits_of_images(pictures)
        expected = _softmax(expected) if softmax else expected
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


def _target(source: Path, place: Path, to: str, out: str | Path | None, *, force: bool) -> Path:
    """Where to write. Raises UsageError where that would destroy something."""
    path = source.with_suffix(f".{to}") if out is None else Path(out).expanduser()
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


def _ending(model: Model, pictures: NDArray[np.uint8], *, logits: bool) -> tuple[bool, tuple[str, ...]]:
    """Whether a softmax goes to the end, and what to say about a file that had none there."""
    notes = model.notes
    if model.softmax or logits:
        return not logits, notes
    if are_probabilities(model.predict_images(pictures)):
        return False, notes  # something inside makes probabilities already
    return True, (*notes, "the original gives no probabilities: a softmax was added at its end")


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
